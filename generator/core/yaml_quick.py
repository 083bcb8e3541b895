"""Reading YAML that is nearly always right: plain data at once, places only when somebody asks for one.

A place for every value is several times the work of reading them, and only mistakes have
use for places. So a file is cut at its lines `---`, and what is written plainly there is read
by `generator.core.yaml_lines`, a second time where somebody asks for a place; anything else by
libyaml's events, whose positions are kept as bare numbers in the order of the text. What is in
any way unusual goes to `generator.core.yaml_reader`, whose verdict is the only one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from functools import cached_property
from typing import Any

from _ruamel_yaml import CParser
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from generator.core.findings import Finding
from generator.core.frozen import dataclass
from generator.core.places import Document, Json, Place, Route
from generator.core.yaml_lines import DEEPEST, Unusual, plain, read_block, spots
from generator.core.yaml_reader import DEFAULT_LIMITS, Limits, has_control_character, read_documents

_STARTS = (MappingStartEvent, SequenceStartEvent)
_ENDS = (MappingEndEvent, SequenceEndEvent)


def read_quickly(
    text: str | bytes, file: str, *, limits: Limits = DEFAULT_LIMITS, allow_ambiguous: bool = False
) -> tuple[list[Document], list[Finding]]:
    """Return exactly what `read_documents` returns, with places that are worked out when first asked for."""
    try:
        _refuse(len(text) > limits.characters)
        decoded = text.decode() if isinstance(text, bytes) else text
        _refuse(decoded.startswith("\ufeff") or has_control_character(decoded))
        found = [document for part in _parts(decoded, limits) for document in part.documents(file)]
        _refuse(len(found) > limits.documents)
    except (Unusual, UnicodeDecodeError, YAMLError):
        return read_documents(text, file, limits=limits, allow_ambiguous=allow_ambiguous)
    return found, []


def _parts(text: str, limits: Limits) -> list[_Part]:
    """Return the parts of *text* between its lines ``---``; all of it in one where it may be cut otherwise too."""
    whole = [_Part(text, 0, limits, is_by_lines=False)]
    # Without aliases there are no more values than characters.
    if len(text) > limits.values or limits.depth < DEEPEST or "\r" in text or "\ufeff" in text:
        return whole
    if any(f"\n{marker}" in text or text.startswith(marker) for marker in ("...", "%")):
        return whole
    *before, last = f"\n{text}".split("\n---")
    parts, lines = [], 0
    for piece in (*(f"{one}\n" for one in before), last):
        behind, _, body = piece.partition("\n")
        if behind.strip():
            return whole  # a document or a comment beside the marker
        parts.append(_Part(body, lines, limits))
        lines += piece.count("\n")
    return parts


@dataclass(frozen=True, slots=True)
class _Noted:
    """Documents, and the position of every key and value of all of them in the order of the text."""

    documents: list[Json] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("L"))
    columns: array[int] = field(default_factory=lambda: array("L"))

    def positions(self, number: int) -> Iterator[tuple[int, int]]:
        """Return line and column of every key and value of document *number*, counted from 0."""
        first, *after = self.starts[number : number + 2]
        part = slice(first, after[0] if after else None)
        return zip(self.lines[part], self.columns[part], strict=True)


class _Part:
    """A stretch of a file that is read by itself; *line* is the number of lines before it."""

    def __init__(self, text: str, line: int, limits: Limits, *, is_by_lines: bool = True) -> None:
        self._text = text
        self._limits = limits
        self.line = line
        self._is_by_lines = is_by_lines

    @cached_property
    def _noted(self) -> _Noted:
        """What libyaml says of it."""
        return _read(self._text, self._limits)

    def documents(self, file: str) -> Iterator[Document]:
        """Yield its documents: read by lines where they are plain enough, else by libyaml."""
        for number, data in enumerate(self._data()):
            places = _Places(self, number, data, file)
            yield Document(data, file, _Later(places, 0), _Later(places, 1))

    def _data(self) -> list[Json]:
        if self._is_by_lines:
            with suppress(Unusual):
                data = read_block(self._text)
                return [] if data is None else [data]
            self._is_by_lines = False
        return self._noted.documents

    def positions(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield line and column of every key and value of document *number*, counted from 0 and from `line`."""
        return spots(self._text) if self._is_by_lines else self._noted.positions(number)


