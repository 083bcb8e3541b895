"""What the words of a JSON Schema test, each by itself: for `generator.core.predicates`, which puts them together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from generator.core.places import Json

Test = Callable[[Json], bool]
_MOST_TEXTS = 2_000


class BeyondUs(Exception):
    """The schema, or the value, needs the whole standard."""


IS: dict[str, Test] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
}
_IS_NUMBER = IS["number"]


def python_pattern(pattern: str) -> str:
    r"""Translate the end of a schema's *pattern*: Python's ``$`` also matches before a last newline."""
    return pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern


def everything(value: Json) -> bool:  # noqa: ARG001
    """Hold for every value."""
    return True


def nothing(value: Json) -> bool:  # noqa: ARG001
    """Hold for no value."""
    return False


def all_of(tests: Sequence[Test]) -> Test:
    """Return the test that holds where all *tests* do."""

    def test(value: Json) -> bool:
        for each in tests:  # noqa: SIM110  (all() over a generator takes twice as long)
            if not each(value):
                return False
        return True

    return test


def values_of(each: Test) -> Test:
    """Return the test that every value of a mapping passes *each*."""
    return lambda value: not isinstance(value, dict) or all(map(each, value.values()))


def text(tests: Sequence[Test]) -> Test:
    """Return a test of texts; one that was right before is right."""
    if not tests:
        return IS["string"]
    known: set[str] = set()

    def test(value: Json) -> bool:
        if not isinstance(value, str):
            return False
        if value in known:
            return True
        for each in tests:
            if not each(value):
                return False
        if len(known) < _MOST_TEXTS:
            known.add(value)
        return True

    return test


def _types(names: str | list[str]) -> Test:
    tests = [IS[name] for name in ([names] if isinstance(names, str) else names)]
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _one_of(choices: Sequence[Json]) -> Test:
    """Equality as JSON knows it: true is not 1."""
    if any(isinstance(choice, dict | list) for choice in choices):
        raise BeyondUs("a choice between lists or mappings")
    texts = frozenset(choice for choice in choices if isinstance(choice, str))
    others = [choice for choice in choices if not isinstance(choice, str)]

    def test(value: Json) -> bool:
        if isinstance(value, str):
            return value in texts
        return any(isinstance(value, bool) == isinstance(choice, bool) and value == choice for choice in others)

    return test


def _matches(pattern: str) -> Test:
    try:
        search = re.compile(python_pattern(pattern)).search
    except re.error as error:
        raise BeyondUs(pattern) from error
    return lambda value: not isinstance(value, str) or search(value) is not None


def _differ(is_wanted: bool) -> Test:
    def test(value: Json) -> bool:
        return not isinstance(value, list) or len({_comparable(item) for item in value}) == len(value)

    return test if is_wanted else everything


def _comparable(value: Json) -> Json:
    """Return what equals another one's exactly when the values are equal as JSON: true is not 1."""
    if isinstance(value, list):
        return "list", tuple(map(_comparable, value))
    if isinstance(value, dict):
        return "mapping", frozenset((key, _comparable(item)) for key, item in value.items())
    return ("truth", value) if isinstance(value, bool) else value


def _required(names: Sequence[str]) -> Test:
    def test(value: Json) -> bool:
        if isinstance(value, dict):
            for name in names:
                if name not in value:
                    return False
        return True

    return test


def _companions(wanted: Mapping[str, Sequence[str]]) -> Test:
    tests = {name: _required(others) for name, others in wanted.items()}
    return lambda value: not isinstance(value, dict) or all(tests[name](value) for name in tests if name in value)


def _items(test: Test) -> Test:
    return lambda value: not isinstance(value, list) or all(map(test, value))


def _keys(test: Test) -> Test:
    return lambda value: not isinstance(value, dict) or all(map(test, value))


PLAIN: dict[str, Callable[[Any], Test]] = {
    "type": _types,
    "enum": _one_of,
    "const": lambda wanted: _one_of([wanted]),
    "pattern": _matches,
    "uniqueItems": _differ,
    "required": _required,
    "dependentRequired": _companions,
    # Not `>=`: nothing is less than NaN, and nothing is more.
    "minimum": lambda least: lambda value: not _IS_NUMBER(value) or not value < least,
    "maximum": lambda most: lambda value: not _IS_NUMBER(value) or not value > most,
    "minLength": lambda least: lambda value: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda most: lambda value: not isinstance(value, str) or len(value) <= most,
    "minItems": lambda least: lambda value: not isinstance(value, list) or len(value) >= least,
    "maxItems": lambda most: lambda value: not isinstance(value, list) or len(value) <= most,
    "minProperties": lambda least: lambda value: not isinstance(value, dict) or len(value) >= least,
    "maxProperties": lambda most: lambda value: not isinstance(value, dict) or len(value) <= most,
}
COMBINED: dict[str, Callable[[list[Test]], Test]] = {
    "allOf": all_of,
    "anyOf": lambda tests: lambda value: any(test(value) for test in tests),
    "oneOf": lambda tests: lambda value: sum(test(value) for test in tests) == 1,
}
WRAPPED: dict[str, Callable[[Test], Test]] = {
    "not": lambda test: lambda value: not test(value),
    "items": _items,
    "propertyNames": _keys,
}
