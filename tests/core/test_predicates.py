"""The quick yes of `generator.core.predicates` and jsonschema's verdict: equal on every schema of ours."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.core.json_schema import Validator, _dialect, _is_cidr
from generator.core.places import Json, Route
from generator.core.predicate_words import BeyondUs, Test
from generator.core.predicates import compile_predicate
from generator.core.resources import package_file
from generator.core.yaml_reader import read_documents
from generator.environment.load import environment_schema
from generator.intent.expand import Expander, intent_schema
from generator.intent.profile import find_files, read_profiles
from generator.intent.profile_types import common_definitions, profile_folders, profile_types
from generator.manifests.schema import known_kinds, schema_of
from generator.pipeline import Request, render
from generator.templating.engine import TemplateEngine
from generator.templating.placed import finalize_placed

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMAS: dict[str, dict[str, Any]] = {
    "intent": intent_schema(),
    "environment": environment_schema(),
    **{f"profile {name}": kind.schema() for name, kind in profile_types().items()},
    **{kind: schema_of(kind, version) for version, kind in sorted(known_kinds())},
}
REPLACEMENTS: list[Json] = [
    *(None, True, False, 0, 1, -1, 1.0, 1.5, 65536, math.nan, math.inf),
    *("", "x", "X", "a\n", "10.0.0.0/8", "10.0.0.1/8", "10.0.0.1", "::/0", "*", "x" * 300),
    *(
        [],
        [1, 1],
        [1, 2],
        [1, "1"],
        ["a", "a"],
        ["b", "a"],
        [{}, {}],
        [{"a": 1}, {"a": True}],
        [True, 1],
        [1, 1.0],
        {},
        {"x": 1},
        {"a": {"a": None}},
    ),
]


def _documents() -> dict[str, list[Json]]:
    """Every kind of document, right and wrong ones, by the schema that it is held against."""
    found: dict[str, list[Json]] = {name: [] for name in SCHEMAS}
    for path in sorted(package_file("environment", "presets").glob("*.yaml")):
        found["environment"] += [one.data for one in read_documents(path.read_bytes(), "")[0]]
    for path in sorted([*ROOT.glob("profiles/*/*/*.yaml"), *ROOT.glob("tests/manifests/*valid/*.yaml")]):
        for one in read_documents(path.read_bytes(), "")[0]:
            data = one.data if isinstance(one.data, dict) else {}
            for name in (f"profile {data.get('profile')}", str(data.get("kind"))):
                if name in found:
                    found[name].append(data)
    expander = Expander(profile_types(), TemplateEngine(profile_folders(()), finalize_placed))
    for kind in profile_types().values():
        for path in kind.examples():
            for profile in read_profiles(find_files([str(path)])[0], common_definitions())[0]:
                intent, _ = expander.expand(profile)
                assert intent
                found["intent"].append(intent.data)
            for text in render(Request((str(path),))).files.values():
                data = read_documents(text, "")[0][0].data
                found[data["kind"]].append(data)
    return found


DOCUMENTS = _documents()


def _predicate(name: str) -> Test:
    return compile_predicate(SCHEMAS[name], {"cidr": _is_cidr})


PREDICATES = {name: _predicate(name) for name in SCHEMAS}
VALIDATORS = {name: Validator(schema)._in_full for name, schema in SCHEMAS.items()}


def _routes(data: Json, route: Route = ()) -> Iterator[Route]:
    yield route
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        yield from _routes(value, (*route, key))


def _agree(name: str, data: Json) -> bool:
    """Compare the two verdicts, and return ours; a predicate that does not know asks jsonschema."""
    try:
        ours = PREDICATES[name](data)
    except BeyondUs:
        return False
    assert ours == VALIDATORS[name].is_valid(data), (name, data)
    return ours


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_of_ours_need_nothing_beyond(name: str) -> None:
    verdicts = [_agree(name, data) for data in DOCUMENTS[name]]
    assert any(verdicts), "no document of this kind to compare with"


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_mutants_are_judged_alike(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(name for name, documents in DOCUMENTS.items() if documents)))
    mutant = copy.deepcopy(data.draw(st.sampled_from(DOCUMENTS[name])))
    for _ in range(data.draw(st.integers(1, 2))):
        mutant = _mutated(mutant, data)
    _agree(name, mutant)


def _mutated(document: Json, data: st.DataObject) -> Json:
    route = data.draw(st.sampled_from(list(_routes(document))))
    if not route:
        return copy.deepcopy(data.draw(st.sampled_from(REPLACEMENTS)))
    home = document
    for step in route[:-1]:
        home = home[step]
    action = data.draw(st.sampled_from(("replace", "remove", "add", "repeat")))
    if action == "replace":
        home[route[-1]] = copy.deepcopy(data.draw(st.sampled_from(REPLACEMENTS)))
    elif action == "remove":
        del home[route[-1]]
    elif isinstance(home, list):
        home.append(copy.deepcopy(home[int(route[-1])]))
    else:
        other = data.draw(st.sampled_from(["", "x", "a b", "*", "exact", "port", *map(str, home)]))
        home[other] = copy.deepcopy(home[route[-1]])
    return document


WORDS: list[dict[str, Any]] = [
    *({"type": name} for name in ("object", "array", "string", "integer", "number", "boolean", "null")),
    *({"type": ["integer", "string"]}, {"enum": [1, "x", None]}, {"enum": [True, 0]}, {"const": 1}, {"const": False}),
    *({"minimum": 1}, {"maximum": 1}, {"not": {"minimum": 1}}, {"not": {"maximum": 1}}, {"uniqueItems": True}),
    *({"pattern": "^[a-z]$"}, {"minLength": 1}, {"maxLength": 1}, {"minItems": 1}, {"maxItems": 1}),
    *({"minProperties": 1}, {"maxProperties": 1}, {"required": ["x"]}, {"dependentRequired": {"x": ["a"]}}),
    *({"properties": {"x": False}}, {"additionalProperties": False}, {"additionalProperties": {"type": "null"}}),
    {"properties": {"x": {}}, "additionalProperties": False},
    *({"items": {"type": "integer"}}, {"propertyNames": {"maxLength": 0}}, {"format": "cidr"}, {"format": "email"}),
    *({"allOf": [{"type": "string"}, {"minLength": 1}]}, {"anyOf": [{"type": "null"}, {"const": 1}]}),
    {"oneOf": [{"type": "number"}, {"type": "integer"}]},
    {"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"type": "integer"}},
    {"if": {"type": "string"}, "then": {"minLength": 1}},
    {"$ref": "#/$defs/x", "minLength": 1, "$defs": {"x": {"type": "string"}}},
    {"properties": {"a": {"$ref": "#"}}, "additionalProperties": {"$ref": "#/properties/a"}},
    *({"patternProperties": {"x": False}}, {"multipleOf": 2}, {"const": [1]}, {"properties": {"x": {"$id": "y"}}}),
    *({"pattern": "("}, {"$dynamicRef": "#x"}, {"contains": {}}, {"unevaluatedProperties": False}),
]


KNOWN, UNKNOWN = WORDS[:-8], WORDS[-8:]


@pytest.mark.parametrize("schema", KNOWN, ids=str)
def test_every_word_means_what_jsonschema_means(schema: dict[str, Any]) -> None:
    predicate, validator = compile_predicate(schema, {"cidr": _is_cidr}), Validator(schema)._in_full
    for value in REPLACEMENTS:
        assert predicate(value) == validator.is_valid(value), value


@pytest.mark.parametrize("schema", UNKNOWN, ids=str)
def test_what_is_not_known_is_left_to_jsonschema(schema: dict[str, Any]) -> None:
    with pytest.raises(BeyondUs):
        compile_predicate(schema, {})({"x": 1})


def test_the_dialect_is_drafts_own() -> None:
    assert _dialect().META_SCHEMA["$id"] == "https://json-schema.org/draft/2020-12/schema"
