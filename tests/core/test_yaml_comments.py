"""Comments are told from text, and documents from each other."""

from __future__ import annotations

import re

from generator.core.yaml_comments import Span, find_comments

MARK = re.compile("# ?mark")


def _found(text: str) -> list[tuple[int, int, bool]]:
    return [(one.line, one.column, one.is_alone) for one in find_comments(text, MARK)[0]]


def test_comments_and_what_looks_like_one() -> None:
    text = """\
# mark 1
a: |   # mark 2
  # mark no
   # mark no
# mark 5
b: "x # mark no
   # mark no"  # mark 7
c: [1, # mark 8
  '# mark no', # mark 9
  2]
d: x# mark no
e: >-

  # mark no

  # mark no
 # mark 17
f: plain # mark 18
"""
    assert _found(text) == [
        *((1, 1, True), (2, 8, False), (5, 1, True), (7, 16, False), (8, 8, False)),
        *((9, 16, False), (17, 2, True), (18, 10, False)),
    ]


def test_documents() -> None:
    text = "# mark\n---\n# a\nx: 1\n# b\n--- # c\n\n[1]\n...\n# d\n---\n# e\n---\ny: 2\n"
    assert find_comments(text, MARK)[1] == [Span(1, 4, 5), Span(6, 8, 10), Span(11, 13, 12), Span(13, 14, 16)]


def test_text_that_is_no_yaml_has_no_comments() -> None:
    assert find_comments("# mark\na: [\n", MARK) == ([], [])
    assert find_comments("a: 1\n", MARK) == ([], [])
