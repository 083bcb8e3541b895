"""JSON schemas that take no unknown field, made of what the API server itself goes by: CRDs and OpenAPI.

A schema of a CRD says which fields there are, and lets any other pass: the API server prunes or
refuses those by itself. Here every object with properties is closed, except where the CRD says
that unknown fields are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.judges.installed import CRDS, SWAGGER

Schema = dict[str, Any]
Kind = tuple[str, str, str]
"""Group, version and kind."""
KEPT = "x-kubernetes-preserve-unknown-fields"
NUMBER_OR_TEXT = "x-kubernetes-int-or-string"
EITHER: Schema = {"type": ["integer", "string"]}
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
NUMBER_OR_NAME = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
TIME = "io.k8s.apimachinery.pkg.apis.meta.v1.Time"
LOOSE: dict[str, Schema] = {
    QUANTITY: {"type": ["number", "string"]},
    NUMBER_OR_NAME: EITHER,
    TIME: {"type": ["string", "null"]},
}
"""Definitions of OpenAPI that say "string" and mean more; `kubectl create --dry-run` prints a time that is null."""
OF_EVERY_OBJECT: Schema = {name: {"type": "string"} for name in ("apiVersion", "kind")} | {
    "metadata": {"type": "object"}
}


def write(folder: Path, kinds: Iterable[Kind]) -> str:
    """Write the schemas of *kinds* and of all CRDs into *folder*; return where kubeconform finds them."""
    swagger = json.loads(SWAGGER.read_text("utf-8"))["definitions"]
    for (group, version, kind), schema in (*_of_crds(), *_of_kubernetes(swagger, set(kinds))):
        file = folder / f"{kind.lower()}_{group or version}_{version}.json"
        file.write_text(json.dumps(schema), "utf-8")
    return f"{folder}/{{{{.ResourceKind}}}}_{{{{.Group}}}}_{{{{.ResourceAPIVersion}}}}.json"


def _of_crds() -> Iterator[tuple[Kind, Schema]]:
    for file in sorted(CRDS.glob("*.yaml")):
        for one in yaml.safe_load_all(file.read_text("utf-8")):
            if one and one["kind"] == "CustomResourceDefinition":
                spec = one["spec"]
                for version in spec["versions"]:
                    schema = closed(version["schema"]["openAPIV3Schema"])
                    schema["properties"] = {**OF_EVERY_OBJECT, **schema["properties"]}
                    yield (spec["group"], version["name"], spec["names"]["kind"]), schema


def _of_kubernetes(swagger: dict[str, Schema], kinds: set[Kind]) -> Iterator[tuple[Kind, Schema]]:
    for name, definition in swagger.items():
        for one in definition.get("x-kubernetes-group-version-kind", ()):
            kind = (one["group"], one["version"], one["kind"])
            if kind in kinds:
                needed = sorted(_reachable(swagger, name))
                definitions = {key: LOOSE.get(key) or closed(swagger[key]) for key in needed}
                yield kind, {"$ref": f"#/definitions/{name}", "definitions": definitions}


def _reachable(swagger: dict[str, Schema], name: str) -> set[str]:
    """Return *name* and every definition that it refers to, over however many others."""
    found, left = set(), [name]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += [found.rpartition("/")[2] for found in _references(swagger[one])]
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for below in value.values():
            yield from _references(below)
    elif isinstance(value, list):
        for below in value:
            yield from _references(below)


def closed(schema: Schema) -> Schema:
    """Return *schema* without room for fields that it does not name; what only narrows it stays as it is."""
    if schema.get(NUMBER_OR_TEXT):
        return EITHER
    made = dict(schema)
    made.pop("format", None)  # OpenAPI's formats are not those of JSON schema
    if "properties" in made:
        made["properties"] = {name: closed(below) for name, below in made["properties"].items()}
        if not made.get(KEPT):
            made.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = closed(made[key])
    if made.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made
