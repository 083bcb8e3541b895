"""Whatever a template prints is read back as exactly that, by every reader of YAML there is here."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError
from markupsafe import Markup
from ruamel.yaml import YAML

from generator.core.yaml_reader import read_documents
from generator.templating.quoting import comment, finalize, flow, nested, quoted

_WORDS = st.sampled_from(
    [
        *(
            "",
            "on",
            "y",
            "no",
            "null",
            "~",
            "0777",
            "1e3",
            "12:30:45",
            "=",
            "<<",
            "-",
            "---",
            "...",
            "a: b",
            "a #b",
            "#a",
        ),
        *(
            "&a",
            "*a",
            "!!str x",
            "{{ 7*7 }}",
            "{% raw %}",
            "a\n---\nb: c",
            "\n",
            " a",
            "a ",
            "a\tb",
            "'",
            '"',
            "\\",
            "%",
        ),
        *("@a", "`a", "2001:db8::/32", "x" * 1200, "\x00", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ufffe"),
        *("\ud800", "\U0001f600"),
    ]
)
_TEXT = _WORDS | st.text(max_size=30)
_READABLE = _TEXT.filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))
_NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False)
_DATA = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _READABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_READABLE, inner, max_size=4),
    max_leaves=12,
)


def _readings(text: str) -> list[Any]:
    (document,), findings = read_documents(text, "f")
    assert findings == []
    return [yaml.safe_load(text), YAML(typ="safe", pure=True).load(io.StringIO(text)), document.data]


_SPOTS: list[tuple[str, Callable[[Any], Any]]] = [
    ("value: {}\n", lambda read: read["value"]),
    ("- - {}\n", lambda read: read[0][0]),
    ("a:\n  b:\n    - c: {}\n", lambda read: read["a"]["b"][0]["c"]),
    ("a: [1, {}, 2]\n", lambda read: read["a"][1]),
    ("{{k: {}, l: 1}}\n", lambda read: read["k"]),
]


@given(_DATA)
@example({"x" * 1100: ["x" * 1100]})
@example([1e22, 1e-7, 5e-324, 1.7e308, -0.0, float("inf"), float("-inf"), float("nan"), 1.0])
@example({"a": {"b": [[], {}, [{}]]}})
def test_any_data_is_read_back_equal(data: Any) -> None:
    for template, value_in in _SPOTS:
        for reading in _readings(template.format(finalize(data))):
            assert repr(value_in(reading)) == repr(data)


@given(_READABLE)
def test_any_text_may_be_a_key(text: str) -> None:
    assume(len(quoted(text)) < 1000)
    assert _readings(f"{flow(text)}: 1\n") == [{text: 1}] * 3
    assert _readings(f"a:\n  {flow(text)}: 1\n") == [{"a": {text: 1}}] * 3
    assert _readings(f"[{{{flow(text)}: 1}}]\n") == [[{text: 1}]] * 3


@given(st.text() | _WORDS)
@example("a\u202e\u2066\u200fb\u061c")
@example("a\r\n\x85\u2028\x1b\x00b")
def test_what_is_printed_is_one_line_that_everybody_sees(text: str) -> None:
    assert len(quoted(text).splitlines()) == 1
    for letter in "\n\r\t\x00\x1b\x7f\x85\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff":
        assert letter not in quoted(text)
        assert letter == "\n" or letter not in str(comment(text))


@given(_TEXT)
def test_quoted_is_json(text: str) -> None:
    assert json.loads(quoted(text)) == text


@given(st.text() | _WORDS, st.integers(0, 12))
@example("first\nsecond: true", 0)
@example("a\u2028b\x85c\rd\x0be\x0cf", 4)
@example("word " * 200, 8)
def test_nothing_gets_out_of_a_comment(text: str, indent: int) -> None:
    printed = str(comment(text, indent))
    assert all(line.startswith(" " * indent + "# ") for line in printed.splitlines())
    assert yaml.safe_load(f"a: 1\n{printed}\nb: 2\n") == {"a": 1, "b": 2}
    assert read_documents(f"a: 1\n{printed}\nb: 2\n", "f")[0][0].data == {"a": 1, "b": 2}


def test_a_comment_keeps_its_words() -> None:
    words = " ".join(f"word{number}" for number in range(100))
    printed = str(comment(words, 4))
    assert printed.replace("    # ", "").replace("\n", " ") == words
    assert all(len(line) <= 110 for line in printed.splitlines())


def test_rendered_text_passes_and_values_do_not_nest() -> None:
    assert finalize(Markup("a: b")) == "a: b"
    assert nested(Markup("\na:\nb:\n\n"), 2) == "a:\n  b:"
    with pytest.raises(TypeError, match="macro"):
        nested("a: b", 2)  # type: ignore[arg-type]


def test_enums_print_as_what_they_are() -> None:
    class Mode(StrEnum):
        ON = "on"

    assert flow([Mode.ON]) == '["on"]'


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", {"a": {"b": object}}, range(3), iter([])])
def test_objects_of_python_are_not_printed(value: Any) -> None:
    with pytest.raises(TypeError, match="which YAML cannot hold"):
        finalize(value)


def test_undefined_names_are_named() -> None:
    with pytest.raises(UndefinedError, match="'nobody' is undefined"):
        finalize([StrictUndefined(name="nobody")])
