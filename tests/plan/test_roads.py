"""How a flow travels between pods of every mode: on its own port, in HBONE, or through a waypoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.intent.raw import findings, rendered
from tests.support import of_kind

DIRECT, HBONE = ["5432"], ["15008"]
WAYPOINT, WEB, DB = "waypoint", "web", "db"


def intent(client: str, server: str, waypoint: str = "", enrolled: str = "") -> str:
    plaintext = "plaintext: it cannot join the mesh" if client == "none" and server != "none" else ""
    return f"""\
namespaces:
  - name: shop
    mesh: ambient
    {waypoint and f"waypoint: {waypoint}"}
workloads:
  - {{namespace: shop, name: web, mesh: {client}}}
  - {{namespace: shop, name: db, mesh: {server}, ports: [{{number: 5432, protocol: tcp}}]{enrolled}}}
flows:
  - from: {{workload: web, namespace: shop}}
    to: {{workload: db, namespace: shop}}
    {plaintext}
"""


def roads(policies: Any, name: str, side: str, peers: str) -> list[tuple[str, list[str]]]:
    """Return whom a policy names in one direction, with the ports."""
    spec = policies["shop", name]["spec"]
    return [
        (who, [str(port["port"]) for port in rule["ports"]])
        for rule in spec.get(side, [])
        for peer in rule[peers]
        if (who := _who(peer)) in (WAYPOINT, WEB, DB)
    ]


def _who(peer: Any) -> str:
    """Return the value of the one label that a peer asks for; pods that others make are asked for by expression."""
    selector = peer.get("podSelector", {})
    values = [*selector.get("matchLabels", {}).values()]
    values += [value for one in selector.get("matchExpressions", []) for value in one["values"]]
    return ",".join(values)


@pytest.mark.parametrize(
    ("client", "server", "ports"),
    [
        ("ambient", "ambient", HBONE),
        ("sidecar", "ambient", HBONE),
        ("ambient", "sidecar", HBONE),
        ("sidecar", "sidecar", DIRECT),
        ("none", "ambient", DIRECT),
        ("none", "sidecar", DIRECT),
        ("ambient", "none", DIRECT),
        ("sidecar", "none", DIRECT),
        ("none", "none", DIRECT),
    ],
)
def test_both_ends_open_the_port_that_the_two_speak_on(
    client: str, server: str, ports: list[str], tmp_path: Path
) -> None:
    policies = of_kind(rendered(tmp_path, intent(client, server)), "NetworkPolicy")
    assert roads(policies, "allow-web", "egress", "to") == [(DB, ports)]
    assert roads(policies, "allow-db", "ingress", "from") == [(WEB, ports)]


@pytest.mark.parametrize(
    ("client", "is_taken"), [("ambient", True), ("sidecar", False), ("none", False)], ids=["ambient", "sidecar", "none"]
)
def test_only_ambient_clients_come_through_a_waypoint(client: str, is_taken: bool, tmp_path: Path) -> None:
    """istio/istio#51445: sidecars know no waypoints."""
    bundle = rendered(tmp_path, intent(client, "ambient", "create"))
    network, mesh = of_kind(bundle, "NetworkPolicy"), of_kind(bundle, "AuthorizationPolicy")
    straight = HBONE if client == "sidecar" else DIRECT
    assert roads(network, "allow-web", "egress", "to") == [(WAYPOINT, HBONE) if is_taken else (DB, straight)]
    assert roads(network, "allow-db", "ingress", "from") == [(WAYPOINT, HBONE) if is_taken else (WEB, straight)]
    own = network["shop", "allow-waypoint-waypoint"]["spec"]
    assert (WEB in [one for one, _ in roads(network, "allow-waypoint-waypoint", "ingress", "from")]) is is_taken
    assert own["egress"][-1]["ports"] == [{"protocol": "TCP", "port": 15012}]
    (rule,) = mesh["shop", "allow-db"]["spec"]["rules"]
    caller = {"ambient": "shop/waypoint", "sidecar": "shop/web"}.get(client)
    assert rule.get("from") == ([{"source": {"serviceAccounts": [caller]}}] if caller else None)
    assert rule["to"] == [{"operation": {"ports": DIRECT}}]
    assert (("shop", "allow-waypoint-db") in mesh) is is_taken


def test_a_named_waypoint_of_another_namespace_is_let_in_and_not_secured(tmp_path: Path) -> None:
    bundle = rendered(tmp_path, intent("ambient", "ambient", "{name: shared, namespace: infra}"))
    policies = of_kind(bundle, "NetworkPolicy")
    assert {namespace for namespace, _ in policies} == {"shop"}
    (peer,) = policies["shop", "allow-db"]["spec"]["ingress"][0]["from"]
    assert peer["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "infra"}}
    mesh = of_kind(bundle, "AuthorizationPolicy")
    assert mesh["shop", "allow-db"]["spec"]["rules"][0]["from"] == [{"source": {"serviceAccounts": ["infra/shared"]}}]
    assert not of_kind(bundle, "Gateway")
    assert ("shop", "default-deny-shared") not in mesh


def test_a_service_that_uses_no_waypoint_is_called_straight(tmp_path: Path) -> None:
    policies = of_kind(rendered(tmp_path, intent("ambient", "ambient", "create", ", waypoint: none")), "NetworkPolicy")
    assert roads(policies, "allow-db", "ingress", "from") == [(WEB, HBONE)]


def test_ambient_pods_need_no_istiod_and_have_no_metrics_of_their_own(tmp_path: Path) -> None:
    policies = of_kind(rendered(tmp_path, intent("ambient", "ambient")), "NetworkPolicy")
    assert sorted(name for _, name in policies) == [
        "allow-ambient-probes",
        "allow-db",
        "allow-dns",
        "allow-web",
        "default-deny",
    ]
    (rule,) = policies["shop", "allow-ambient-probes"]["spec"]["ingress"]
    assert rule == {"from": [{"ipBlock": {"cidr": "169.254.7.127/32"}}], "ports": [{"protocol": "TCP", "port": 5432}]}


def test_dry_runs_are_refused_where_nobody_says_that_ztunnel_gets_them(tmp_path: Path) -> None:

    wanted = intent("ambient", "ambient").replace(
        "mesh: ambient\n    \n", "mesh: ambient\n    authorization: dry-run\n"
    )
    (found,) = findings(tmp_path, wanted)
    assert (found.code, "istio.ambientDryRun" in found.message) == ("MG029", True)
