"""Ways out through an egress gateway are proven: whatever opens one, closes one, or forgets who calls, is told."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.core.errors import InvalidInput
from generator.core.places import Document, Json
from generator.core.resources import bundled
from generator.core.yaml_reader import read_documents
from generator.model.peers import GatewayPeer
from generator.pipeline import Bundle, Request, render
from generator.verify.proof import prove

EXAMPLES = bundled("profiles") / "external-service/examples"
THROUGH, SHARED = EXAMPLES / "through-a-gateway.yaml", EXAMPLES / "one-gateway-for-two.yaml"
CARDS, CLEARING, ANYWHERE = "egress-api-cards-example-com", "egress-clearing-example-net", {"cidr": "203.0.113.0/25"}
GATE, SHOP = "istio-egress", "shop"
Objects = dict[tuple[str, str, str], dict[str, Json]]
Damage = Callable[[Objects], object]


def _spec(objects: Objects, kind: str, namespace: str, name: str) -> dict[str, Json]:
    spec: dict[str, Json] = objects[kind, namespace, name]["spec"]
    return spec


def _tls(objects: Objects, kind: str = "api-cards-example-com") -> dict[str, Json]:
    subsets = _spec(objects, "DestinationRule", SHOP, "gateway-egress")["subsets"]
    chosen = next(one for one in subsets if one["name"] == kind)
    tls: dict[str, Json] = chosen["trafficPolicy"]["portLevelSettings"][0]["tls"]
    return tls


def _originating(objects: Objects) -> dict[str, Json]:
    policy = _spec(objects, "DestinationRule", GATE, CLEARING)["trafficPolicy"]
    tls: dict[str, Json] = policy["portLevelSettings"][0]["tls"]
    return tls


def _destination(objects: Objects, namespace: str, name: str, protocol: str) -> dict[str, Json]:
    route = _spec(objects, "VirtualService", namespace, name)[protocol][0]
    destination: dict[str, Json] = route["route"][0]["destination"]
    return destination


def _server(objects: Objects, name: str) -> dict[str, Json]:
    server: dict[str, Json] = _spec(objects, "Gateway", GATE, name)["servers"][0]
    return server


def _rules(objects: Objects) -> list[Json]:
    rules: list[Json] = _spec(objects, "AuthorizationPolicy", GATE, "allow-gateway-egress")["rules"]
    return rules


def _egress(objects: Objects, name: str) -> list[Json]:
    rules: list[Json] = _spec(objects, "NetworkPolicy", SHOP, name)["egress"]
    return rules


def _ingress(objects: Objects) -> list[Json]:
    peers: list[Json] = _spec(objects, "NetworkPolicy", GATE, "allow-gateway-egress")["ingress"][0]["from"]
    return peers


DAMAGES: dict[str, tuple[str, Damage]] = {
    # around the gateway
    "the client may go there itself": (
        "excess network egress",
        lambda one: _egress(one, "allow-checkout")[0]["to"].append({"ipBlock": ANYWHERE}),
    ),
    "the client may go anywhere on that port": (
        "excess network egress",
        lambda one: _egress(one, "allow-orders").append({"ports": [{"protocol": "TCP", "port": 8443}]}),
    ),
    "the client is not isolated": (
        "excess network egress",
        lambda one: _spec(one, "NetworkPolicy", SHOP, "allow-checkout").update(policyTypes=["Ingress"], egress=[]),
    ),
    "another namespace reaches the gateway": (
        "excess network ingress",
        lambda one: _ingress(one).append({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "x"}}}),
    ),
    # who, and to which host
    "another identity": (
        "excess mesh",
        lambda one: _rules(one)[0]["from"][0]["source"]["serviceAccounts"].append("shop/orders"),
    ),
    "every identity": ("excess mesh", lambda one: _rules(one)[0].pop("from")),
    "any name": ("excess mesh", lambda one: _rules(one)[0].pop("when")),
    "another name as well": ("excess mesh", lambda one: _rules(one)[0]["when"][0]["values"].append("evil.example.com")),
    "any port": ("excess mesh", lambda one: _rules(one)[0].pop("to")),
    "another host in the request": (
        "excess mesh",
        lambda one: _rules(one)[1]["to"][0]["operation"].pop("hosts"),
    ),
    "an identity less": ("lost mesh", lambda one: _rules(one)[1]["from"][0]["source"]["serviceAccounts"].pop()),
    # the sidecar's stretch
    "the sidecar shows no certificate": ("weaker route", lambda one: _tls(one).update(mode="SIMPLE")),
    "the sidecar encrypts nothing": ("weaker route", lambda one: _tls(one).update(mode="DISABLE")),
    "under another name": ("weaker route", lambda one: _tls(one).update(sni="evil.example.com")),
    "to another Service": (
        "excess route",
        lambda one: _destination(one, SHOP, "cards", "tls").update(host="evil.shop.svc.cluster.local"),
    ),
    "another host comes along": (
        "excess route",
        lambda one: [
            _spec(one, "VirtualService", SHOP, "cards")["hosts"].append("evil.example.com"),
            _spec(one, "VirtualService", SHOP, "cards")["tls"][0]["match"][0]["sniHosts"].append("evil.example.com"),
        ],
    ),
    "only some requests": (
        "lost route",
        lambda one: _spec(one, "VirtualService", SHOP, "clearing-house")["http"][0]["match"][0].update(
            uri={"prefix": "/pay"}
        ),
    ),
    "unknown to the sidecars": (
        "lost route",
        lambda one: _spec(one, "ServiceEntry", SHOP, "cards").update(exportTo=["elsewhere"]),
    ),
    # the gateway's stretch
    "the gateway asks for no certificate": (
        "weaker route",
        lambda one: _server(one, CLEARING).update(tls={"mode": "SIMPLE", "credentialName": "own"}),
    ),
    "the gateway reads no TLS at all": (
        "lost route",
        lambda one: _server(one, CARDS).update(tls={"mode": "PASSTHROUGH"}),
    ),
    "it passes on only some requests": (
        "lost route",
        lambda one: _spec(one, "VirtualService", GATE, CLEARING)["http"][0]["match"][0].update(uri={"prefix": "/pay"}),
    ),
    "it passes on to another host": (
        "excess route",
        lambda one: _destination(one, GATE, CARDS, "tcp").update(host="clearing.example.net"),
    ),
    "it passes on to another port": (
        "excess route",
        lambda one: _spec(one, "ServiceEntry", GATE, CLEARING)["ports"][0].update(targetPort=9443),
    ),
    "it does not know the host": (
        "lost route",
        lambda one: _spec(one, "ServiceEntry", GATE, CARDS).update(exportTo=["elsewhere"]),
    ),
    "it serves another namespace's routes": (
        "lost route",
        lambda one: _server(one, CARDS).update(hosts=["shop/api.cards.example.com"]),
    ),
    "it adds no TLS": ("weaker route", lambda one: _originating(one).update(mode="DISABLE")),
    "it shows no certificate": ("weaker route", lambda one: _originating(one).update(mode="SIMPLE")),
    "it shows another certificate": ("weaker route", lambda one: _originating(one).update(credentialName="other")),
    "it checks no name": ("weaker route", lambda one: _originating(one).pop("subjectAltNames")),
    "it adds TLS to TLS": (
        "weaker route",
        lambda one: _spec(one, "DestinationRule", GATE, CLEARING).update(
            host="*.example.com", trafficPolicy={"tls": {"mode": "SIMPLE"}}
        ),
    ),
}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return render(Request((str(THROUGH),)))


def _read(bundle: Bundle) -> tuple[list[Document], Objects]:
    documents = read_documents(bundle.stream, "stream")[0]
    metadata = [(one.data["kind"], one.data["metadata"]) for one in documents]
    keys = [(kind, one["namespace"], one["name"]) for kind, one in metadata]
    return documents, {key: one.data for key, one in zip(keys, documents, strict=True)}


def _told(bundle: Bundle, documents: list[Document]) -> set[str]:
    return {f"{one.kind} {one.layer}" for one in prove(bundle.intent, bundle.environment, documents).discrepancies}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_way_out_is_told(damage: str, bundle: Bundle) -> None:
    expected, spoil = DAMAGES[damage]
    documents, objects = _read(bundle)
    before = copy.deepcopy(objects)
    spoil(objects)
    assert objects != before
    assert expected in _told(bundle, documents)


def test_every_object_is_needed(bundle: Bundle) -> None:
    documents, objects = _read(bundle)
    assert _told(bundle, documents) == set()
    for key, data in objects.items():
        assert _told(bundle, [one for one in documents if one.data is not data]), key


def test_a_gateway_that_leads_elsewhere_as_well_is_told(bundle: Bundle) -> None:
    documents, objects = _read(bundle)
    for kind in ("Gateway", "VirtualService", "ServiceEntry"):
        text = copy.deepcopy(objects[kind, GATE, CARDS])
        text["metadata"]["name"] = "evil"
        text["spec"] |= {"gateways": ["evil"]} if kind == "VirtualService" else {}
        spoiled = _renamed(text, "api.cards.example.com", "evil.example.org")
        documents.append(Document(spoiled, "more", {}, {}))
    assert _told(bundle, documents) == {"excess route"}


def _renamed(data: Json, old: str, new: str) -> Json:
    if isinstance(data, dict):
        return {key: _renamed(value, old, new) for key, value in data.items()}
    if isinstance(data, list):
        return [_renamed(one, old, new) for one in data]
    return data.replace(old, new) if isinstance(data, str) else data


def test_sidecars_that_know_only_their_registry_must_know_the_gateway() -> None:
    bundle = render(Request((str(SHARED),)))
    documents, objects = _read(bundle)
    hosts = objects["Sidecar", "billing", "invoices"]["spec"]["egress"][0]["hosts"]
    hosts.remove("istio-egress/*")
    assert _told(bundle, documents) == {"lost route"}


COMPOSED = Path(__file__).parent / "exits"
TOGETHER = {
    "an application that trusts no network": ["zero-trust"],
    "the gateway's namespace is closed as well": ["zero-trust", "gateway-namespace"],
    "the whole mesh is closed": ["zero-trust", "mesh-closed"],
    "a component": ["component"],
    "on the way into the mesh": ["phase-2"],
}


@pytest.mark.parametrize("names", TOGETHER.values(), ids=TOGETHER)
def test_ways_out_are_proven_beside_other_profiles(names: list[str]) -> None:
    bundle = render(Request(tuple(str(COMPOSED / f"{name}.yaml") for name in names), name="together"))
    assert bundle.proof.holds
    assert any(one.host and isinstance(one.client, GatewayPeer) for one in bundle.intent.flows)


def test_a_gateway_with_the_labels_of_the_whole_mesh_is_proven_when_that_is_accepted(tmp_path: Path) -> None:
    """Policies of the root namespace hold for every pod with these labels: the proof asks about those as well."""
    text = (COMPOSED / "zero-trust.yaml").read_text("utf-8")
    profile = tmp_path / "zero-trust.yaml"
    profile.write_text(f"{text}  accept: [{{caveat: gateway-labels-mesh-wide, reason: no other pod has them}}]\n")
    bundle = render(Request((str(profile),), environment=str(COMPOSED / "root.yaml")))
    assert bundle.proof.holds
    assert {one.namespace for one in bundle.resources} == {"pay", "istio-system"}
    with pytest.raises(InvalidInput) as refused:
        render(Request((str(COMPOSED / "zero-trust.yaml"),), environment=str(COMPOSED / "root.yaml")))
    assert {one.code for one in refused.value.findings} == {"MG027"}


@pytest.mark.parametrize(
    ("names", "codes"), [(["phase-1"], {"MG028"}), (["zero-trust", "mesh-open-there"], {"MG025"})], ids=str
)
def test_what_would_leave_the_gateway_open_or_unreached_is_refused(names: list[str], codes: set[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        render(Request(tuple(str(COMPOSED / f"{name}.yaml") for name in names), name="together"))
    assert {one.code for one in refused.value.findings} == codes
    assert all(one.fix for one in refused.value.findings)
