"""The sentences for mistakes against any JSON Schema, as profiles use them too."""

from __future__ import annotations

from typing import Any

import pytest

from generator.core import schema_errors
from generator.core.json_schema import compile_schema
from generator.core.yaml_reader import read_documents


def _told(schema: dict[str, Any], text: str, prefix: tuple[str | int, ...] = ()) -> list[tuple[str, str, str, str]]:
    (document,), _ = read_documents(text, "profile.yaml", allow_ambiguous=True)
    validator = compile_schema(schema)
    found = schema_errors.findings(
        document, validator, wrong="WRONG", unknown="UNKNOWN", missing="MISSING", route_prefix=prefix
    )
    return [(f.code, str(f.place).removeprefix("profile.yaml:"), f.message, f.fix) for f in found]


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        (
            {"type": "array"},
            "5",
            ("WRONG", "1:1", "the document must be a list, here it is a number", "write a list, one `- ` per item"),
        ),
        (
            {"type": ["string", "array"]},
            "{}",
            (
                "WRONG",
                "1:1",
                "the document must be text or a list, here it is a mapping",
                "write a list, one `- ` per item",
            ),
        ),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            "b: {}\naa: 1\na: 1",
            ("UNKNOWN", "2:1", "`aa` is not a known field", "did you mean 'a'?"),
        ),
        ({"required": ["a", "b"]}, "a: 1", ("MISSING", "1:1", "the document must have the field `b`", "add `b`")),
        ({"dependentRequired": {"a": ["b"]}}, "c: 1\na: 1", ("MISSING", "2:1", "`a` needs `b` beside it", "add `b`")),
        (
            {"properties": {"a": {"enum": ["tcp", "udp"]}}},
            "a: TCP",
            ("WRONG", "1:4", "`a` must not be 'TCP'", "did you mean 'tcp'?"),
        ),
        ({"properties": {"a": {"enum": [1, 2]}}}, "a: 3", ("WRONG", "1:4", "`a` must not be 3", "known: 1, 2")),
        (
            {"properties": {"a": {"const": "x"}}},
            "a: y",
            ("WRONG", "1:4", "`a` must be 'x', here it is 'y'", "write 'x'"),
        ),
        (
            {"properties": {"a": {"pattern": "^b$"}}},
            "a: c",
            ("WRONG", "1:4", "`a` is 'c', which does not match ^b$", ""),
        ),
        (
            {"properties": {"a": {"pattern": "^b$", "x-fix": "write b"}}},
            "a: c",
            ("WRONG", "1:4", "`a` is 'c', which is not allowed", "write b"),
        ),
        (
            {"properties": {"a": {"format": "cidr"}}},
            "a: 10.0.0.1/8",
            ("WRONG", "1:4", "`a` is '10.0.0.1/8', which is no cidr", ""),
        ),
        (
            {"properties": {"a": {"minimum": 1, "x-message": "a is too small"}}},
            "a: 0",
            ("WRONG", "1:4", "a is too small", ""),
        ),
        (
            {"properties": {"a": {"maxItems": 1}}},
            "a: [1, 2]",
            ("WRONG", "1:4", "`a` must have at most 1 item, here it has 2", ""),
        ),
        (
            {"properties": {"a": {"uniqueItems": True}}},
            "a: [1, 1]",
            ("WRONG", "1:4", "`a` holds the same item twice", ""),
        ),
        ({"properties": {"a": {"not": {}}}}, "a: 1", ("WRONG", "1:4", "`a` is not allowed here", "")),
        (
            {"propertyNames": {"maxLength": 2}},
            "abc: 1",
            ("WRONG", "1:1", "the key 'abc' in the document must have at most 2 characters, here it has 3", ""),
        ),
        (
            {"not": {"required": ["a", "b"]}},
            "a: 1\nb: 2",
            ("WRONG", "2:1", "the document sets `a` and `b`; only one of them may be set", "keep one of them"),
        ),
        ({"not": {"required": ["a"]}}, "a: 1", ("WRONG", "1:1", "`a` must not be set here", "remove it")),
        (
            {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            "{a: 1, b: 2}",
            ("WRONG", "1:8", "the document sets `a` and `b`; only one of them may be set", "keep one of them"),
        ),
        (
            {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            "c: 1",
            ("MISSING", "1:1", "the document must have `a` or `b`", "add one of them"),
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "[1]",
            (
                "WRONG",
                "1:1",
                "the document must be text or a whole number, here it is a list",
                "write text or a whole number in its place",
            ),
        ),
        (
            {"anyOf": [{"type": "string"}, {"properties": {"a": {"type": "integer"}}, "type": "object"}]},
            "a: x",
            ("WRONG", "1:4", "`a` must be a whole number, here it is text", "write a whole number in its place"),
        ),
        (
            {"if": {"required": ["a"]}, "then": {"required": ["b"], "x-fix": "say which b"}},
            "a: 1",
            ("MISSING", "1:1", "the document must have the field `b`", "say which b"),
        ),
    ],
)
def test_one_mistake_one_sentence(schema: dict[str, Any], text: str, expected: tuple[str, str, str, str]) -> None:
    assert expected in _told(schema, text)


def test_the_alternative_that_was_meant_is_explained() -> None:
    schema = {
        "oneOf": [
            {"properties": {"kind": {"const": kind}, field: {"type": "integer"}}, "required": ["kind", field]}
            for kind, field in (("open", "port"), ("closed", "reason"))
        ]
    }
    assert _told(schema, "kind: closed\nreason: why") == [
        ("WRONG", "2:9", "`reason` must be a whole number, here it is text", "write a whole number in its place")
    ]


def test_a_part_of_a_document_is_told_from_its_root() -> None:
    schema = {"properties": {"port": {"type": "integer"}}}
    assert _told(schema, "spec:\n  items: [{port: x}]", ("spec", "items", 0)) == [
        (
            "WRONG",
            "2:18",
            "`spec.items[0].port` must be a whole number, here it is text",
            "write a whole number in its place",
        )
    ]


def test_a_wrong_type_is_not_also_a_wrong_choice() -> None:
    schema = {"properties": {"a": {"type": "string", "enum": ["b"]}}}
    assert len(_told(schema, "a: 1")) == 1
