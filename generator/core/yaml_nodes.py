"""libyaml's events composed into nodes: bounded in depth, aliases resolved, nothing typed yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from _ruamel_yaml import CParser
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from generator.core.findings import Finding
from generator.core.frozen import dataclass
from generator.core.places import Place


@dataclass(frozen=True, slots=True)
class Node:
    """A composed value. ``value`` is text, a list of nodes, or a list of (key, value) nodes."""

    kind: Literal["scalar", "sequence", "mapping"]
    value: Any
    tag: str | None
    is_plain: bool
    line: int
    column: int


class YamlRefused(Exception):
    """The stream cannot be composed: the one finding says why."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.message)


def compose(text: str, file: str, max_depth: int, *, pure: bool = False) -> Iterator[Node]:
    """Yield the root node of each document of *text*; *pure* takes the parser that knows all of YAML 1.2.

    Works on events and not on libyaml's own nodes, because those are composed by
    recursion in C, which ten thousand opening brackets drive into a crash.

    Raises:
        YamlRefused: nested deeper than *max_depth*, or an alias without its anchor.
        ruamel.yaml.error.YAMLError: not YAML.
    """
    next_event = _pure_events(text).__next__ if pure else CParser(text).get_event
    while True:
        event = next_event()
        if isinstance(event, StreamEndEvent):
            return
        if isinstance(event, DocumentStartEvent):
            yield _Composer(next_event, file, max_depth).node(next_event(), 0)


def is_limit_of_libyaml(error: MarkedYAMLError) -> bool:
    """Tell whether *error* may only mean that the libyaml within ruamel.yaml.clib is one of YAML 1.1.

    In flow style that version takes no colon within a plain scalar: ``{url: https://example.com}``.
    """
    return "found unexpected ':'" in str(error.problem)


def _pure_events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415  (slow to import, and hardly ever needed)

    yield from YAML(typ="safe", pure=True).parse(text)


class _Composer:
    def __init__(self, next_event: Callable[[], Any], file: str, max_depth: int) -> None:
        self._next_event = next_event
        self._file = file
        self._max_depth = max_depth
        self._anchors: dict[str, Node] = {}

    def node(self, event: Any, depth: int) -> Node:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        if type(event) is AliasEvent:
            if event.anchor not in self._anchors:
                message = f"the alias *{event.anchor} has no anchor &{event.anchor} before it"
                fix = "put quotes around the text, if it is meant to begin with a star"
                raise YamlRefused(Finding("MG002", message, Place(self._file, line, column), fix))
            return self._anchors[event.anchor]
        if depth > self._max_depth:
            message = f"nested more than {self._max_depth} levels deep"
            raise YamlRefused(Finding("MG005", message, Place(self._file, line, column), "write it flatter"))
        node = self._started(event, depth, line, column)
        if event.anchor is not None:
            self._anchors[event.anchor] = node  # only now: an alias inside its own anchor would never end
        return node

    def _started(self, event: Any, depth: int, line: int, column: int) -> Node:
        tag = None if event.ctag is None else str(event.ctag)
        kind = type(event)
        if kind is ScalarEvent:
            return Node("scalar", event.value, tag, not event.style, line, column)
        if kind is SequenceStartEvent:
            items = []
            while type(event := self._next_event()) is not SequenceEndEvent:
                items.append(self.node(event, depth + 1))
            return Node("sequence", items, tag, False, line, column)
        assert kind is MappingStartEvent, event  # noqa: S101  (libyaml's grammar)
        pairs = []
        while type(event := self._next_event()) is not MappingEndEvent:
            key = self.node(event, depth + 1)
            pairs.append((key, self.node(self._next_event(), depth + 1)))
        return Node("mapping", pairs, tag, False, line, column)
