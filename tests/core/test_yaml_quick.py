"""Reading without places and reading with them: one and the same verdict on every text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml.error import YAMLError

from generator.core import yaml_quick
from generator.core.places import Document
from generator.core.yaml_quick import read_quickly
from generator.core.yaml_reader import read_documents

ROOT = Path(__file__).resolve().parent.parent.parent
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


def _places(documents: list[Document]) -> list[object]:
    return [(one.data, one.file, dict(one.values), dict(one.keys)) for one in documents]


def _agree(text: str) -> None:
    quick, their_findings = read_quickly(text, "x.yaml")
    full, our_findings = read_documents(text, "x.yaml")
    assert their_findings == our_findings
    assert _places(quick) == _places(full)
    assert [repr(one.data) for one in quick] == [repr(one.data) for one in full]  # 1 is not true, nor 1.0


@pytest.mark.parametrize("name", TEXTS)
def test_files(name: str) -> None:
    _agree(TEXTS[name])


@pytest.mark.parametrize("text", ODD, ids=lambda text: repr(text[:30]))
def test_unusual_texts(text: str) -> None:
    _agree(text)


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


@settings(max_examples=500, deadline=None)
@given(st.lists(_WORDS, max_size=12).map("".join) | st.sampled_from(sorted(TEXTS)).map(TEXTS.__getitem__))
def test_made_up_texts(text: str) -> None:
    _agree(text)


def test_places_are_looked_for_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(yaml_quick, "read_documents", lambda *_: pytest.fail("read twice"))
        (document,), _ = read_quickly("a:\n  - b\n", "x.yaml")
    assert document.data == {"a": ["b"]}
    assert str(document.place(("a", 0))) == "x.yaml:2:5"
    assert str(document.key_place(("a",))) == "x.yaml:1:1"


def test_what_is_rendered_is_read_quickly() -> None:
    slow = []
    for name, text in TEXTS.items():
        if name.startswith("out/"):
            try:
                yaml_quick._values(text)
            except (yaml_quick._Unusual, YAMLError):
                slow.append(name)
    assert slow == []
