"""The sentences for mistakes against a JSON Schema; `generator.core.schema_errors` finds their places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

from generator.core.frozen import dataclass
from generator.core.names import suggestion
from generator.core.places import Json, Route

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}
_SIZES = {
    "minLength": ("at least", "character"),
    "maxLength": ("at most", "character"),
    "minItems": ("at least", "item"),
    "maxItems": ("at most", "item"),
    "minProperties": ("at least", "field"),
    "maxProperties": ("at most", "field"),
}
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Mistake:
    """One jsonschema error, with plain types: the rule, what it wants, and what it met where."""

    rule: str
    wanted: Any
    value: Json
    route: Route
    schema: dict[str, Any] = field(default_factory=dict)
    branches: tuple[tuple[Mistake, ...], ...] = ()
    depth: int = 0
    """How far below the failing alternative it lies; 0 at the alternative itself."""

    @property
    def types(self) -> list[str]:
        """The types that a ``type`` rule allows."""
        return [self.wanted] if isinstance(self.wanted, str) else list(self.wanted)

    @property
    def is_about_the_whole_branch(self) -> bool:
        """Whether an alternative fails for its type alone, so that it cannot be the one meant."""
        return self.rule == "type" and self.depth == 0


def shown(route: Route) -> str:
    """Write *route* as people do: ``spec.ports[0].name``; the root is "the document"."""
    text = "".join(_step(step) for step in route)
    return f"`{text.removeprefix('.')}`" if route else "the document"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.replace("_", "").replace("-", "").isalnum() else f"[{step!r}]"


def a_kind_of(value: Json) -> str:
    """Name the type of *value* in plain words: "a list", "a number", "empty"."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "text" if isinstance(value, str) else "a list" if isinstance(value, list) else "a mapping"


def quoted(value: Json) -> str:
    """Show *value* as it would be written, cut short when long."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def one_of(words: Iterable[str]) -> str:
    """Join *words* as a choice: "a, b or c"."""
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} or {last}" if others else last


def ticked(names: Iterable[str]) -> list[str]:
    """Mark *names* as field names."""
    return [f"`{name}`" for name in names]


def _type_fix(allowed: Sequence[str], value: Json) -> str:
    if value is None:
        return "leave the field out if it is not needed"
    if isinstance(value, bool | int | float) and "string" in allowed and "integer" not in allowed:
        return f'put it in quotes: "{quoted(value)}"'
    if "array" in allowed:
        return "write a list, one `- ` per item"
    if "object" in allowed:
        return "write a mapping: `name: value` on lines of its own, without `- `"
    if {"integer", "number"} & set(allowed) and isinstance(value, str) and value.isdigit():
        return f"write {value} without quotes"
    words = one_of(_TYPES[name] for name in allowed or ["null"])
    return "write true or false, without quotes" if allowed == ["boolean"] else f"write {words} in its place"


def _choice_fix(value: Json, choices: Sequence[Json]) -> str:
    texts = [choice for choice in choices if isinstance(choice, str)]
    if isinstance(value, str) and texts:
        alike = [text for text in texts if text.lower() == value.lower()]
        return f"did you mean {alike[0]!r}?" if alike else suggestion(value, texts)
    return f"known: {', '.join(quoted(choice) for choice in choices)}"


def fix_for(mistake: Mistake) -> str:
    """Return what to write instead, as far as the rule alone tells."""
    if mistake.rule == "type":
        return _type_fix(mistake.types, mistake.value)
    if mistake.rule == "enum":
        return _choice_fix(mistake.value, mistake.wanted)
    return f"write {quoted(mistake.wanted)}" if mistake.rule == "const" else ""


def verdict(mistake: Mistake) -> str:
    """Return what is wrong, to follow the name of the value: "must be a list, here it is a number"."""
    rule, value, wanted = mistake.rule, mistake.value, mistake.wanted
    if rule == "type":
        is_fraction = isinstance(value, float) and "integer" in mistake.types
        here = quoted(value) if is_fraction else a_kind_of(value)
        return f"must be {one_of(_TYPES[name] for name in mistake.types)}, here it is {here}"
    if rule in _BOUNDS:
        return f"must be {_BOUNDS[rule]} {wanted}, here it is {value}"
    if rule in _SIZES:
        bound, unit = _SIZES[rule]
        if bound == "at least" and wanted == 1:
            return "must not be empty"
        plural = "" if wanted == 1 else "s"
        return f"must have {bound} {wanted} {unit}{plural}, here it has {len(value)}"
    if rule == "pattern" and "x-fix" not in mistake.schema:
        return f"is {quoted(value)}, which does not match {wanted}"
    simple = {
        "const": f"must be {quoted(wanted)}, here it is {quoted(value)}",
        "enum": f"must not be {quoted(value)}",
        "pattern": f"is {quoted(value)}, which is not allowed",
        "format": f"is {quoted(value)}, which is {'not allowed' if 'x-fix' in mistake.schema else f'no {wanted}'}",
        "uniqueItems": "holds the same item twice",
    }
    return simple.get(rule, "is not allowed here")
