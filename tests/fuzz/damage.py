"""Damaging a text that was right: characters of it, and the data that it holds.

Random bytes end at the YAML reader. What comes further is nearly right: a real profile with
a list where a name was, a word of YAML in the middle of a line, a piece of another file.
Hypothesis draws the damage and, where something breaks, finds the smallest that breaks it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache
from typing import Any

import yaml
from hypothesis import strategies as st

from generator.core.places import Json, Route
from generator.core.yaml_reader import read_documents
from tests.support import put, walk

_MOST = 4
"""Damages to one text; more only hide each other."""

_TOKENS = (
    *("", "\n", "\n  ", " ", "\t", "\r\n", "---\n", "...\n", "- ", ": ", "? ", ", ", "#", " # c\n", "\\", "'", '"'),
    *("{", "}", "[", "]", "{}", "[]", "&a ", "*a", "<<: ", "!!str ", "!t ", "|\n", ">-\n", "%YAML 1.1\n", "~", "null"),
    *("yes", "on", "0777", "12:30:45", "1e3", ".inf", "-1", "0", "65536", "99999999999999999999", "*", "**", "/", ".."),
    *("{{", "}}", "{% for x in y %}", "{# ", "${HOME}", "$(id)", "\x00", "\x1b[31m", "\u2028", "\u202e", "\ufeff", "é"),
    *(
        "a" * 70,
        "a." * 40,
        "(" * 80,
        "[" * 80,
        "{a: " * 70,
        "!" * 300,
        "0.0.0.0/0",
        "::/0",
        "10.0.0.1/8",
        "300.1.1.1/8",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 65536, 10**20, float("inf"), "", " ", "*", "a", "on", "0777", "a\nb", "\x1b[1m"),
    *("../../etc/passwd", "/dev/zero", "{{ 7*7 }}", "\u202eweb", "a" * 300, "10.0.0.1/8", "0.0.0.0/0", "::/0", "http"),
    *([], {}, [[]], [None], [{}], {"": ""}, {"a": None}, [1, "1"], {"matchLabels": {}}, [{"from": [{}]}]),
)
_numbers = st.integers(0, 2**16)


@st.composite
def damaged(draw: st.DrawFn, seeds: Sequence[str]) -> str:
    """Draw one of *seeds* with some damage, or with none."""
    text = draw(st.sampled_from(seeds))
    if draw(st.booleans()):
        text = _with_damaged_data(draw, text, seeds)
    for _ in range(draw(st.integers(0, _MOST))):
        text = _with_damaged_text(draw, text, seeds)
    return text


def _with_damaged_text(draw: st.DrawFn, text: str, seeds: Sequence[str]) -> str:
    """Put a token, or nothing, or a piece of another text in the place of some characters."""
    start = draw(_numbers) % (len(text) + 1)
    if draw(st.booleans()):  # where a word begins, which is where something can still be meant
        start = max(text.rfind(" ", 0, start), text.rfind("\n", 0, start)) + 1
    end = start + draw(st.sampled_from((0, 0, 1, 5, 40, 400)))
    what = draw(st.sampled_from(("token", "token", "twice", "other", "end")))
    if what == "end":
        return text[:start]
    if what == "twice":
        return text[:end] + text[start:]
    other = draw(st.sampled_from(seeds))
    at = draw(_numbers) % (len(other) + 1)
    return text[:start] + (draw(st.sampled_from(_TOKENS)) if what == "token" else other[at : at + 200]) + text[end:]


def _with_damaged_data(draw: st.DrawFn, text: str, seeds: Sequence[str]) -> str:
    """Change values of the documents in *text*; a text that holds none stays as it is."""
    documents = copy.deepcopy(_parsed(text))
    for _ in range(draw(st.integers(1, _MOST))):
        routes = [route for route, _ in walk(documents) if route]
        if not routes:
            return text
        route = routes[draw(_numbers) % len(routes)]
        what = draw(st.sampled_from(("value", "value", "other", "drop", "key", "wrap", "twice")))
        if what == "value":
            put(documents, route, copy.deepcopy(draw(st.sampled_from(_VALUES))))
        elif what == "other":
            others = [value for _, value in walk(_parsed(draw(st.sampled_from(seeds))))]
            put(documents, route, copy.deepcopy(others[draw(_numbers) % len(others)]))
        else:
            _bend(draw, documents, route, what)
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def _bend(draw: st.DrawFn, documents: Json, route: Route, what: str) -> None:
    """Drop, rename, wrap or repeat the value at *route*."""
    *above, last = route
    parent = documents
    for step in above:
        parent = parent[step]
    if what == "wrap":
        parent[last] = [parent[last]]
    elif what == "drop":
        del parent[last]
    elif isinstance(parent, list):
        parent.append(copy.deepcopy(parent[int(last)]))
    else:
        parent[draw(st.sampled_from(("", "a", "from", "to", "namespace", "*", "a" * 300, "x\ny")))] = parent.pop(last)


@cache
def _parsed(text: str) -> list[Any]:
    """Return the documents of *text*, none if there are mistakes in it.

    By our own reader: that of PyYAML crashes the interpreter on deep nesting.
    """
    documents, findings = read_documents(text, "seed", allow_ambiguous=True)
    return [] if findings else [one.data for one in documents]
