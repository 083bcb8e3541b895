"""The fields of a profile type, read off its schema: for `explain`, and for the tables of the docs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generator.core.errors import MeshgenError
from generator.core.names import suggestion
from generator.intent.profile_types import ProfileType

_ANY_NAME = "NAME"
"""How a mapping with names of the user's choice shows in a path: workloads.NAME.port."""

_WORDS = {"object": "mapping", "array": "list", "null": "empty", "string": "text", "integer": "number"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of ``spec``: its path, what it takes, whether it must be there, what it means."""

    path: str
    type: str
    is_required: bool
    description: str
    rule: str


def all_fields(kind: ProfileType) -> Iterator[Field]:
    """Yield every field below ``spec``, each before what lies within it."""
    yield from _Walk(kind).below(_Walk(kind).spec, "")


def find_field(kind: ProfileType, path: str) -> list[Field]:
    """Return the field at *path* below ``spec`` and those directly within it; any name fits a mapping of names.

    Raises:
        MeshgenError: there is no such field; the text says which is near.
    """
    walk = _Walk(kind)
    node, found = walk.spec, Field("", "mapping", True, "", "")
    for step in path.split("."):
        choices = dict(walk.children(node))
        chosen = step if step in choices else _ANY_NAME
        if chosen not in choices:
            raise MeshgenError(f"{kind.name}.{path}: there is no field {step!r}: {suggestion(step, choices)}")
        found = walk.field(chosen, choices[chosen], node, step)
        node = choices[chosen]
    return [found, *(walk.field(name, inner, node, name) for name, inner in walk.children(node))]


class _Walk:
    def __init__(self, kind: ProfileType) -> None:
        schema = kind.schema()
        self._definitions: dict[str, Any] = schema["$defs"]
        self.spec: dict[str, Any] = schema["properties"]["spec"]

    def below(self, node: dict[str, Any], path: str) -> Iterator[Field]:
        for name, inner in self.children(node):
            here = f"{path}.{name}".lstrip(".")
            yield self.field(name, inner, node, here)
            yield from self.below(inner, here)

    def field(self, name: str, node: dict[str, Any], parent: dict[str, Any], path: str) -> Field:
        merged = self._resolved(node)
        required = name in self._resolved(parent).get("required", [])
        return Field(path, self._type(merged), required, merged.get("description", ""), merged.get("x-message", ""))

    def children(self, node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the fields directly below *node*, through lists and alternatives."""
        node = self._resolved(node)
        if isinstance(node.get("items"), dict):
            yield from self.children(node["items"])
        yield from node.get("properties", {}).items()
        inner = node.get("additionalProperties")
        if isinstance(inner, dict) and set(self._resolved(inner)) & {"properties", "items"}:
            yield _ANY_NAME, inner
        for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            yield from self.children(branch)

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return *node* with what it refers to below its own words."""
        while "$ref" in node:
            target = self._definitions[node["$ref"].removeprefix("#/$defs/")]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def _type(self, node: dict[str, Any]) -> str:
        if "enum" in node:
            return " | ".join(str(value) for value in node["enum"])
        if "const" in node:
            return str(node["const"]).lower()
        branches = [*node.get("anyOf", ()), *node.get("oneOf", ())]
        if "type" not in node and branches:
            return " | ".join(dict.fromkeys(self._type(self._resolved(one)) for one in branches))
        types = node.get("type", "any")
        if types == "array" and isinstance(node.get("items"), dict):
            return f"list of {self._type(self._resolved(node['items']))}"
        return " | ".join(_WORDS.get(one, one) for one in ([types] if isinstance(types, str) else types))
