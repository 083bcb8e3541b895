"""Every flow is open at both ends and on both layers, and nothing that is empty is ever written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from generator.core.places import Json
from generator.intent.profile_types import profile_types
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.peers import AnyonePeer, WorkloadPeer
from generator.model.terms import Authorization, Isolation, Mesh
from generator.pipeline import Bundle, Request, render
from generator.plan import naming
from tests.support import FULL, MINIMAL, documents, of_kind, render_text, walk

EXAMPLES = [path for kind in profile_types().values() for path in kind.examples()]


@cache
def _rendered(path: Path) -> Bundle:
    return render(Request((str(path),)))


@pytest.fixture(
    params=[*EXAMPLES, MINIMAL, FULL], ids=lambda one: f"{one.parts[-3]}-{one.stem}" if isinstance(one, Path) else "own"
)
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Bundle:
    if isinstance(request.param, Path):
        return _rendered(request.param)
    return render_text(tmp_path, request.param)


# --- empty never means everybody ------------------------------------------------------------------


def test_nothing_empty_is_written(bundle: Bundle) -> None:
    for path, document in documents(bundle).items():
        for route, value in walk(document):
            assert value != [], (path, route)
            assert value is not None, (path, route)
            # The core API group has no name, and what is without a group is one of that.
            assert value != "" or route[-1] == "group" or route[-2] == "apiGroups", (path, route)
            if value == {}:
                assert route[-1] in ("podSelector", "namespaceSelector"), (path, route)


def test_empty_selectors_stand_only_where_everybody_is_meant(bundle: Bundle) -> None:
    for path, document in documents(bundle).items():
        for route, value in walk(document):
            if value == {} and route != ("spec", "podSelector"):
                assert route[-1] == "podSelector", (path, route)
                peer = _at(document, route[:-1])
                assert "namespaceSelector" in peer, f"{path}: every pod of a namespace that is not named"
                assert peer["namespaceSelector"] != {}


def _at(data: Json, route: tuple[str | int, ...]) -> Any:
    for step in route:
        data = data[step]
    return data


def _every_port_flows(intent: Intent) -> list[Flow]:
    return [flow for flow in intent.flows if flow.ports is None]


def _anyone(intent: Intent) -> bool:
    """Tell whether somebody asked for anyone: a flow, a gateway's public door, a mesh-wide deny with open gateways."""
    asked = any(isinstance(flow.client, AnyonePeer) or isinstance(flow.server, AnyonePeer) for flow in intent.flows)
    return asked or bool(intent.gateways) or bool(intent.mesh_wide and intent.mesh_wide.gateways)


def test_network_policies_say_everything(bundle: Bundle) -> None:
    for (namespace, name), policy in of_kind(bundle, "NetworkPolicy").items():
        spec = policy["spec"]
        assert "podSelector" in spec
        assert set(spec["policyTypes"]) == set(spec["policyTypes"]) & {"Ingress", "Egress"} != set()
        assert {"Ingress" if "ingress" in spec else "", "Egress" if "egress" in spec else ""} <= {
            *spec["policyTypes"],
            "",
        }
        for side, peers in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(side, []):
                assert rule, f"{namespace}/{name}: an empty rule admits everybody"
                assert "ports" in rule or _every_port_flows(bundle.intent), f"{namespace}/{name}: every port"
                assert peers in rule or _anyone(bundle.intent), f"{namespace}/{name}: anyone"
                assert all("protocol" in port and "port" in port for port in rule.get("ports", []))


def test_authorization_policies_say_everything(bundle: Bundle) -> None:
    lenient = _anyone(bundle.intent) or any(flow.plaintext for flow in bundle.intent.flows)
    for key, policy in of_kind(bundle, "AuthorizationPolicy").items():
        spec = policy["spec"]
        assert spec["action"] == ("DENY" if key[1].startswith("deny-") else "ALLOW"), key
        if spec["action"] == "DENY":
            assert all("ports" in one["operation"] for rule in spec["rules"] for one in rule["to"]), key
        is_for_some = "selector" in spec or "targetRefs" in spec
        assert is_for_some or key[1] == naming.DEFAULT_DENY or key[1].startswith("allow-namespace-"), key
        for rule in spec.get("rules", []):
            assert rule, f"{key}: an empty rule admits everybody"
            assert "from" in rule or lenient, f"{key}: a rule without callers"
            assert all(source["source"] for source in rule.get("from", []))
            assert all(operation["operation"] for operation in rule.get("to", []))


def test_peer_authentications_say_everything(bundle: Bundle) -> None:
    for key, policy in of_kind(bundle, "PeerAuthentication").items():
        assert policy["spec"]["mtls"]["mode"] in ("STRICT", "PERMISSIVE"), key
        assert all(port["mode"] == "PERMISSIVE" for port in policy["spec"].get("portLevelMtls", {}).values()), key


