"""AuthorizationPolicy at a sidecar: order of actions, fields, identities, HTTP fields where there is no HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from generator.core.places import Document
from generator.manifests.objects import Manifest
from generator.manifests.security import (
    read_authorization_policy,
    read_peer_authentication,
    read_request_authentication,
)
from generator.semantics.authorization import Authorization
from generator.semantics.mtls import MutualTls
from generator.semantics.requests import Request, is_principal
from generator.semantics.trial import Identities
from generator.semantics.universe import Facts, Universe
from generator.topology import Endpoint, EndpointPort, Point

SERVER = Endpoint(
    "api",
    "shop",
    {"app": "api"},
    account="api",
    mesh="sidecar",
    ports=(EndpointPort(8080, "http"), EndpointPort(9000, "tcp")),
)
EVERYBODY = (
    SERVER,
    Endpoint("web", "shop", {"app": "web"}, account="web", mesh="sidecar"),
    Endpoint("pay-web", "pay", {"app": "web"}, account="web", mesh="sidecar"),
    Endpoint("plain", "shop", {"app": "plain"}, account="plain"),
)
ALL = {"api", "web", "pay-web", "plain"}
MESH = {"api", "web", "pay-web"}
HTTP, TCP = Point("TCP", 8080), Point("TCP", 9000)
GET = Request((("method", "GET"), ("path", "/items")))


def manifest(kind: str, spec: dict[str, Any], namespace: str = "shop", **metadata: Any) -> Manifest:
    whole = {"name": "one", "namespace": namespace, **metadata}
    data = {"apiVersion": "security.istio.io/v1", "kind": kind, "metadata": whole, "spec": spec}
    return Manifest(Document(data, "test", {}, {}), (), data)


def admitted(
    *policies: dict[str, Any],
    point: Point = HTTP,
    request: Request | None = GET,
    mode: str = "STRICT",
    trust_domain: str = "cluster.local",
    tokens: tuple[dict[str, Any], ...] = (),
    namespace: str = "shop",
    annotations: dict[str, str] | None = None,
) -> tuple[set[str], set[str]]:
    """Names of those who surely, and those who possibly, get their request through."""
    universe = Universe(EVERYBODY, Facts())
    mtls = MutualTls(
        [read_peer_authentication(manifest("PeerAuthentication", {"mtls": {"mode": mode}}))], "istio-system"
    )
    read = [
        read_authorization_policy(manifest("AuthorizationPolicy", one, namespace, annotations=annotations or {}))
        for one in policies
    ]
    valid = [read_request_authentication(manifest("RequestAuthentication", one)) for one in tokens]
    about = Authorization(read, valid, mtls, universe, Identities("istio-system", trust_domain))
    verdict = about.admitted(0, point, request if point == HTTP else None)
    return tuple(  # type: ignore[return-value]
        {one.name for number, one in enumerate(EVERYBODY) if mask >> number & 1}
        for mask in (verdict.sure, verdict.possible)
    )


def sure(*policies: dict[str, Any], **more: Any) -> set[str]:
    certainly, possibly = admitted(*policies, **more)
    assert certainly == possibly
    return certainly


def allow(source: dict[str, Any] | None = None, operation: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if source is not None:
        rule["from"] = [{"source": source}]
    if operation is not None:
        rule["to"] = [{"operation": operation}]
    return {"rules": [rule | more.pop("rule", {})], **more}


WEB = {"principals": ["cluster.local/ns/shop/sa/web"]}


@pytest.mark.parametrize(
    ("policies", "names"),
    [
        pytest.param([], MESH, id="no policy: open to the mesh"),
        pytest.param([{}], set(), id="an empty spec allows nothing"),
        pytest.param([{"action": "ALLOW", "rules": [{}]}], MESH, id="an empty rule allows everything"),
        pytest.param([{"action": "DENY", "rules": [{}]}], set(), id="an empty rule denies everything"),
        pytest.param([allow(WEB)], {"web"}, id="a principal"),
        pytest.param([allow({"principals": ["*"]})], MESH, id="any principal"),
        pytest.param([allow({"principals": ["*/sa/web"]})], {"web", "pay-web"}, id="a suffix"),
        pytest.param([allow({"namespaces": ["pay"]})], {"pay-web"}, id="a namespace"),
        pytest.param([allow({"serviceAccounts": ["web"]})], {"web"}, id="an account means the policy's namespace"),
        pytest.param([allow({"serviceAccounts": ["pay/web"]})], {"pay-web"}, id="an account elsewhere"),
        pytest.param([allow({**WEB, "namespaces": ["pay"]})], set(), id="fields of one source: AND"),
        pytest.param(
            [{"rules": [{"from": [{"source": WEB}, {"source": {"namespaces": ["pay"]}}]}]}],
            {"web", "pay-web"},
            id="sources: OR",
        ),
        pytest.param([allow(WEB), allow({"namespaces": ["pay"]})], {"web", "pay-web"}, id="policies: OR"),
        pytest.param([allow(WEB), {}], {"web"}, id="allow-nothing beside an ALLOW adds nothing"),
        pytest.param([allow(), allow({"namespaces": ["pay"]}, action="DENY")], {"api", "web"}, id="DENY before ALLOW"),
        pytest.param([allow({"notNamespaces": ["pay"]})], {"api", "web"}, id="a negation"),
        pytest.param([allow(WEB, {"methods": ["POST"]})], set(), id="another method"),
        pytest.param([allow(WEB, {"paths": ["/items"]})], {"web"}, id="a path"),
        pytest.param([allow(WEB, {"paths": ["/item*"]})], {"web"}, id="a prefix"),
        pytest.param([allow(WEB, {"notPaths": ["/items"]})], set(), id="a negated path"),
        pytest.param([allow(WEB, {"ports": ["8080"]})], {"web"}, id="its port"),
        pytest.param([allow(WEB, {"ports": ["80"]})], set(), id="another port"),
        pytest.param(
            [allow(WEB, rule={"when": [{"key": "source.namespace", "values": ["shop"]}]})], {"web"}, id="a condition"
        ),
        pytest.param(
            [allow(rule={"when": [{"key": "request.headers[x-id]", "values": ["*"]}]})],
            set(),
            id="a header that is absent",
        ),
        pytest.param(
            [allow(rule={"when": [{"key": "request.headers[x-id]", "notValues": [""]}]})],
            MESH,
            id="a negation is true of absence",
        ),
        pytest.param([allow(WEB, selector={"matchLabels": {"app": "db"}})], MESH, id="selects somebody else"),
        pytest.param([{"targetRefs": [{"kind": "Service", "name": "api"}]}], MESH, id="targets bind no sidecar"),
    ],
)
def test_who_gets_through(policies: list[dict[str, Any]], names: set[str]) -> None:
    assert sure(*policies) == names


def test_a_dry_run_decides_nothing() -> None:
    assert sure({}, annotations={"istio.io/dry-run": "true"}) == MESH


def test_a_policy_of_the_root_namespace_binds_everybody_and_one_of_elsewhere_nobody() -> None:
    assert sure({}, namespace="istio-system") == set()
    assert sure({}, namespace="pay") == MESH


def test_http_fields_on_a_tcp_port() -> None:
    """istio 1.30.3 authz/model: an ALLOW rule with any of them vanishes, a DENY rule applies without them."""
    assert sure(allow(WEB, {"methods": ["GET"]}), point=TCP) == set()
    both = {
        "rules": [
            {"from": [{"source": WEB}], "to": [{"operation": {"ports": ["9000"]}}, {"operation": {"paths": ["/x"]}}]}
        ]
    }
    assert sure(both, point=TCP) == set()
    assert sure(allow(None, {"methods": ["DELETE"]}, action="DENY"), point=TCP) == set()
    assert sure(allow(None, {"methods": ["DELETE"], "ports": ["8080"]}, action="DENY"), point=TCP) == MESH


def test_plaintext_callers_have_no_identity() -> None:
    """Advisory istio-security-2021-004: negations let them in, positive fields keep them out."""
    assert sure(allow(WEB), mode="PERMISSIVE") == {"web"}
    assert sure(allow({"notNamespaces": ["pay"]}), mode="PERMISSIVE") == {"api", "web", "plain"}
    assert sure(allow(), allow({"namespaces": ["shop"]}, action="DENY"), mode="PERMISSIVE") == {"pay-web", "plain"}
    assert sure(allow(WEB), mode="DISABLE") == set(), "nobody has an identity where nothing is mutual TLS"
    assert sure(mode="PERMISSIVE") == ALL


def test_cluster_local_points_to_the_own_trust_domain_only_without_wildcards() -> None:
    assert sure(allow(WEB), trust_domain="corp") == {"web"}
    assert sure(allow({"principals": ["corp/ns/shop/sa/web"]}), trust_domain="corp") == {"web"}
    assert sure(allow({"principals": ["cluster.local/ns/shop/*"]}), trust_domain="corp") == set()
    assert sure(allow({"principals": ["old/ns/shop/sa/web"]}), trust_domain="corp") == set()


def test_what_cannot_be_known_is_only_possible() -> None:
    assert admitted({"action": "CUSTOM", "rules": [{}]}) == (set(), MESH)
    assert admitted(allow({"remoteIpBlocks": ["203.0.113.0/24"]})) == (set(), MESH)


TRUSTED = ({"jwtRules": [{"issuer": "https://login", "audiences": ["api"]}]},)


def with_token(issuer: str, audience: str) -> Request:
    return Request((*GET.values, ("claim:aud", audience), ("claim:iss", issuer)))


def test_tokens() -> None:
    """RequestAuthentication alone takes requests without a token, and refuses tokens that do not verify."""
    pinned = allow(rule={"when": [{"key": "request.auth.claims[iss]", "values": ["https://login"]}]})
    assert sure(tokens=TRUSTED) == MESH
    assert sure(tokens=TRUSTED, request=with_token("https://evil", "api")) == set()
    assert sure(tokens=TRUSTED, request=with_token("https://login", "other")) == set()
    assert sure(pinned, tokens=TRUSTED) == set()
    assert sure(pinned, tokens=TRUSTED, request=with_token("https://login", "api")) == MESH
    assert sure(pinned, request=with_token("https://login", "api")) == set(), (
        "without RequestAuthentication nobody looks"
    )


@pytest.mark.parametrize(
    ("pattern", "issuer", "subject", "is_meant"),
    [
        ("https://a/*", "https://a", "x", True),
        ("https://a/*", "https://a/", "x", False),  # the last slash parts them: the issuer has one more
        ("https://a//*", "https://a/", "x", True),
        ("https://a/x", "https://a", "x", True),
        ("https://a/x*", "https://a", "xy", True),
        ("*/x", "https://a/", "x", True),
        ("*a/x", "https://a", "x", True),
        ("*y", "https://a", "xy", True),
        ("https*", "https://a", "x", True),
        ("https://*/x", "https://a", "x", False),  # only one star, at an end, is read
        ("*", "https://a", "x", True),
    ],
)
def test_request_principals_are_issuer_and_subject(pattern: str, issuer: str, subject: str, is_meant: bool) -> None:
    said = Request((("claim:iss", issuer), ("request principal", f"{issuer}/{subject}")))
    assert is_principal(pattern, said) is is_meant


@pytest.mark.parametrize(
    ("changed", "mode", "is_bound"),
    [
        pytest.param({}, "STRICT", True, id="a PeerAuthentication speaks for it"),
        pytest.param({}, None, False, id="nobody does"),
        pytest.param({"is_waypoint": True}, "STRICT", False, id="a waypoint is judged with the pods behind it"),
        pytest.param({"mesh": "none"}, "STRICT", False, id="no proxy enforces anything"),
    ],
)
def test_whom_policies_bind(changed: dict[str, Any], mode: str | None, is_bound: bool) -> None:
    universe = Universe((replace(SERVER, **changed), *EVERYBODY[1:]), Facts())
    written = [manifest("PeerAuthentication", {"mtls": {"mode": mode}})] if mode else []
    mtls = MutualTls([read_peer_authentication(one) for one in written], "istio-system")
    assert Authorization([], [], mtls, universe, Identities("istio-system", "cluster.local")).binds(0) is is_bound


def test_the_rules_that_a_request_meets() -> None:
    universe = Universe(EVERYBODY, Facts())
    policies = [
        read_authorization_policy(manifest("AuthorizationPolicy", one))
        for one in (allow(WEB, {"methods": ["GET"]}), allow(WEB, {"methods": ["POST"]}), allow(action="DENY"))
    ]
    about = Authorization(
        policies, [], MutualTls([], "istio-system"), universe, Identities("istio-system", "cluster.local")
    )
    met = {
        (client, action): [policies.index(policy) for policy, _ in about.rules(0, HTTP, GET, client, action)]
        for client in (1, 2)
        for action in ("ALLOW", "DENY")
    }
    assert met == {(1, "ALLOW"): [0], (1, "DENY"): [2], (2, "ALLOW"): [], (2, "DENY"): [2]}
