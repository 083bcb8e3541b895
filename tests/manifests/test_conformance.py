"""Our schemas against the published ones: the same fields, types and enums, neither more nor fewer.

Left out on both sides: `status`, which is not for users to write, and with it everything
below. Kustomization is published as Go types only, so nothing here holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from generator.manifests import schema
from tests.manifests.upstream import Schema, crd_schemas, needs_upstream, openapi_definitions

pytestmark = needs_upstream

_INT_OR_STRING = ("integer", "string")
# Written as text in the OpenAPI, although the API reads numbers too.
_WIDER_TYPES = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": _INT_OR_STRING,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("number", "string"),
}
# Objects whose fields belong to the server; ours only says that they are mappings.
_OPAQUE = {"io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry"}
# `kubectl create --dry-run` writes it as null.
_NULL_TOO = "metadata.creationTimestamp"

Shape = tuple[tuple[str, ...], frozenset[str]]
"""The types of a field, and its enum."""

CRDS = sorted(
    identity
    for identity in schema.known_kinds()
    if "istio.io" in identity[0] or identity[0].startswith("gateway.networking")
)
KUBERNETES = {
    "NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
    "Namespace": "io.k8s.api.core.v1.Namespace",
    "ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
    "ResourceQuota": "io.k8s.api.core.v1.ResourceQuota",
    "LimitRange": "io.k8s.api.core.v1.LimitRange",
    "CronJob": "io.k8s.api.batch.v1.CronJob",
    "ClusterRole": "io.k8s.api.rbac.v1.ClusterRole",
    "ClusterRoleBinding": "io.k8s.api.rbac.v1.ClusterRoleBinding",
}


def _parts(node: Schema) -> Iterator[tuple[str, Schema]]:
    for name, value in node.get("properties", {}).items():
        yield f".{name}", value
    if isinstance(node.get("additionalProperties"), dict):
        yield "{}", node["additionalProperties"]
    if "items" in node:
        yield "[]", node["items"]


def _shape(node: Schema) -> Shape:
    types = node.get("type", [])
    names = [types] if isinstance(types, str) else list(types)
    if node.get("x-kubernetes-int-or-string"):
        names = list(_INT_OR_STRING)
    if node.get("nullable") and "null" not in names:
        names.append("null")
    return tuple(sorted(names)), frozenset(node.get("enum", ()))


def _ours(node: Schema, path: str = "") -> Iterator[tuple[str, Shape, Schema]]:
    yield path, _shape(node), node
    for step, child in _parts(node):
        yield from _ours(child, path + step)


def _theirs(node: Schema, path: str = "") -> Iterator[tuple[str, Shape, Schema]]:
    name = node.get("$ref", "").removeprefix("#/definitions/")
    if name in _WIDER_TYPES:
        yield path, (_WIDER_TYPES[name], frozenset()), {}
        return
    resolved = openapi_definitions()[name] if name else node
    types, enum = _shape(resolved)
    null = ("null",) if path.endswith(f".{_NULL_TOO}") else ()
    yield path, (tuple(sorted((*types, *null))), enum), resolved
    if name in _OPAQUE:
        return
    for step, child in _parts(resolved):
        if path + step != ".status":
            yield from _theirs(child, path + step)


def _fields(found: Iterator[tuple[str, Shape, Schema]], below: str) -> dict[str, Shape]:
    return {path: shape for path, shape, _ in found if path.startswith(below)}


@pytest.mark.parametrize(("version", "kind"), CRDS)
def test_crd_fields_types_and_enums(version: str, kind: str) -> None:
    theirs = _fields(_theirs(crd_schemas()[(version, kind)]), ".spec")
    ours = _fields(_ours(schema.schema_of(kind, version)), ".spec")
    assert ours == theirs


@pytest.mark.parametrize(("version", "kind"), CRDS)
def test_crd_bounds_are_at_least_as_tight(version: str, kind: str) -> None:
    ours = {path: node for path, _, node in _ours(schema.schema_of(kind, version))}
    for path, _, theirs in _theirs(crd_schemas()[(version, kind)]):
        if path.startswith(".spec"):
            assert set(theirs.get("required", ())) <= set(ours[path].get("required", ())), path
            for bound in ("minimum", "minLength", "minItems", "minProperties"):
                assert _bound(ours[path], bound) >= _bound(theirs, bound), (path, bound)
            for bound in ("maximum", "maxLength", "maxItems", "maxProperties"):
                assert -_bound(ours[path], bound) >= -_bound(theirs, bound), (path, bound)


def _bound(node: Schema, name: str) -> float:
    unbounded = float("-inf") if name.startswith("min") else float("inf")
    if name == "minLength" and "pattern" in node:
        return float("inf")  # our patterns leave no empty text through where theirs asks for one character
    return float(node.get(name, unbounded))


@pytest.mark.parametrize("kind", sorted(KUBERNETES))
def test_kubernetes_fields_types_and_enums(kind: str) -> None:
    identity = {"": ("", frozenset[str]())}
    theirs = _fields(_theirs(openapi_definitions()[KUBERNETES[kind]]), ".") | identity
    ours = _fields(_ours(schema.schema_of(kind)), ".") | identity
    assert set(ours) == set(theirs)
    for path, (types, enum) in theirs.items():
        if path not in (".apiVersion", ".kind", ""):
            assert ours[path][0] == types, path
            # The OpenAPI names no values where the API knows a closed set; ours may be the stricter one.
            assert not enum or ours[path][1] == enum, path


def test_kinds_are_those_that_are_published() -> None:
    published: set[tuple[str, str]] = set(crd_schemas())
    for name in KUBERNETES.values():
        for each in openapi_definitions()[name]["x-kubernetes-group-version-kind"]:
            published.add((f"{each['group']}/{each['version']}".removeprefix("/"), each["kind"]))
    assert {each for each in schema.known_kinds() if each[1] != "Kustomization"} <= published


def test_every_object_is_closed() -> None:
    def is_open(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if "properties" in node and node.get("additionalProperties") is not False:
                yield str(node)
            for value in node.values():
                yield from is_open(value)
        elif isinstance(node, list):
            for value in node:
                yield from is_open(value)

    for version, kind in schema.known_kinds():
        assert not list(is_open(schema.schema_of(kind, version))), kind
