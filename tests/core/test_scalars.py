"""Which words need no quotes, and which mean different things to different readers of YAML."""

from __future__ import annotations

import io
import itertools
import math
import re
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from generator.core import scalars
from generator.core.scalars import is_ambiguous, is_plain_safe, resolve
from generator.core.yaml_reader import read_documents

AMBIGUOUS = [
    *("y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "=", "<<"),
    *(
        "0777",
        "08",
        "-07",
        "00",
        "0o17",
        "0O17",
        "0b1",
        "0x1F",
        "+0xa",
        "1_000",
        "1_0.5",
        "1.0_5",
        ".5_0",
        "-.5",
        "+.5",
    ),
    *("12:30:45", "1:20", "190:20:30.15", "1e3", "1E3", "1e+3", "1.5e3", "123e45", "-1e-3", ".5e3"),
]
CLEAR = [
    *(
        "yess",
        "Yep",
        "nO",
        "oN",
        "true",
        "false",
        "null",
        "~",
        "NaN",
        "inf",
        "Infinity",
        "None",
        "nan",
        "on.off",
        "yes-no",
    ),
    *(
        "0",
        "-0",
        "7",
        "-12",
        "+12",
        "1.5",
        "-1.5",
        "0.0",
        ".5",
        "1.",
        ".inf",
        "-.inf",
        ".nan",
        "1.2.3",
        "1-2",
        "e3",
        "0xg",
    ),
    *(
        "12:60",
        ":1",
        "1:",
        "a=b",
        "==",
        "<",
        "10.0.0.0/8",
        "2027-03-01",
        "v1",
        "x_1",
        "_",
        "-",
        "---",
        "..",
        "._",
        "._5",
    ),
    *("/", "/*", "a.b"),
]

_LETTERS = st.text("abcdefnolxyzABEFNOSTU0123456789_./*+-:=~<", min_size=1, max_size=12)


def _ruamel(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_ambiguous(text: str) -> None:
    assert is_ambiguous(text)
    assert not is_plain_safe(text)


@pytest.mark.parametrize("text", CLEAR)
def test_not_ambiguous(text: str) -> None:
    assert not is_ambiguous(text)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(_LETTERS | st.from_regex(r"[A-Za-z_/][!-~]{0,6}", fullmatch=True))
def test_what_is_safe_without_quotes_is_that_string_to_every_reader(text: str) -> None:
    assume(is_plain_safe(text))
    for context, route in ((f"{text}\n", ()), (f"a: {text}\n", ("a",)), (f"a: [{text}, {text}]\n", ("a", 1))):
        readings = [yaml.safe_load(context), _ruamel(context), read_documents(context, "f")[0][0].data]
        for reading in readings:
            for step in route:
                reading = reading[step]  # noqa: PLW2901
            assert reading == text
    for context in (f"{text}: 1\n", f"{{{text}: 1}}\n"):
        assert [yaml.safe_load(context), _ruamel(context)] == [{text: 1}] * 2


@pytest.mark.parametrize("text", ["web", "/v1/*", "a.b", "kube-system", "app.kubernetes.io/name", "_", "Yesterday"])
def test_common_words_need_no_quotes(text: str) -> None:
    assert is_plain_safe(text)


@pytest.mark.parametrize("text", ["", "1", "-", "*", "a:b", "a b", "a\n", "ä", "null", "NULL", "Null", "nULL", "TRUE"])
def test_other_words_are_quoted(text: str) -> None:
    assert not is_plain_safe(text)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and bool(one == other)


def test_every_short_word_is_read_alike_or_called_ambiguous() -> None:
    """All words of up to three letters that numbers, booleans and nulls are made of, against a YAML 1.1 reader."""
    for size in (1, 2, 3):
        for letters in itertools.product("01.:_-+eExobyn~=", repeat=size):
            text = "".join(letters)
            if text == "---":
                continue
            try:
                theirs = yaml.safe_load(text)
            except yaml.YAMLError:
                continue  # no plain scalar at all
            except ValueError:
                theirs = "nothing that could be read"
            if not isinstance(theirs, dict | list | date):
                assert is_ambiguous(text) or _same(resolve(text), theirs), text


@given(st.integers(-(10**30), 10**30) | st.floats(allow_nan=False).filter(lambda number: "e" not in repr(number)))
def test_numbers_are_numbers(number: float) -> None:
    assert _same(resolve(repr(number).replace("inf", ".inf")), number)


def test_absurdly_long_numbers_are_no_numbers() -> None:
    assert resolve("9" * 10_000) == "9" * 10_000


def test_what_is_passed_over_quickly_is_not_ambiguous() -> None:
    whole = re.compile(f"{'|'.join(scalars._BOOLEANS_OF_1_1)}|{scalars._AMBIGUOUS}", re.VERBOSE)
    for length in range(5):
        for characters in itertools.product("ynoNf019_.:eE+-=</x\u0661", repeat=length):
            text = "".join(characters)
            assert is_ambiguous(text) == (whole.fullmatch(text) is not None), text
