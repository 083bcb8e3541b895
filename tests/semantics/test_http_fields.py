"""Fields that only a request has, where no request is read: every one of them, in ALLOW and DENY, at each proxy.

Sources: istio 1.30.3 pilot/pkg/security/authz/model/model.go and builder.go (sidecar, TCP filter chain),
pilot/pkg/serviceregistry/ambient/authorization.go with istio/ztunnel src/rbac.rs (ztunnel), and
pilot/pkg/model/policyattachment.go (targetRefs at a workload that no Gateway is).
"""

from __future__ import annotations

from typing import Any

import pytest

from generator.topology import Point
from tests.semantics.test_ambient import API, CALLERS, authorization, named
from tests.semantics.test_authorization import HTTP, MESH, TCP, allow, sure

OPERATIONS = {
    "hosts": ["a.example.com"],
    "notHosts": ["a.example.com"],
    "methods": ["DELETE"],
    "notMethods": ["DELETE"],
    "paths": ["/x"],
    "notPaths": ["/x"],
}
SOURCES = {"requestPrincipals": ["*"], "notRequestPrincipals": ["*"]}
CONDITIONS = ("request.headers[x]", "request.auth.principal", "request.auth.audiences", "request.auth.claims[role]")
EVERY_CALLER = ["web", "cart", "plain"]


def rules() -> dict[str, dict[str, Any]]:
    """Return a rule for each field that needs a request, with nothing else in it."""
    found: dict[str, dict[str, Any]] = {
        name: {"to": [{"operation": {name: values}}]} for name, values in OPERATIONS.items()
    }
    found |= {name: {"from": [{"source": {name: values}}]} for name, values in SOURCES.items()}
    return found | {key: {"when": [{"key": key, "values": ["y"]}]} for key in CONDITIONS}


every_field = pytest.mark.parametrize("field", rules())


def at_ztunnel(*policies: dict[str, Any]) -> dict[int, list[str]]:
    about = authorization({"policies": list(policies)}, API)
    return {port: named(about.admitted(len(CALLERS), Point("TCP", port), None), EVERY_CALLER) for port in (8080, 9000)}


@every_field
def test_allow_vanishes_where_no_request_is_read(field: str) -> None:
    """The rule is left out as a whole, and the policy that held it still closes the workload."""
    policy = {"rules": [rules()[field]]}
    assert sure(policy, point=TCP) == set()
    assert at_ztunnel(policy) == {8080: [], 9000: []}


@every_field
def test_deny_takes_the_tcp_port_as_a_whole(field: str) -> None:
    """What needs a request is dropped, and nothing is left that would spare anybody."""
    assert sure({"action": "DENY", "rules": [rules()[field]]}, point=TCP) == set()


@every_field
def test_deny_of_requests_alone_has_no_effect_at_ztunnel(field: str) -> None:
    assert at_ztunnel({"action": "DENY", "rules": [rules()[field]]}) == {8080: EVERY_CALLER, 9000: EVERY_CALLER}


@pytest.mark.parametrize("field", OPERATIONS)
def test_deny_with_a_port_denies_that_port(field: str) -> None:
    other = {"to": [{"operation": {field: OPERATIONS[field], "ports": ["8080"]}}]}
    assert sure({"action": "DENY", "rules": [other]}, point=TCP) == MESH
    assert at_ztunnel({"action": "DENY", "rules": [other]}) == {8080: [], 9000: EVERY_CALLER}


@pytest.mark.parametrize("point", [HTTP, TCP])
@pytest.mark.parametrize(
    "target",
    [
        {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "waypoint"},
        {"group": "", "kind": "Service", "name": "api"},
    ],
    ids=["Gateway", "Service"],
)
def test_a_sidecar_reads_no_policy_with_targets(target: dict[str, str], point: Point) -> None:
    """Also if it was the only ALLOW there is: the workload is open then."""
    assert sure({"targetRefs": [target], **allow({"namespaces": ["nobody"]})}, point=point) == MESH
    assert sure({"targetRefs": [target], "action": "DENY", "rules": [{}]}, point=point) == MESH
