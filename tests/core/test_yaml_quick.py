"""Reading without places and reading with them: one and the same verdict on every text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml.error import YAMLError

from generator.core import yaml_lines, yaml_quick
from generator.core.places import Document
from generator.core.yaml_quick import read_quickly
from generator.core.yaml_reader import DEFAULT_LIMITS, Limits, read_documents

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FOLDERS = ("generator", "profiles", "out", "tests")
TEXTS = {
    str(path.relative_to(ROOT)): path.read_text("utf-8", "replace")
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.yaml"))
}
ODD = [
    *("", "---\n", "---\n---\na: 1\n", "~", "a: 1\n...\n---\nb: 2\n", "\ufeffa: 1", "a: \x01", "a: 1\nb", "[", "a: ]"),
    *("a: &x 1\nb: *x", "&x a: 1", "a: !!str 1", "!!map {a: 1}", "a: !5:6 x", "*x", "a: {<<: {b: 1}}", "'<<': 1"),
    *("a: 1\na: 2", "a: {b: 1, b: 2}", "{a: 1}: 2", "? [a]\n: 1", "? a\n: 1", "a:\n? b\n", "on: 1", "a: yes"),
    *("a: 'yes'", 'a: "12:30"', "a: 12:30:45", "8080: 1", "true: 1", "~: 1", "a: 0777", "a: 1e3", "a: [1, 1.5, ~]"),
    *("a: |\n  b\n  c\n", "a: >-\n  b\n", "a: []\nb: {}\n", "- - - 1\n  - 2\n- {}\n", "a", "1", "- a\n- b: c\n", "\t"),
    *("[" * 59 + "]" * 59, "[" * 60 + "]" * 60, "[" * 61 + "]" * 61, "{a: " * 60 + "1" + "}" * 60, "[" * 70_000),
    *("a: 1\n" * 3, "--- 1\n" * 40, "--- 1\n" * 12_000, "- 1\n" * 70_000, "%YAML 1.1\n---\na: 1", "%FOO\n---\na: 1"),
]
_LEVELS = ["".join(f"{'  ' * level}a:\n" for level in range(levels)) for levels in (20, 31, 32, 33, 40, 59, 60, 61, 62)]
LINES = [one.encode().decode("unicode_escape") for one in (HERE / "yaml" / "lines.txt").read_text("utf-8").splitlines()]
"""What the reading by lines must know, or know that it does not."""


def _places(documents: list[Document]) -> list[object]:
    return [(one.data, one.file, dict(one.values), dict(one.keys)) for one in documents]


def _agree(text: str, allow_ambiguous: bool = False) -> None:
    quick, their_findings = read_quickly(text, "x.yaml", allow_ambiguous=allow_ambiguous)
    full, our_findings = read_documents(text, "x.yaml", allow_ambiguous=allow_ambiguous)
    assert their_findings == our_findings
    assert _places(quick) == _places(full)
    assert [repr(one.data) for one in quick] == [repr(one.data) for one in full]  # 1 is not true, nor 1.0
    assert [one.ambiguous for one in quick] == [one.ambiguous for one in full]


@pytest.mark.parametrize("name", TEXTS)
def test_files(name: str) -> None:
    _agree(TEXTS[name])


@pytest.mark.parametrize("allow_ambiguous", [False, True])
@pytest.mark.parametrize("text", [*ODD, *LINES, *_LEVELS], ids=lambda text: repr(text[:30]))
def test_unusual_texts(text: str, allow_ambiguous: bool) -> None:
    _agree(text, allow_ambiguous)


@pytest.mark.parametrize("text", [b"a: 1\n", b"\xef\xbb\xbfa: 1\n", b"a: \xff\n", "a: é\n".encode(), b"a: \x01\n"])
def test_bytes(text: bytes) -> None:
    quick, full = read_quickly(text, "x.yaml"), read_documents(text, "x.yaml")
    assert (_places(quick[0]), quick[1]) == (_places(full[0]), full[1])


@pytest.mark.parametrize(
    "limits", [Limits(characters=20), Limits(values=6), Limits(values=7), Limits(depth=2), Limits(documents=1)]
)
@pytest.mark.parametrize("text", ["a: [1, 2]\nb: {c: 3}\n", "- [[1]]\n", "a: 1\n---\nb: 2\n", "a: 1\n" + " " * 20])
def test_limits(text: str, limits: Limits) -> None:
    quick, full = read_quickly(text, "x.yaml", limits=limits), read_documents(text, "x.yaml", limits=limits)
    assert (_places(quick[0]), quick[1]) == (_places(full[0]), full[1])


_WORDS = st.sampled_from(
    [
        *(
            "a",
            "b",
            "c",
            "a: ",
            "- ",
            "\n",
            "\n  ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            "'",
            '"',
            "yes",
            "1",
            "0x1",
            "~",
            "? ",
            ": ",
        ),
        *(
            "<<: ",
            "&a ",
            "*a",
            "!!str ",
            "!t ",
            "---\n",
            "...\n",
            "|\n",
            "# c",
            "null",
            "1.5",
            ".inf",
            "a: b\n",
            "- c\n",
        ),
    ]
)


_KEYS, _VALUES = (
    st.sampled_from((HERE / "yaml" / f"{name}.txt").read_text("utf-8").splitlines()) for name in ("keys", "values")
)
_LINE = st.builds(
    lambda indent, item, key, value, end: f"{' ' * indent}{item}{key}{value}{end}\n",
    st.sampled_from([0, 0, 0, 1, 2, 2, 2, 4, 4]),
    st.sampled_from(["", "", "", "- ", "- ", "-  ", "- - "]),
    _KEYS.map(lambda key: f"{key}:") | st.just(""),
    _VALUES.map(lambda value: f" {value}") | st.just(""),
    st.sampled_from(["", "", "", "", " ", " # c", "#c"]),
)
_MARKERS = st.sampled_from(["---\n", "---  \n", "--- # c\n", "...\n", "\n", "# c\n"])


@settings(max_examples=2_000, deadline=None)
@given(st.lists(_LINE | _MARKERS, max_size=8).map("".join), st.booleans())
def test_made_up_lines(text: str, allow_ambiguous: bool) -> None:
    _agree(text, allow_ambiguous)


@settings(max_examples=500, deadline=None)
@given(st.lists(_WORDS, max_size=12).map("".join) | st.sampled_from(sorted(TEXTS)).map(TEXTS.__getitem__))
def test_made_up_texts(text: str) -> None:
    _agree(text)


def test_places_are_worked_out_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(yaml_quick, "read_documents", lambda *_: pytest.fail("read twice"))
        patched.setattr(yaml_quick, "Place", lambda *_: pytest.fail("worked out at once"))
        documents, _ = read_quickly("a:\n  - b\n---\n{c: d}\n---\n- e\n", "x.yaml")
    assert [one.data for one in documents] == [{"a": ["b"]}, {"c": "d"}, ["e"]]
    assert str(documents[0].place(("a", 0))) == "x.yaml:2:5"
    assert str(documents[0].key_place(("a",))) == "x.yaml:1:1"
    assert str(documents[1].place(("c",))) == "x.yaml:4:5"
    assert str(documents[2].place((0,))) == "x.yaml:6:3"


def test_what_is_rendered_is_read_by_lines() -> None:
    slow = []
    for name, text in TEXTS.items():
        has_block_of_text = re.search(r"[:-] \|-?$", text, re.MULTILINE)
        if name.startswith("out/") and not has_block_of_text:
            try:
                yaml_lines.read_block(text.removeprefix("---\n"))
            except yaml_lines.Unusual:
                slow.append(name)
    assert slow == []


def test_what_is_rendered_is_read_by_events_too() -> None:
    slow = []
    for name, text in TEXTS.items():
        if name.startswith("out/"):
            try:
                yaml_quick._read(text, DEFAULT_LIMITS)
            except (yaml_lines.Unusual, YAMLError):
                slow.append(name)
    assert slow == []


def test_only_what_is_unusual_is_left_to_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def noting(text: str, limits: Limits) -> yaml_quick._Noted:
        asked.append(text)
        return read(text, limits)

    read = yaml_quick._read
    monkeypatch.setattr(yaml_quick, "_read", noting)
    documents, _ = read_quickly("a: 1\n---\nb: |\n  c\n---\nd: {e: [f]}\n", "x.yaml")
    assert [one.data for one in documents] == [{"a": 1}, {"b": "c\n"}, {"d": {"e": ["f"]}}]
    assert asked == ["b: |\n  c\n"]
    assert str(documents[2].place(("d", "e", 0))) == "x.yaml:6:9"
    assert str(documents[1].place(("b",))) == "x.yaml:3:4"
    assert asked == ["b: |\n  c\n"]


def test_lines_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_lines, "_MOST_LINES", 3)
    documents, _ = read_quickly("a: 1\nb: 2\nc: 3\nd: 4\n---\na: 1\n", "x.yaml")
    assert [one.data for one in documents] == [{"a": 1, "b": 2, "c": 3, "d": 4}, {"a": 1}]
    assert len(yaml_lines._known) <= 3
