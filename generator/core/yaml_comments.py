"""Comments that are meant for us. Reading YAML drops them, so they are looked up in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from _ruamel_yaml import CParser
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import DocumentStartEvent, ScalarEvent, StreamEndEvent

_Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its ``#`` on; ``is_alone`` when nothing else stands on its line."""

    line: int
    column: int
    text: str
    is_alone: bool


@dataclass(frozen=True, slots=True)
class Span:
    """The lines of one document: where its head begins, where its first value stands, and its last line."""

    head: int
    first: int
    last: int


def find_comments(text: str, marker: re.Pattern[str]) -> tuple[list[Comment], list[Span]]:
    """Return the comments of *text* that match *marker* from their ``#`` on, and the extent of every document.

    What looks like a comment inside of quotes or of a block of text is none. Text that is
    no YAML has no comments.
    """
    found = list(_candidates(text, marker))
    if not found:
        return [], []
    try:
        scalars, spans = _scan(text)
    except YAMLError:
        return [], []
    inside = {
        (one.line, one.column)
        for one in found
        if any(start <= (one.line, one.column) < end for start, end in scalars if start[0] <= one.line <= end[0])
    }
    comments: dict[int, Comment] = {}
    for one in found:
        if (one.line, one.column) not in inside:
            comments.setdefault(one.line, one)  # the rest of the line belongs to it
    return list(comments.values()), spans


def _candidates(text: str, marker: re.Pattern[str]) -> Iterator[Comment]:
    for number, line in enumerate(text.splitlines(), start=1):
        for match in marker.finditer(line):
            before = line[: match.start()]
            if not before or before[-1] in " \t":
                yield Comment(number, len(before) + 1, line[match.start() :], not before.strip())


def _scan(text: str) -> tuple[list[tuple[_Position, _Position]], list[Span]]:
    """Return the extent of every scalar that a ``#`` could stand in, and of every document."""
    parser = CParser(text)
    scalars: list[tuple[_Position, _Position]] = []
    starts: list[tuple[int, int]] = []
    head: int | None = None
    while not isinstance(event := parser.get_event(), StreamEndEvent):
        if head is not None:
            starts.append((head, event.start_mark.line + 1))
            head = None
        if isinstance(event, DocumentStartEvent):
            head = event.start_mark.line + 1 if starts else 1
        elif isinstance(event, ScalarEvent) and "#" in event.value:
            first, last = event.start_mark, event.end_mark
            is_block = event.style in ("|", ">")  # whose text begins below the line of its indicator
            start = (first.line + 2, 1) if is_block else (first.line + 1, first.column + 1)
            scalars.append((start, (last.line + 1, last.column + 1)))
    ends = [following - 1 for following, _ in starts[1:]]
    end = text.count("\n") + 2
    return scalars, [Span(head, first, last) for (head, first), last in zip(starts, [*ends, end], strict=True)]
