"""Reading YAML that is nearly always right: plain data at once, places only when somebody asks for one.

Everything that is rendered is read back. Noting the place of every value takes twice as
long as reading it, and only mistakes have use for places. What is in any way unusual here
goes to `generator.core.yaml_reader`, whose verdict is the only one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
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
from generator.core.places import Document, Json, Place, Route
from generator.core.scalars import is_ambiguous, resolve
from generator.core.yaml_reader import DEFAULT_LIMITS, has_control_character, read_documents

_STARTS = (MappingStartEvent, SequenceStartEvent)
_ENDS = (MappingEndEvent, SequenceEndEvent)
_MOST_CHARACTERS = DEFAULT_LIMITS.values // 2
"""Fewer than could hold more values or documents than are allowed."""


class _Unusual(Exception):
    """An alias, a tag, a duplicate key, an ambiguous scalar: the reader with places decides."""


def read_quickly(text: str, file: str) -> tuple[list[Document], list[Finding]]:
    """Return exactly what `read_documents` returns, with places that are found when first asked for."""
    if len(text) > _MOST_CHARACTERS or text.startswith("\ufeff") or has_control_character(text):
        return read_documents(text, file)
    try:
        values = _values(text)
    except (_Unusual, YAMLError):
        return read_documents(text, file)
    reading = _Reading(text, file)
    return [Document(data, file, _Later(reading, n, 0), _Later(reading, n, 1)) for n, data in enumerate(values)], []


class _Reading:
    """The same text read once more, with places."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file

    @cached_property
    def places(self) -> list[tuple[Mapping[Route, Place], Mapping[Route, Place]]]:
        return [(one.values, one.keys) for one in read_documents(self._text, self._file)[0]]


class _Later(Mapping[Route, Place]):
    def __init__(self, reading: _Reading, document: int, part: int) -> None:
        self._reading = reading
        self._document = document
        self._part = part

    @property
    def _found(self) -> Mapping[Route, Place]:
        return self._reading.places[self._document][self._part]

    def __getitem__(self, route: Route) -> Place:
        return self._found[route]

    def __iter__(self) -> Iterator[Route]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _values(text: str) -> list[Json]:
    """Return the documents of *text* as plain data.

    One loop without recursion: in Python a call costs as much as an event.
    """
    next_event = CParser(text).get_event
    documents: list[Json] = []
    outer: list[Any] = []
    here: Any = documents
    key: str | None = None
    while True:
        event = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            value = _scalar(event)
            if key is None and type(here) is dict:
                key = _key(event.value, here)
                continue
        elif kind in _STARTS:
            _refuse(event.ctag is not None or event.anchor is not None or len(outer) >= DEFAULT_LIMITS.depth)
            _refuse(key is None and type(here) is dict)  # a mapping as a key
            value = {} if kind is MappingStartEvent else []
        elif kind in _ENDS:
            here = outer.pop()
            continue
        elif kind is StreamEndEvent:
            _refuse(None in documents or len(documents) > DEFAULT_LIMITS.documents)
            return documents
        else:
            _refuse(kind is AliasEvent)
            continue
        if key is None:
            here.append(value)
        else:
            here[key], key = value, None
        if kind in _STARTS:
            outer.append(here)
            here = value


def _refuse(is_unusual: bool) -> None:
    if is_unusual:
        raise _Unusual


def _scalar(event: Any) -> Json:
    _refuse(event.ctag is not None or event.anchor is not None)
    return event.value if event.style else _plain(event.value)


def _key(text: str, mapping: dict[str, Json]) -> str:
    _refuse(text in mapping or text == "<<")
    return text


@lru_cache(maxsize=20_000)
def _plain(text: str) -> Json:
    _refuse(is_ambiguous(text))
    return resolve(text)
