"""Random small profiles of the type `app`: workloads, flows and requests, all of them valid."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.judges.random_bundles import maybe, present, some

PROTOCOLS = ("http", "grpc", "tcp")
NAMES = ("web", "api", "orders", "db")
PEERS = ("ledger", "nightly")
REQUESTS = {
    "methods": some(("GET", "POST", "DELETE")),
    "paths": some(("/items", "/items/*", "/admin/*")),
}


@st.composite
def workload(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a workload with a port; one that speaks HTTP may be exposed."""
    protocol = draw(st.sampled_from(PROTOCOLS))
    found = {"port": draw(st.sampled_from((80, 8080, 9090))), "protocol": protocol}
    if protocol == "http" and draw(st.booleans()):
        found["expose"] = {
            "gateway": "public",
            **draw(present(hosts=maybe(some(("a.example.com",))), **REQUESTS_OR_NOT)),
        }
    return found


REQUESTS_OR_NOT = {name: maybe(strategy) for name, strategy in REQUESTS.items()}


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a profile, in the mesh or without one."""
    mesh = draw(st.sampled_from(("sidecar", "sidecar", "none")))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    workloads = {name: draw(workload()) for name in names}
    if mesh == "none":  # then there is nobody to read a request
        for one in workloads.values():
            one.pop("expose", None)
    peers = {"ledger": {"namespace": "bank"}, "nightly": {"namespace": "batch", "labels": {"job": "nightly"}}}
    pairs = st.tuples(st.sampled_from((*names, *PEERS)), st.sampled_from(names)).filter(lambda pair: pair[0] != pair[1])
    flows = []
    for source, target in draw(st.lists(pairs, min_size=1, max_size=5, unique=True)):
        is_http = mesh != "none" and workloads[target]["protocol"] == "http"
        request = draw(present(**REQUESTS_OR_NOT)) if is_http else {}
        flows.append({"from": source, "to": target, **request})
    egress = draw(
        maybe(
            st.just({"mail": {"from": names[0], "port": 587, "cidrs": ["203.0.113.0/24"], "host": "mail.example.com"}})
        )
    )
    spec = {"namespace": "shop", "mesh": mesh, "workloads": workloads, "peers": peers, "flows": flows}
    return {
        "apiVersion": "meshgen.dev/v1alpha1",
        "kind": "Profile",
        "metadata": {"name": "shop"},
        "profile": "app",
        "environment": "kind",
        "spec": {**spec, **({"egress": egress} if egress else {}), "scrape": draw(st.booleans())},
    }
