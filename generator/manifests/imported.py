"""Schemas from CustomResourceDefinitions: a bundle can be held against what a real cluster serves.

A CRD schema is OpenAPI 3.0 and prunes unknown fields silently. Here it becomes a JSON
Schema that names them: every object is closed unless the CRD keeps unknown fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from generator.core.findings import Finding
from generator.core.json_schema import schema_problem
from generator.core.places import Document, Json, Route
from generator.manifests.schema import KindOfObject, Schema, metadata_schema

NOT_A_CRD = "MG604"
_CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
_NAME = re.compile(r"[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?")
_KEEPS_UNKNOWN = "x-kubernetes-preserve-unknown-fields"
_COPIED = frozenset(
    {
        *("enum", "required", "minimum", "maximum", "multipleOf", "minLength", "maxLength"),
        *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    }
)


def schemas_from_crds(documents: Sequence[Document]) -> tuple[dict[KindOfObject, Schema], list[Finding]]:
    """Turn the CRDs among *documents*, also those inside a ``List``, into schemas by (apiVersion, kind).

    Anything else, and a CRD whose schema cannot be used, is a finding (MG604).
    """
    schemas: dict[KindOfObject, Schema] = {}
    findings: list[Finding] = []
    for document in documents:
        for route, item in _objects(document):
            found, problem = _from_crd(item)
            schemas.update(found)
            if problem:
                fix = "give CustomResourceDefinitions, such as `kubectl get crds -o yaml` prints them"
                findings.append(Finding(NOT_A_CRD, problem, document.place(route), fix))
    return schemas, findings


def _objects(document: Document) -> Iterator[tuple[Route, Json]]:
    data = document.data
    is_list = isinstance(data, dict) and str(data.get("kind")).endswith("List")
    if is_list and isinstance(data.get("items"), list):
        yield from ((("items", index), item) for index, item in enumerate(data["items"]))
    else:
        yield (), data


def _from_crd(data: Json) -> tuple[dict[KindOfObject, Schema], str]:
    if not isinstance(data, dict):
        return {}, "this is no CustomResourceDefinition"
    if (data.get("apiVersion"), data.get("kind")) != _CRD:
        return {}, f"this is {data.get('kind')} in {data.get('apiVersion')}, not {_CRD[1]} in {_CRD[0]}"
    try:
        spec = data["spec"]
        group, kind = str(spec["group"]), str(spec["names"]["kind"])
        names = [group, kind, *(str(version["name"]) for version in spec["versions"])]
        if not all(_NAME.fullmatch(name) for name in names):  # files are named after them
            return {}, f"this CustomResourceDefinition is broken: {', '.join(map(repr, names))} are no names"
        versions = [
            (f"{group}/{version['name']}", version["schema"]["openAPIV3Schema"])
            for version in spec["versions"]
            if version.get("served", True)
        ]
        found = {(version, kind): _of_object(version, kind, schema) for version, schema in versions}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return {}, f"this CustomResourceDefinition is incomplete or broken ({type(error).__name__}: {error})"
    for identity, schema in found.items():
        if problem := schema_problem(schema):
            return {}, f"the schema of {identity[1]} in {identity[0]} is broken: {problem}"
    return found, ""


def _of_object(version: str, kind: str, upstream: Schema) -> Schema:
    """Return the schema of a whole object; the API server, not the CRD, defines its first three fields."""
    schema = _converted(upstream)
    properties = {key: value for key, value in schema.get("properties", {}).items() if key != "status"}
    schema["properties"] = {
        "apiVersion": {"const": version},
        "kind": {"const": kind},
        **properties,
        "metadata": metadata_schema(),
    }
    asked = [name for name in schema.get("required", []) if name != "status"]
    schema["required"] = list(dict.fromkeys(["apiVersion", "kind", "metadata", *asked]))
    return schema


def _converted(upstream: Schema) -> Schema:
    """Translate one structural schema, closing the object it describes."""
    if upstream.get("x-kubernetes-int-or-string"):
        return {**_bounds(upstream), **_type(upstream, ["integer", "string"])}
    schema = {**_validations(upstream), **_type(upstream, upstream.get("type"))}
    if "properties" in upstream:
        schema["properties"] = {name: _converted(value) for name, value in upstream["properties"].items()}
    if isinstance(upstream.get("items"), dict):
        schema["items"] = _converted(upstream["items"])
    rest = upstream.get("additionalProperties")
    if isinstance(rest, dict):
        schema["additionalProperties"] = _converted(rest)
    elif upstream.get("type") == "object" and not rest and not upstream.get(_KEEPS_UNKNOWN):
        schema["additionalProperties"] = False
    if upstream.get("x-kubernetes-embedded-resource"):
        own = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
        schema["properties"] = {**schema.get("properties", {}), **own}
    return schema


def _validations(upstream: Schema) -> Schema:
    """Copy what restricts a value; inside ``allOf`` and the like nothing is closed."""
    schema = _bounds(upstream)
    for name in ("allOf", "anyOf", "oneOf"):
        if name in upstream:
            schema[name] = [_part(each) for each in upstream[name]]
    if "not" in upstream:
        schema["not"] = _part(upstream["not"])
    return schema


def _part(upstream: Schema) -> Schema:
    schema = {**_validations(upstream), **_type(upstream, upstream.get("type"))}
    if "properties" in upstream:
        schema["properties"] = {name: _part(value) for name, value in upstream["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(upstream.get(name), dict):
            schema[name] = _part(upstream[name])
    return schema


def _type(upstream: Schema, types: str | list[str] | None) -> Schema:
    if types is None:
        return {}
    if not upstream.get("nullable"):
        return {"type": types}
    also_null: dict[str, Any] = {"type": [*([types] if isinstance(types, str) else types), "null"]}
    if "enum" in upstream:
        also_null["enum"] = list(dict.fromkeys([*upstream["enum"], None]))
    return also_null


def _bounds(upstream: Schema) -> Schema:
    schema = {key: upstream[key] for key in upstream if key in _COPIED}
    for side in ("minimum", "maximum"):
        if upstream.get(f"exclusive{side.capitalize()}") is True:  # a flag in OpenAPI 3.0, a bound in JSON Schema
            schema[f"exclusive{side.capitalize()}"] = schema.pop(side)
    pattern = upstream.get("pattern")
    if isinstance(pattern, str) and _is_readable(pattern):
        schema["pattern"] = pattern
    return schema


def _is_readable(pattern: str) -> bool:
    """Whether Python reads *pattern*; CRDs are written for RE2, which knows a little more."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
