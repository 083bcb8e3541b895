"""Schemas: the format of address ranges, patterns that end where they say, and no way out to the network."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from referencing.exceptions import Unresolvable

from generator.core.json_schema import compile_schema, schema_problem


def _is_valid(schema: dict[str, Any], value: object) -> bool:
    return not list(compile_schema(schema).iter_errors(value))


def _is_cidr(value: object) -> bool:
    return _is_valid({"format": "cidr"}, value)


@pytest.mark.parametrize("text", ["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "192.0.2.7/32", "fd00::1/128"])
def test_ranges(text: str) -> None:
    assert _is_cidr(text)


@pytest.mark.parametrize(
    "text",
    [
        *("10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "010.0.0.0/8", "10.0.0.0/08", " 10.0.0.0/8"),
        *("2001:db8::1/32", "2001:DB8::/32", "2001:db8:0::/32", "::1", "::/129", "fe80::%eth0/64", "x/8", "/8", ""),
        *("10.0.0.0/8\n", "1\u0660.0.0.0/8", "10.0.0.0/-1", "10.0.0.0/8/8"),
    ],
)
def test_no_ranges(text: str) -> None:
    assert not _is_cidr(text)


@given(st.ip_addresses(), st.integers(0, 32))
def test_the_network_form_is_the_only_form(address: Any, length: int) -> None:
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    assert _is_cidr(str(network))
    assert _is_cidr(f"{address}/{length}") == (network.network_address == address)


def test_other_types_are_not_judged() -> None:
    assert _is_cidr(5)


@pytest.mark.parametrize("pattern", ["^a$", "^(a|b)$", r"^a\Z"])
def test_a_pattern_ends_at_the_end(pattern: str) -> None:
    assert _is_valid({"pattern": pattern}, "a")
    assert not _is_valid({"pattern": pattern}, "a\n"), "Python's $ matches before a last newline as well"
    assert not _is_valid({"propertyNames": {"pattern": pattern}}, {"a\n": 1})


def test_a_reference_out_of_the_schema_is_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def fetch(request: object, **__: object) -> None:
        asked.append(request)
        raise OSError("no network here")

    monkeypatch.setattr("urllib.request.urlopen", fetch)
    for uri in ("http://127.0.0.1:9/schema.json", "file:///etc/hostname"):
        with pytest.raises(Unresolvable):
            list(compile_schema({"$ref": uri}).iter_errors({}))
    assert asked == []


def _nested(levels: int) -> Any:
    schema: Any = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "object"}, ""),
        ({"$defs": {"a/b": {}}, "items": {"$ref": "#/$defs/a~1b"}}, ""),
        ({"$ref": "#"}, "the reference '#' leads back to itself"),
        ({"type": "strng"}, "is not valid under any of the given schemas"),
        ({"properties": {"a": {"pattern": "("}}}, "is not a 'regex'"),
        ({"allOf": [{"$ref": "#/$defs/gone"}]}, "the reference '#/$defs/gone' leads to nothing"),
        ({"allOf": [{"$ref": "http://example.com/x.json"}]}, "leads to nothing in this schema"),
        ({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}, ""),
        ({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}, "back to itself"),
        ({"dependentSchemas": {"a": {"if": {"$ref": "#"}}}}, "the reference '#' leads back to itself"),
        (_nested(59), ""),
        (_nested(60), "nested more than 60 levels deep"),
        (_nested(900), "nested more than 60 levels deep"),
        (5, "is not of type"),
    ],
)
def test_what_is_no_schema(schema: Any, problem: str) -> None:
    found = schema_problem(schema)
    assert problem in found
    assert bool(found) == bool(problem)
