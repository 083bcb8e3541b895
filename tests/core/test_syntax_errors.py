"""Every way to break YAML has a cure, and what was left open is shown where it begins."""

from __future__ import annotations

import pytest

from generator.core.yaml_reader import read_documents

CURES = {
    "a: [1, 2\nb: 3\n": ("close the bracket", "1:4"),
    "a: {b: 1\n": ("close the bracket", "1:4"),
    'a: "x\nb: 2\n': ("close the quotes", "1:4"),
    "a: 1\n b: 2\n": ("compare the indentation and the colon of the line above", ""),
    "a:b\nc: d\n": ("compare the indentation and the colon of the line above", ""),
    "a: b: c\n": ("a text with a colon needs quotes", ""),
    "a: 'it's'\n": ("brackets and quotes in this one", ""),
    "a:\n  b: c\n c: d\n": ("compare the indentation with the lines above", ""),
    "a:\n  - b\n  c: d\n": ("items of a list begin with -", ""),
    "a:\n\tb: 1\n": ("indent with spaces, not tabs", ""),
    "a: @x\n": ("it may not begin with @", ""),
    "a: `x`\n": ("it may not begin with `", ""),
    "a: *x\n": ("meant to begin with a star", ""),
    "a: [b, c: d: e]\n": ("a text with a colon or a comma needs quotes", "1:4"),
    "a: > x\n  t\n": ("mend the YAML here, or in the line above", ""),
}


@pytest.mark.parametrize("text", CURES)
def test_each_has_a_cure(text: str) -> None:
    _, (finding,) = read_documents(text, "x")
    cure, opened = CURES[text]
    assert finding.code == "MG002"
    assert cure in finding.fix
    assert [f"{place.line}:{place.column}" for place, _ in finding.related] == ([opened] if opened else [])