def test_default_deny_is_there_and_denies(bundle: Bundle) -> None:
    network, mesh = of_kind(bundle, "NetworkPolicy"), of_kind(bundle, "AuthorizationPolicy")
    for namespace in bundle.intent.namespaces.values():
        if namespace.isolation is not Isolation.NAMESPACE:
            continue
        spec = network[namespace.name, naming.DEFAULT_DENY]["spec"]
        assert spec == {"podSelector": {}, "policyTypes": list(namespace.directions)}
        is_closed = namespace.authorization is not Authorization.OFF and namespace.mesh is Mesh.SIDECAR
        if is_closed and "Ingress" in namespace.directions:
            assert mesh[namespace.name, naming.DEFAULT_DENY]["spec"] == {"action": "ALLOW"}


# --- one flow, many projections -------------------------------------------------------------------


def _names(selector: Json) -> set[tuple[str, str]]:
    """Return the labels that a selector asks for, however it is spelled."""
    pairs = set(selector.get("matchLabels", {}).items())
    for expression in selector.get("matchExpressions", []):
        pairs |= {(expression["key"], value) for value in expression["values"]}
    return pairs


def _peers(policy: Json, side: str, peers: str, port: int) -> Iterator[Json]:
    for rule in policy["spec"].get(side, []):
        if "ports" not in rule or any(one["port"] <= port <= one.get("endPort", one["port"]) for one in rule["ports"]):
            yield from rule.get(peers, [{"anyone": True}])


def _names_peer(policy: Json, side: str, peers: str, port: int, intent: Intent, who: WorkloadPeer) -> bool:
    labels = set(intent.workloads[who.namespace, who.workload].labels.items())
    for peer in _peers(policy, side, peers, port):
        here = _names(peer.get("namespaceSelector", {})) or {
            ("kubernetes.io/metadata.name", policy["metadata"]["namespace"])
        }
        if ("kubernetes.io/metadata.name", who.namespace) in here and _names(peer.get("podSelector", {})) == labels:
            return True
    return False


def _between_workloads(intent: Intent) -> Iterator[tuple[Flow, WorkloadPeer, WorkloadPeer]]:
    for flow in intent.flows:
        if isinstance(flow.client, WorkloadPeer) and isinstance(flow.server, WorkloadPeer):
            yield flow, flow.client, flow.server


def test_every_flow_between_workloads_is_open_at_both_ends(bundle: Bundle) -> None:
    intent, network, mesh = bundle.intent, of_kind(bundle, "NetworkPolicy"), of_kind(bundle, "AuthorizationPolicy")
    for flow, client, server in _between_workloads(intent):
        if Mesh.AMBIENT in {intent.workloads[client.key].mesh, intent.workloads[server.key].mesh}:
            continue  # in HBONE: tests/plan/test_roads.py
        for side, peers, here, there in (("egress", "to", client, server), ("ingress", "from", server, client)):
            workload = intent.workloads[here.namespace, here.workload]
            if not workload.is_rendered or side.capitalize() not in workload.directions:
                continue
            policy = network[here.namespace, naming.workload_policy_name(here.workload)]
            assert _names(policy["spec"]["podSelector"]) == set(workload.labels.items())
            for port in flow.ports or ():
                assert _names_peer(policy, side, peers, port.number, intent, there), (side, client, server, port)
        callee = intent.workloads[server.namespace, server.workload]
        namespace = intent.namespaces.get(server.namespace)
        is_secured = callee.is_rendered and callee.mesh is Mesh.SIDECAR and "Ingress" in callee.directions
        tcp = [str(port.number) for port in flow.ports or () if port.transport == "TCP"]
        if is_secured and tcp and namespace is not None and namespace.authorization is not Authorization.OFF:
            policy = mesh[server.namespace, naming.workload_policy_name(server.workload)]
            rules = [rule for rule in policy["spec"]["rules"] if _allows(rule, tcp, flow, intent, client)]
            assert rules, (client, server)


def _allows(rule: Json, ports: list[str], flow: Flow, intent: Intent, client: WorkloadPeer) -> bool:
    operation = rule.get("to", [{"operation": {}}])[0]["operation"]
    if "ports" in operation and not set(ports) <= set(operation["ports"]):
        return False
    if flow.request is not None and tuple(operation.get("methods", ())) != flow.request.methods:
        return False
    if flow.plaintext:
        return "from" not in rule
    account = intent.workloads[client.namespace, client.workload].service_accounts[0]
    named = [value for source in rule.get("from", []) for values in source["source"].values() for value in values]
    return any(
        value.endswith((f"{client.namespace}/{account}", f"/ns/{client.namespace}/sa/{account}")) for value in named
    )
