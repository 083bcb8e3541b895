"""The structure of manifests: one compact JSON Schema per kind, prepared once per process.

The schemas in ``schemas/`` are the project's own; a conformance test holds their fields,
types and enums against the published OpenAPI and CRD schemas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from generator.core import schema_errors
from generator.core.findings import Finding, Severity
from generator.core.json_schema import Validator, compile_schema
from generator.core.names import nearest
from generator.core.places import Document, Json, Route
from generator.core.resources import package_file
from generator.core.schema_words import a_kind_of

Schema = dict[str, Any]
KindOfObject = tuple[str, str]
"""apiVersion and kind, e.g. ``("networking.k8s.io/v1", "NetworkPolicy")``."""

STRUCTURE = "MG601"
NO_SCHEMA = "MG603"
_TYPING_SLIP = 2

_SECURITY = ("security.istio.io/v1", "security.istio.io/v1beta1")
_NETWORKING = ("networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3")
# Istio serves several versions of these kinds with one and the same schema.
_SERVED: dict[str, tuple[str, ...]] = {
    "NetworkPolicy": ("networking.k8s.io/v1",),
    "Namespace": ("v1",),
    "ServiceAccount": ("v1",),
    "ResourceQuota": ("v1",),
    "LimitRange": ("v1",),
    "CronJob": ("batch/v1",),
    "ClusterRole": ("rbac.authorization.k8s.io/v1",),
    "ClusterRoleBinding": ("rbac.authorization.k8s.io/v1",),
    "PeerAuthentication": _SECURITY,
    "AuthorizationPolicy": _SECURITY,
    "RequestAuthentication": _SECURITY,
    "ServiceEntry": _NETWORKING,
    "DestinationRule": _NETWORKING,
    "Sidecar": _NETWORKING,
    "EnvoyFilter": ("networking.istio.io/v1alpha3",),
    "Gateway": ("gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"),
    "Telemetry": ("telemetry.istio.io/v1", "telemetry.istio.io/v1alpha1"),
    "VirtualService": _NETWORKING,
    "IstioGateway": _NETWORKING,
    "HTTPRoute": ("gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"),
    "Kustomization": ("kustomize.config.k8s.io/v1beta1",),
}
_KINDS = {"IstioGateway": "Gateway"}
"""Schemas whose kind another API group has as well."""


@cache
def known_kinds() -> frozenset[KindOfObject]:
    """Return every (apiVersion, kind) that has a schema here, older served versions included."""
    return frozenset((version, _KINDS.get(name, name)) for name, versions in _SERVED.items() for version in versions)


@cache
def schema_of(kind: str, version: str = "") -> Schema:
    """Return the schema of *kind* as one self-contained document, without any reference left.

    *version* (apiVersion) tells apart what several groups call the same.

    jsonschema looks a reference up anew at every value it checks; here that is done once.
    """
    text = package_file("manifests", "schemas", f"{_file(kind, version)}.json").read_text(encoding="utf-8")
    schema: Schema = json.loads(text)
    resolved: Schema = _resolved(schema, schema.pop("$defs", {}))
    return resolved


def _file(kind: str, version: str) -> str:
    return next((name for name, other in _KINDS.items() if other == kind and version in _SERVED[name]), kind)


def check(
    document: Document, extra: Mapping[KindOfObject, Schema] | None = None, *, unknown: str = STRUCTURE
) -> list[Finding]:
    """Return everything that is wrong with the structure of *document* (MG601).

    A kind that neither this package nor *extra* knows yields the information MG603.

    Args:
        document: one Kubernetes object.
        extra: schemas by (apiVersion, kind), e.g. imported from CRDs; they win over our own.
        unknown: the code of a field that the kind does not have, where it shall have its own.
    """
    route, problem = _identity_problem(document.data)
    if problem:
        fix = "every object has a text `apiVersion` and a text `kind`"
        return [Finding(STRUCTURE, problem, document.place(route), fix)]
    identity = (document.data["apiVersion"], document.data["kind"])
    if extra and identity in extra:
        validator = compile_schema(extra[identity])
    elif identity in known_kinds():
        validator = _validator(identity[1], identity[0])
    else:
        return [_no_schema(document, *identity, known_kinds() | frozenset(extra or ()))]
    return schema_errors.findings(document, validator, wrong=STRUCTURE, unknown=unknown)


def metadata_schema() -> Schema:
    """Return the schema of `metadata`, the same for every kind."""
    resolved: Schema = _resolved(_common()["objectMeta"], _common())
    return resolved


@cache
def _validator(kind: str, version: str) -> Validator:
    return compile_schema(schema_of(kind, version))


@cache
def _common() -> Schema:
    text = package_file("manifests", "schemas", "common.json").read_text(encoding="utf-8")
    definitions: Schema = json.loads(text)["$defs"]
    return definitions


@cache
def _shared(name: str) -> Json:
    return _resolved(_common()[name], _common())


def _resolved(node: Json, home: Schema) -> Json:
    if isinstance(node, list):
        return [_resolved(item, home) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        file, _, name = node["$ref"].partition("#/$defs/")
        return _shared(name) if file else _resolved(home[name], home)
    return {key: _resolved(value, home) for key, value in node.items()}


def _identity_problem(data: Json) -> tuple[Route, str]:
    if not isinstance(data, dict):
        return (), f"a Kubernetes object must be a mapping, here it is {a_kind_of(data)}"
    for field in ("apiVersion", "kind"):
        if field not in data:
            return (), f"the document must have the field `{field}`"
        if not isinstance(data[field], str):
            return (field,), f"`{field}` must be text, here it is {a_kind_of(data[field])}"
    return (), ""


def meant_kind(version: str, kind: str, known: frozenset[KindOfObject]) -> str | None:
    """Return the known kind of *version* that *kind* is a slip of; Service is none of ServiceAccount."""
    close = nearest(kind, {name for other, name in known if other == version})
    return close if close and abs(len(close) - len(kind)) <= _TYPING_SLIP else None


def _no_schema(document: Document, version: str, kind: str, known: frozenset[KindOfObject]) -> Finding:
    versions = sorted(other for other, name in known if name == kind)
    if versions:
        fix, field = f"{kind} is known in {', '.join(versions)}", "apiVersion"
    elif close := meant_kind(version, kind, known):
        fix, field = f"did you mean {close!r}?", "kind"
    else:
        fix, field = "if a CRD defines it, import the CRD to have it checked", "kind"
    message = f"no schema for {kind} in {version}; its structure is not checked"
    return Finding(NO_SCHEMA, message, document.place((field,)), fix, Severity.INFO)
