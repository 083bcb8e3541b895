"""A quick yes: whether a value keeps a JSON Schema, without a word about why not.

Nearly everything that is checked is right. So what is right is recognised here, and
jsonschema is loaded to find the words when something is not, or when a schema says more
than this module knows. Measured: a twelfth of the time of a prepared validator of
jsonschema for each document, and none of its import, which is seven times `python -c pass`
(its compiled rivals: two to three times). `tests/core/test_predicates.py` holds the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.core.places import Json
from generator.core.predicate_words import (
    COMBINED,
    PLAIN,
    WRAPPED,
    BeyondUs,
    Test,
    all_of,
    everything,
    nothing,
    text,
    values_of,
)

_SILENT = frozenset(
    {
        *("$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples"),
        *("properties", "additionalProperties", "then", "else"),  # see _fields and _condition
    }
)

_FUSED = {
    "object": frozenset({"type", "required"}),
    "array": frozenset({"type", "items"}),
    "string": frozenset({"type"}),
}
"""Words whose tests are one for a value of this type: in Python a call costs more than most tests."""


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
            return everything if schema else nothing
        if "$id" in schema and not is_root:
            raise BeyondUs("references below it start elsewhere")
        kind = schema.get("type")
        fused = _FUSED.get(kind, frozenset()) if isinstance(kind, str) else frozenset()
        tests = [
            test for word, wanted in schema.items() if word not in fused and (test := self._word(word, wanted, schema))
        ]
        if kind == "object":
            return self._mapping(schema, tests)
        if kind == "array":
            return self._list(schema, tests)
        if kind == "string":
            return text(tests)
        if "properties" in schema or "additionalProperties" in schema:
            tests.append(self._fields(schema))
        return tests[0] if len(tests) == 1 else all_of(tests)

    def _mapping(self, schema: Mapping[str, Any], tests: Sequence[Test]) -> Test:
        """Return one test of the words that most schemas of mappings consist of, and of the other *tests*."""
        required: Sequence[str] = tuple(schema.get("required", ()))
        fields = self._fields(schema)
        if not tests and not required:
            return lambda value: isinstance(value, dict) and fields(value)

        def test(value: Json) -> bool:
            if not isinstance(value, dict):
                return False
            for name in required:
                if name not in value:
                    return False
            for each in tests:
                if not each(value):
                    return False
            return fields(value)

        return test

    def _list(self, schema: Mapping[str, Any], tests: Sequence[Test]) -> Test:
        item = self.compile(schema.get("items", True))

        def test(value: Json) -> bool:
            if not isinstance(value, list):
                return False
            for one in value:
                if not item(one):
                    return False
            for each in tests:  # noqa: SIM110  (all() over a generator takes twice as long)
                if not each(value):
                    return False
            return True

        return test

    def _word(self, word: str, wanted: Json, schema: Mapping[str, Any]) -> Test | None:
        test: Test | None = None
        if word in PLAIN:
            test = PLAIN[word](wanted)
        elif word in ("allOf", "anyOf", "oneOf"):
            test = COMBINED[word]([self.compile(each) for each in wanted])
        elif word in ("not", "items", "propertyNames"):
            test = WRAPPED[word](self.compile(wanted))
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
        if not fields:
            return everything if other is everything else values_of(other)

        def test(value: Json) -> bool:
            if isinstance(value, dict):
                for key, item in value.items():
                    if key in met:
                        each = met[key]
                    elif key in fields:
                        each = met[key] = self.compile(fields[key])
                    else:
                        each = other
                    if not each(item):
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
