"""What a JSON Schema says is wrong, in plain words and at the exact place.

Layer-neutral: manifests and profiles are both held against schemas, and a user should
read the same sentence for the same mistake. A schema may carry two words of its own:
``x-message`` replaces the sentence, ``x-fix`` is the cure that is printed with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from generator.core.findings import Finding
from generator.core.frozen import dataclass
from generator.core.json_schema import Validator
from generator.core.names import nearest, suggestion
from generator.core.places import Document, Json, Place, Route
from generator.core.schema_words import Mistake, fix_for, one_of, quoted, shown, ticked, verdict

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


def findings(
    document: Document,
    validator: Validator,
    *,
    wrong: str,
    unknown: str | None = None,
    missing: str | None = None,
    route_prefix: Route = (),
) -> list[Finding]:
    """Return everything *validator* has against the value at *route_prefix* of *document*.

    Args:
        document: the document that holds the value.
        validator: a compiled schema.
        wrong: the code of a value that may not be as it is.
        unknown: the code of a field that the schema does not have; *wrong* when left out.
        missing: the code of a field that must be there and is not; *wrong* when left out.
        route_prefix: where the value stands in the document; paths are shown from its root.
    """
    value = _at(document.data, route_prefix)
    mistakes = [_mistake(error, route_prefix) for error in validator.iter_errors(value)]
    if not mistakes:
        return []
    reader = _Reader(document, wrong, unknown or wrong, missing or wrong, frozenset(_misspelt(mistakes)))
    found = [finding for mistake in _without_echoes(mistakes) for finding in reader.read(mistake)]
    return list(dict.fromkeys(found))  # `required` complains once per missing field, about all of them


def _mistake(error: ValidationError, prefix: Route) -> Mistake:
    branches: dict[Any, list[Mistake]] = {}
    for each in error.context or ():
        branches.setdefault(each.relative_schema_path[0], []).append(_mistake(each, prefix))
    return Mistake(
        rule=str(error.validator),
        wanted=error.validator_value,
        value=error.instance,
        route=(*prefix, *error.absolute_path),
        schema=dict(error.schema) if isinstance(error.schema, dict) else {},
        branches=tuple(tuple(branch) for branch in branches.values()),
        depth=len(error.relative_path),
    )


def _without_echoes(mistakes: Sequence[Mistake]) -> Iterator[Mistake]:
    """A value of the wrong type is not also reported for not being one of the choices."""
    mistyped = {mistake.route for mistake in mistakes if mistake.rule == "type"}
    return (each for each in mistakes if each.rule not in ("enum", "const") or each.route not in mistyped)


def _misspelt(mistakes: Iterable[Mistake]) -> Iterator[tuple[Route, str]]:
    """Yield the fields that an unknown one was probably meant to be: they are misspelt, and not missing as well."""
    for mistake in mistakes:
        if mistake.rule == "additionalProperties" and isinstance(mistake.value, dict):
            known = mistake.schema.get("properties", {})
            meant = (nearest(key, known) for key in mistake.value if key not in known)
            yield from ((mistake.route, name) for name in meant if name and name not in mistake.value)


def _at(data: Json, route: Route) -> Json:
    for step in route:
        data = data[step]
    return data


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns one mistake after the other into findings about one document."""

    document: Document
    wrong: str
    unknown: str
    missing: str
    misspelt: frozenset[tuple[Route, str]]

    def read(self, mistake: Mistake) -> Iterator[Finding]:
        special = {
            "additionalProperties": self._unknown_fields,
            "required": self._missing_fields,
            "dependentRequired": self._missing_companions,
            "not": self._forbidden,
            "anyOf": self._alternatives,
            "oneOf": self._alternatives,
        }
        has_its_own_words = "x-message" in mistake.schema and mistake.rule != "additionalProperties"
        if mistake.rule in special and not has_its_own_words:
            yield from special[mistake.rule](mistake)
        else:
            message = f"{self._subject(mistake)} {verdict(mistake)}"
            yield self._finding(mistake, message, fix_for(mistake))

    def _finding(
        self, mistake: Mistake, message: str, fix: str, *, code: str = "", place: Place | None = None
    ) -> Finding:
        code = code or (self.missing if mistake.rule == "required" else self.wrong)
        message = mistake.schema.get("x-message", message)
        return Finding(code, message, place or self._place(mistake), mistake.schema.get("x-fix", fix))

    def _is_about_a_key(self, mistake: Mistake) -> bool:
        """`propertyNames` gives the key as the value, and the route of the mapping around it."""
        return isinstance(mistake.value, str) and isinstance(_at(self.document.data, mistake.route), dict)

    def _place(self, mistake: Mistake) -> Place:
        if self._is_about_a_key(mistake):
            return self.document.key_place((*mistake.route, mistake.value))
        return self.document.place(mistake.route)

    def _subject(self, mistake: Mistake) -> str:
        where = shown(mistake.route)
        return f"the key {quoted(mistake.value)} in {where}" if self._is_about_a_key(mistake) else where

    def _unknown_fields(self, mistake: Mistake) -> Iterator[Finding]:
        known = mistake.schema.get("properties", {})
        patterns = mistake.schema.get("patternProperties", {})
        for key in mistake.value:
            if key not in known and not any(re.search(pattern, key) for pattern in patterns):
                route = (*mistake.route, key)
                message = f"{shown(route)} is not a known field"
                yield Finding(self.unknown, message, self.document.key_place(route), suggestion(key, known))

    def _missing_fields(self, mistake: Mistake) -> Iterator[Finding]:
        for name in mistake.wanted:
            if name not in mistake.value and (mistake.route, name) not in self.misspelt:
                message = f"{shown(mistake.route)} must have the field `{name}`"
                yield self._finding(mistake, message, f"add `{name}`")

    def _missing_companions(self, mistake: Mistake) -> Iterator[Finding]:
        for name, others in mistake.wanted.items():
            route = (*mistake.route, name)
            for other in others if name in mistake.value else ():
                if other not in mistake.value and (mistake.route, other) not in self.misspelt:
                    message, place = (
                        f"{shown(route)} needs `{other}` beside it",
                        self.document.key_place(route),
                    )
                    yield self._finding(mistake, message, f"add `{other}`", code=self.missing, place=place)

    def _forbidden(self, mistake: Mistake) -> Iterator[Finding]:
        names = mistake.wanted.get("required", []) if isinstance(mistake.wanted, dict) else []
        if names:
            yield self._clash(mistake, names)
        else:
            yield self._finding(mistake, f"{shown(mistake.route)} is not allowed here", "")

    def _clash(self, mistake: Mistake, names: Sequence[str]) -> Finding:
        place = self.document.key_place((*mistake.route, names[-1]))
        if len(names) == 1:
            message = f"{shown((*mistake.route, names[0]))} must not be set here"
            return self._finding(mistake, message, "remove it", place=place)
        both = " and ".join(ticked(names))
        message = f"{shown(mistake.route)} sets {both}; only one of them may be set"
        return self._finding(mistake, message, "keep one of them", place=place)

    def _alternatives(self, mistake: Mistake) -> Iterator[Finding]:
        fitting = [branch for branch in mistake.branches if not any(each.is_about_the_whole_branch for each in branch)]
        if not mistake.branches:  # oneOf, and more than one of them fits
            yield from self._too_many(mistake)
        elif not fitting:
            types = [name for branch in mistake.branches for each in branch for name in each.types]
            merged = Mistake("type", types, mistake.value, mistake.route, mistake.schema)
            yield from self.read(merged)
        elif all(each.rule == "required" and each.depth == 0 for branch in fitting for each in branch):
            names = [name for branch in fitting for name in branch[0].wanted]
            message = f"{shown(mistake.route)} must have {one_of(ticked(names))}"
            yield self._finding(mistake, message, "add one of them", code=self.missing)
        else:
            for each in _meant(fitting):
                yield from self.read(each)

    def _too_many(self, mistake: Mistake) -> Iterator[Finding]:
        names: list[str] = []
        if isinstance(mistake.value, dict):  # `required` fits everything that is no mapping
            forms = [form for form in mistake.wanted if isinstance(form, dict)]
            names = [name for form in forms for name in form.get("required", []) if name in mistake.value]
        if len(names) > 1:
            yield self._clash(mistake, names)
        else:
            yield self._finding(mistake, f"{shown(mistake.route)} fits more than one form at once", "")


def _meant(branches: Sequence[tuple[Mistake, ...]]) -> tuple[Mistake, ...]:
    """Choose the alternative that the author probably meant.

    It is the one whose telling field (``type: x``) is right, with the fewest mistakes,
    and among equals the one whose mistake lies deepest.
    """

    def distance(branch: tuple[Mistake, ...]) -> tuple[bool, int, int]:
        is_other = any(each.rule in ("const", "enum") and each.depth == 1 for each in branch)
        return is_other, len(branch), -max(each.depth for each in branch)

    return min(branches, key=distance)
