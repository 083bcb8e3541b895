"""A quick yes: whether a value keeps a JSON Schema, without a word about why not.

Nearly everything that is checked is right. So what is right is recognised here, and
jsonschema is loaded to find the words when something is not, or when a schema says more
than this module knows. Measured: a twelfth of the time of a prepared validator of
jsonschema for each document, and none of its import, which is seven times `python -c pass`
(its compiled rivals: two to three times). `tests/core/test_predicates.py` holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from generator.core.places import Json

Test = Callable[[Json], bool]


class BeyondUs(Exception):
    """The schema, or the value, needs the whole standard."""


_IS: dict[str, Test] = {
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
_IS_NUMBER = _IS["number"]
_SILENT = frozenset(
    {
        *("$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples"),
        *("properties", "additionalProperties", "then", "else"),  # see _fields and _condition
    }
)


def python_pattern(pattern: str) -> str:
    r"""Translate the end of a schema's *pattern*: Python's ``$`` also matches before a last newline."""
    return pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern


def compile_predicate(schema: Mapping[str, Any], formats: Mapping[str, Test]) -> Test:
    """Return the test of *schema*; its fields and references are compiled when they are first met.

    Raises:
        BeyondUs: *schema* uses a word that is not known here; the test may raise it too.
    """
    return _Compiler(schema, formats).compile(schema, is_root=True)


class _Compiler:
    def __init__(self, root: Mapping[str, Any], formats: Mapping[str, Test]) -> None:
        self._root = root
        self._formats = formats
        self._referred: dict[str, Test] = {}

    def compile(self, schema: Json, *, is_root: bool = False) -> Test:
        if isinstance(schema, bool):
            return _everything if schema else _nothing
        if "$id" in schema and not is_root:
            raise BeyondUs("references below it start elsewhere")
        tests = [test for word, wanted in schema.items() if (test := self._word(word, wanted, schema))]
        if "properties" in schema or "additionalProperties" in schema:
            tests.append(self._fields(schema))
        return tests[0] if len(tests) == 1 else _all(tests)

    def _word(self, word: str, wanted: Json, schema: Mapping[str, Any]) -> Test | None:
        test: Test | None = None
        if word in _PLAIN:
            test = _PLAIN[word](wanted)
        elif word in ("allOf", "anyOf", "oneOf"):
            test = _COMBINED[word]([self.compile(each) for each in wanted])
        elif word in ("not", "items", "propertyNames"):
            test = _WRAPPED[word](self.compile(wanted))
        elif word == "$ref":
            test = self._reference(wanted)
        elif word == "if":
            test = self._condition(wanted, schema)
        elif word == "format":
            test = self._formats.get(wanted)
        elif word not in _SILENT and not word.startswith("x-"):
            raise BeyondUs(word)
        return test

    def _fields(self, schema: Mapping[str, Any]) -> Test:
        fields: Mapping[str, Json] = schema.get("properties", {})
        other = self.compile(schema.get("additionalProperties", True))
        met: dict[str, Test] = {}

        def test(value: Json) -> bool:
            if isinstance(value, dict):
                for key, item in value.items():
                    if key in fields and key not in met:
                        met[key] = self.compile(fields[key])
                    if not met.get(key, other)(item):
                        return False
            return True

        return test

    def _reference(self, pointer: str) -> Test:
        referred = self._referred

        def test(value: Json) -> bool:
            if pointer not in referred:
                referred[pointer] = self.compile(self._at(pointer), is_root=pointer == "#")
            return referred[pointer](value)

        return test

    def _at(self, pointer: str) -> Json:
        found: Json = self._root
        if pointer != "#" and not pointer.startswith("#/"):
            raise BeyondUs(pointer)
        for step in pointer.split("/")[1:]:
            if not isinstance(found, dict) or step not in found:  # escaped characters are not found either
                raise BeyondUs(pointer)
            found = found[step]
        return found

    def _condition(self, wanted: Json, schema: Mapping[str, Any]) -> Test:
        holds = self.compile(wanted)
        then, otherwise = self.compile(schema.get("then", True)), self.compile(schema.get("else", True))
        return lambda value: then(value) if holds(value) else otherwise(value)


def _everything(value: Json) -> bool:  # noqa: ARG001
    return True


def _nothing(value: Json) -> bool:  # noqa: ARG001
    return False


def _all(tests: Sequence[Test]) -> Test:
    def test(value: Json) -> bool:
        for each in tests:  # noqa: SIM110  (all() over a generator takes twice as long)
            if not each(value):
                return False
        return True

    return test


def _types(names: str | list[str]) -> Test:
    tests = [_IS[name] for name in ([names] if isinstance(names, str) else names)]
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

    return test if is_wanted else _everything


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


_PLAIN: dict[str, Callable[[Any], Test]] = {
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
_COMBINED: dict[str, Callable[[list[Test]], Test]] = {
    "allOf": _all,
    "anyOf": lambda tests: lambda value: any(test(value) for test in tests),
    "oneOf": lambda tests: lambda value: sum(test(value) for test in tests) == 1,
}
_WRAPPED: dict[str, Callable[[Test], Test]] = {
    "not": lambda test: lambda value: not test(value),
    "items": _items,
    "propertyNames": _keys,
}
