"""NetworkPolicy: the API's reading of absent, empty, and of one dash more or less."""

from __future__ import annotations

from typing import Any

import pytest

from generator.core.places import Document
from generator.manifests.network import NetworkPolicy, read_network_policy
from generator.manifests.objects import Manifest
from generator.semantics.network import NetworkReach, points_of
from generator.semantics.universe import Facts, Universe
from generator.topology import Endpoint, EndpointPort, Point

NAME = "kubernetes.io/metadata.name"


def pod(name: str, namespace: str, labels: dict[str, str], **more: Any) -> Endpoint:
    return Endpoint(name, namespace, labels, {NAME: namespace, "team": namespace}, **more)


DB = pod("db", "shop", {"app": "db"}, ports=(EndpointPort(5432, "tcp", "pg"),))
EVERYBODY = (
    DB,
    pod("web", "shop", {"app": "web"}),
    pod("other-web", "pay", {"app": "web"}),
    pod("api", "pay", {"app": "api"}),
    Endpoint("internet", address="8.8.8.8"),
    Endpoint("office", address="203.0.113.9"),
    Endpoint("node", is_node=True, address="192.0.2.1"),
)
ALL = {one.name for one in EVERYBODY}
PORT = Point("TCP", 5432)


def policies(*specs: dict[str, Any]) -> list[NetworkPolicy]:
    found = []
    for number, spec in enumerate(specs):
        metadata = {"name": f"p{number}", "namespace": "shop"}
        data = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
        found.append(read_network_policy(Manifest(Document(data, "test", {}, {}), (), data)))
    return found


def admitted(
    *specs: dict[str, Any], direction: str = "Ingress", point: Point = PORT, facts: Facts | None = None
) -> set[str]:
    """Names of those who surely may connect to (or, for Egress, be reached from) the database."""
    universe = Universe(EVERYBODY, facts or Facts(ip_block_matches_pods=False, kubelet_exempt=True))
    read = policies(*specs)
    points = points_of(read, {PORT, point})
    reach = NetworkReach(read, universe, points)
    verdict = reach.admitted(0, direction)[points.index(point)]
    return {one.name for number, one in enumerate(EVERYBODY) if verdict.sure >> number & 1}


def ingress(*rules: Any) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"], "ingress": list(rules)}


WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
PAY = {"namespaceSelector": {"matchLabels": {NAME: "pay"}}}


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        pytest.param(ingress(), {"node"}, id="no rules: nobody but the node"),
        pytest.param(ingress({}), ALL, id="an empty rule: everybody"),
        pytest.param(ingress({"from": []}), ALL, id="an empty peer list: everybody"),
        pytest.param(ingress({"from": [WEB]}), {"web", "node"}, id="a pod selector alone: the policy's own namespace"),
        pytest.param(
            ingress({"from": [PAY]}), {"other-web", "api", "node"}, id="a namespace selector alone: all its pods"
        ),
        pytest.param(ingress({"from": [{**PAY, **WEB}]}), {"other-web", "node"}, id="both in one item: AND"),
        pytest.param(ingress({"from": [PAY, WEB]}), {"web", "other-web", "api", "node"}, id="both as two items: OR"),
        pytest.param(
            ingress({"from": [{"namespaceSelector": {}}]}),
            {"db", "web", "other-web", "api", "node"},
            id="an empty namespace selector: every pod, no address",
        ),
        pytest.param(ingress({"from": [{"podSelector": {}}]}), {"db", "web", "node"}, id="an empty pod selector"),
        pytest.param(
            ingress({"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}), {"office", "node"}, id="an address block"
        ),
        pytest.param(
            ingress({"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["8.0.0.0/8"]}}]}),
            {"office", "node"},
            id="an exception",
        ),
        pytest.param(ingress({"from": [WEB], "ports": [{"port": 80}]}), {"node"}, id="another port"),
        pytest.param(
            ingress({"from": [WEB], "ports": [{"port": 5432, "protocol": "UDP"}]}), {"node"}, id="another protocol"
        ),
        pytest.param(ingress({"from": [WEB], "ports": [{"port": "pg"}]}), {"web", "node"}, id="a port by name"),
        pytest.param(
            ingress({"from": [WEB], "ports": [{"port": "http"}]}), {"node"}, id="a name that no container has"
        ),
        pytest.param(
            ingress({"from": [WEB], "ports": [{"port": 5000, "endPort": 6000}]}), {"web", "node"}, id="a range"
        ),
        pytest.param(
            ingress({"from": [WEB], "ports": [{"protocol": "TCP"}]}), {"web", "node"}, id="every port of a protocol"
        ),
        pytest.param(
            ingress(
                {
                    "from": [
                        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]}}
                    ]
                }
            ),
            {"web", "node"},
            id="an expression",
        ),
        pytest.param({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": []}, ALL, id="selects somebody else"),
    ],
)
def test_who_may_connect(spec: dict[str, Any], names: set[str]) -> None:
    assert admitted(spec) == names


def test_policies_are_a_union() -> None:
    assert admitted(ingress({"from": [WEB]}), ingress({"from": [PAY]})) == {"web", "other-web", "api", "node"}


def test_an_exception_in_one_rule_does_not_deny_what_another_allows() -> None:
    wide = {"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["8.0.0.0/8"]}}]}
    assert "internet" in admitted(ingress(wide, {"from": [{"ipBlock": {"cidr": "8.8.8.0/24"}}]}))


def test_policy_types_default_by_what_is_written() -> None:
    selector = {"podSelector": {"matchLabels": {"app": "db"}}}
    only_egress = {**selector, "egress": [{"to": [WEB]}]}
    assert admitted(only_egress, direction="Egress") == {"web"}
    assert admitted(only_egress) == {"node"}, "Ingress is always isolated when policyTypes is left out"
    assert admitted({**selector, "ingress": []}, direction="Egress") == ALL
    assert admitted({**only_egress, "policyTypes": ["Egress"]}) == ALL


def test_a_named_port_in_egress_means_that_of_each_server() -> None:
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": "pg"}]}]}
    assert admitted(spec, direction="Egress") == {"db"}


@pytest.mark.parametrize(
    ("matches", "sure", "possible"), [(True, False, True), (False, False, False), (None, False, True)]
)
def test_whether_an_address_block_means_pods_is_the_plugins_choice(
    matches: bool | None, sure: bool, possible: bool
) -> None:
    universe = Universe(EVERYBODY, Facts(ip_block_matches_pods=matches, kubelet_exempt=True))
    verdict = universe.block("10.0.0.0/8", ())
    assert (bool(verdict.sure & universe.pods), bool(verdict.possible & universe.pods)) == (sure, possible)


@pytest.mark.parametrize(("exempt", "expected"), [(True, {"node"}), (False, set()), (None, set())])
def test_the_nodes_own_traffic(exempt: bool | None, expected: set[str]) -> None:
    assert admitted(ingress(), facts=Facts(False, exempt)) == expected
