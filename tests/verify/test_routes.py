"""Routes are proven too: every damage to a VirtualService, its Gateway or an HTTPRoute is told at its place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.core.places import Document, Json
from generator.core.resources import bundled
from generator.core.yaml_reader import read_documents
from generator.pipeline import Bundle, Request, render
from generator.verify.proof import prove

ISTIO = bundled("profiles") / "app/examples/storefront.yaml"
ENVIRONMENT = """\
apiVersion: meshgen.dev/v1alpha1
kind: Environment
metadata: {name: here}
extends: gke
spec:
  istio: {version: "1.30.3"}
  gateways:
    public: {install: gateway-api, gateway: edge, namespace: ingress, ports: [443]}
"""
Damage = Callable[[dict[str, Json]], object]


def _bundle(folder: Path, api: str) -> Bundle:
    if api == "istio":
        return render(Request((str(ISTIO),)))
    (folder / "env.yaml").write_text(ENVIRONMENT)
    (folder / "store.yaml").write_text(ISTIO.read_text().replace(", tls: shop-tls", ""))
    return render(Request((str(folder / "store.yaml"),), environment=str(folder / "env.yaml")))


def _routes(bundle: Bundle) -> tuple[list[Document], dict[str, Json]]:
    documents = read_documents(bundle.stream, "stream")[0]
    kinds = ("VirtualService", "HTTPRoute", "Gateway")
    found = {one.data["metadata"]["name"]: one.data for one in documents if one.data["kind"] in kinds}
    return documents, found


API, WEB, DOOR = "public-api-shop-example-com", "public-web-shop-example-com", "public-shop-example-com"
DAMAGES: dict[str, tuple[str, Damage]] = {
    "istio: another host": ("istio", lambda one: one[API]["spec"].update(hosts=["evil.example.com"])),
    "istio: another gateway": ("istio", lambda one: one[API]["spec"].update(gateways=["other"])),
    "istio: only sidecars": ("istio", lambda one: one[API]["spec"].pop("gateways")),
    "istio: another service": (
        "istio",
        lambda one: one[API]["spec"]["http"][0]["route"][0]["destination"].update(host="web"),
    ),
    "istio: another namespace": (
        "istio",
        lambda one: one[API]["spec"]["http"][0]["route"][0]["destination"].update(host="api-v2.evil.svc"),
    ),
    "istio: another port": (
        "istio",
        lambda one: one[API]["spec"]["http"][0]["route"][0]["destination"]["port"].update(number=81),
    ),
    "istio: every path": ("istio", lambda one: one[API]["spec"]["http"][0].pop("match")),
    "istio: fewer paths": ("istio", lambda one: one[WEB]["spec"]["http"][0]["match"].pop()),
    "istio: exact, not prefix": (
        "istio",
        lambda one: one[API]["spec"]["http"][0]["match"][0].update(uri={"exact": "/api/"}),
    ),
    "istio: other pods": ("istio", lambda one: one[DOOR]["spec"].update(selector={"app": "another"})),
    "istio: every pod": ("istio", lambda one: one[DOOR]["spec"].pop("selector")),
    "istio: host of another namespace": (
        "istio",
        lambda one: one[DOOR]["spec"]["servers"][0].update(hosts=["else/shop.example.com"]),
    ),
    "istio: without TLS": ("istio", lambda one: one[DOOR]["spec"]["servers"][0].pop("tls")),
    "istio: in plaintext": ("istio", lambda one: one[DOOR]["spec"]["servers"][0]["port"].update(protocol="HTTP")),
    "gateway api: another parent": (
        "gateway-api",
        lambda one: one[API]["spec"]["parentRefs"][0].update(name="other"),
    ),
    "gateway api: a parent elsewhere": (
        "gateway-api",
        lambda one: one[API]["spec"]["parentRefs"][0].update(namespace="store"),
    ),
    "gateway api: another host": ("gateway-api", lambda one: one[API]["spec"].update(hostnames=["x.example.com"])),
    "gateway api: another service": (
        "gateway-api",
        lambda one: one[API]["spec"]["rules"][0]["backendRefs"][0].update(name="evil"),
    ),
    "gateway api: another port": (
        "gateway-api",
        lambda one: one[API]["spec"]["rules"][0]["backendRefs"][0].update(port=81),
    ),
    "gateway api: every path": (
        "gateway-api",
        lambda one: one[API]["spec"]["rules"][0]["matches"][0]["path"].update(value="/"),
    ),
    "gateway api: exact, not prefix": (
        "gateway-api",
        lambda one: one[API]["spec"]["rules"][0]["matches"][0]["path"].update(type="Exact"),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_route_is_found(damage: str, tmp_path: Path) -> None:
    api, spoil = DAMAGES[damage]
    bundle = _bundle(tmp_path, api)
    documents, found = _routes(bundle)
    assert prove(bundle.intent, bundle.environment, documents).holds
    before = copy.deepcopy(found)
    spoil(found)
    assert found != before
    (first, *_) = prove(bundle.intent, bundle.environment, documents).discrepancies
    assert first.layer == "route"
    assert all(first.places)


@pytest.mark.parametrize("api", ["istio", "gateway-api"])
@pytest.mark.parametrize("name", [API, WEB, DOOR])
def test_a_missing_object_is_found(api: str, name: str, tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, api)
    documents, found = _routes(bundle)
    rest = [one for one in documents if one.data is not found.get(name)]
    assert prove(bundle.intent, bundle.environment, rest).holds == (name not in found)
