"""Ambient servers and waypoints: cases in files, each with what gets through, as istiod's and ztunnel's source say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.algebra.ternary import Ternary
from generator.core.places import Document
from generator.manifests.objects import Manifest
from generator.manifests.security import read_authorization_policy
from generator.semantics.authorization import Authorization
from generator.semantics.mtls import MutualTls
from generator.semantics.requests import Request
from generator.semantics.trial import Identities
from generator.semantics.universe import Facts, Universe
from generator.semantics.waypoints import past_waypoint
from generator.topology import Endpoint, EndpointPort, Point, Waypoint

FOLDER = Path(__file__).with_name("ambient")
PORTS = (EndpointPort(8080, "http"), EndpointPort(9000, "tcp"))
API = Endpoint("api", "shop", {"app": "api"}, account="api", mesh="ambient", ports=PORTS)
BEHIND = Waypoint("shop", "waypoint", ("api",))
CALLERS = (
    Endpoint("web", "shop", {"app": "web"}, account="web", mesh="ambient"),
    Endpoint("cart", "pay", {"app": "cart"}, account="cart", mesh="sidecar"),
    Endpoint("door", "edge", {"app": "door"}, account="door", mesh="sidecar", is_gateway=True),
    Endpoint("plain", "shop", {"app": "plain"}, account="plain"),
    replace(BEHIND.pods({}), name="waypoint"),
)


def cases(name: str) -> list[Any]:
    found = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    return [pytest.param(case, id=case["name"]) for case in found]


def authorization(case: dict[str, Any], *servers: Endpoint) -> Authorization:
    universe = Universe((*CALLERS, *servers), Facts())
    metadata = {"name": "one", "namespace": case.get("namespace", "shop")}
    if case.get("dryRun"):
        metadata["annotations"] = {"istio.io/dry-run": "true"}
    policies = []
    for spec in case["policies"]:
        data = {"kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec}
        policies.append(read_authorization_policy(Manifest(Document(data, "test", {}, {}), (), data)))
    domain = case.get("trustDomain", "cluster.local")
    identities = Identities("istio-system", None if domain == "unknown" else domain)
    return Authorization(policies, [], MutualTls([], "istio-system"), universe, identities)


def named(verdict: Ternary, callers: list[str]) -> list[str]:
    """Return who gets through; with a question mark who may."""
    found = []
    for number, one in enumerate(CALLERS):
        if one.name in callers and verdict.possible >> number & 1:
            found.append(one.name if verdict.sure >> number & 1 else f"{one.name}?")
    return found


@pytest.mark.parametrize("case", cases("ztunnel"))
def test_ztunnel(case: dict[str, Any]) -> None:
    about = authorization(case, API)
    found = {
        port: named(about.admitted(len(CALLERS), Point("TCP", port), None), ["web", "cart", "plain"])
        for port in (8080, 9000)
    }
    assert found == case["admits"]


@pytest.mark.parametrize("case", cases("waypoint"))
def test_waypoint(case: dict[str, Any]) -> None:
    waypoint = replace(BEHIND, takes_gateways=case.get("takesGateways", True), is_sure=case.get("isSure", True))
    server = replace(API, waypoint=waypoint)
    about = authorization(case, server, past_waypoint(server))
    everybody = [one.name for one in CALLERS]
    for number, side in enumerate(("service", "address"), start=len(CALLERS)):
        for method in ("get", "post"):
            request = Request((("method", method.upper()), ("path", "/")))
            verdict = about.admitted(number, Point("TCP", 8080), request)
            assert named(verdict, everybody) == case[side][method], (side, method)


def test_the_nodes_own_connections_never_meet_ztunnel() -> None:
    """istio 1.30.3 cni: probes come from an address of their own, which redirection leaves out."""
    probe, node = Endpoint("probe", address="169.254.7.127"), Endpoint("node", is_node=True, address="192.0.2.1")
    universe = Universe((API, probe, node, Endpoint("other", address="192.0.2.9")), Facts())
    data = {"kind": "AuthorizationPolicy", "metadata": {"name": "one", "namespace": "shop"}, "spec": {}}
    nothing = read_authorization_policy(Manifest(Document(data, "test", {}, {}), (), data))
    about = Authorization([nothing], [], MutualTls([], "istio-system"), universe, Identities("istio-system", None))
    assert about.admitted(0, Point("TCP", 8080), None) == Ternary.exactly(0b0110)