class _Places:
    """The places of one document, which is read by nobody who changes it."""

    def __init__(self, part: _Part, number: int, data: Json, file: str) -> None:
        self._part = part
        self._number = number
        self._data = data
        self._file = file

    @cached_property
    def found(self) -> tuple[Mapping[Route, tuple[int, int]], Mapping[Route, tuple[int, int]]]:
        """Line and column of its values, and of its keys, counted from 0 and from the beginning of its part."""
        values: dict[Route, tuple[int, int]] = {}
        keys: dict[Route, tuple[int, int]] = {}
        following = iter(self._part.positions(self._number)).__next__

        def visit(data: Json, route: Route) -> None:
            values[route] = following()
            if isinstance(data, list):
                for index, item in enumerate(data):
                    visit(item, (*route, index))
            elif isinstance(data, dict):
                for key, value in data.items():
                    below = (*route, key)
                    keys[below] = following()
                    visit(value, below)

        visit(self._data, ())
        return values, keys

    def place(self, position: tuple[int, int]) -> Place:
        """Return the place of a *position* that was found."""
        line, column = position
        return Place(self._file, self._part.line + line + 1, column + 1)


class _Later(Mapping[Route, Place]):
    def __init__(self, places: _Places, part: int) -> None:
        self._places = places
        self._part = part

    def __getitem__(self, route: Route) -> Place:
        return self._places.place(self._places.found[self._part][route])

    def __contains__(self, route: object) -> bool:
        return route in self._places.found[self._part]

    def __iter__(self) -> Iterator[Route]:
        return iter(self._places.found[self._part])

    def __len__(self) -> int:
        return len(self._places.found[self._part])


def _read(text: str, limits: Limits) -> _Noted:
    """Return the documents of *text* as plain data.

    One loop without recursion: in Python a call costs as much as an event.
    """
    next_event = CParser(text).get_event
    noted = _Noted()
    documents, lines, columns = noted.documents, noted.lines, noted.columns
    outer: list[Any] = []
    here: Any = documents
    key: str | None = None
    while True:
        event = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            mark = event.start_mark
            lines.append(mark.line)
            columns.append(mark.column)
            value = _scalar(event)
            if key is None and type(here) is dict:
                key = _key(event.value, here)
                continue
        elif kind in _STARTS:
            mark = event.start_mark
            lines.append(mark.line)
            columns.append(mark.column)
            _refuse(event.ctag is not None or event.anchor is not None or len(outer) >= limits.depth)
            _refuse(key is None and type(here) is dict)  # a mapping as a key
            value = {} if kind is MappingStartEvent else []
        elif kind in _ENDS:
            here = outer.pop()
            continue
        elif kind is StreamEndEvent:
            _refuse(None in documents or len(documents) > limits.documents or len(lines) > limits.values)
            return noted
        else:
            _refuse(kind is AliasEvent)
            continue
        if key is not None:
            here[key], key = value, None
        else:
            if here is documents:
                noted.starts.append(len(lines) - 1)
            here.append(value)
        if kind in _STARTS:
            outer.append(here)
            here = value


def _refuse(is_unusual: bool) -> None:
    if is_unusual:
        raise Unusual


def _scalar(event: Any) -> Json:
    _refuse(event.ctag is not None or event.anchor is not None)
    return event.value if event.style else plain(event.value)


def _key(text: str, mapping: dict[str, Json]) -> str:
    _refuse(text in mapping or text == "<<")
    return text
