"""libyaml's events composed into nodes: bounded in depth, aliases resolved, nothing typed yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from _ruamel_yaml import CParser
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
from generator.core.places import Place


@dataclass(slots=True)
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


def compose(text: str, file: str, max_depth: int) -> Iterator[Node]:
    """Yield the root node of each document of *text*.

    Works on events and not on libyaml's own nodes, because those are composed by
    recursion in C, which ten thousand opening brackets drive into a crash.

    Raises:
        YamlRefused: nested deeper than *max_depth*, or an alias without its anchor.
        ruamel.yaml.error.YAMLError: not YAML.
    """
    parser = CParser(text)
    while True:
        event = parser.get_event()
        if isinstance(event, StreamEndEvent):
            return
        if isinstance(event, DocumentStartEvent):
            yield _Composer(parser, file, max_depth).node(parser.get_event(), 0)


class _Composer:
    def __init__(self, parser: Any, file: str, max_depth: int) -> None:
        self._parser = parser
        self._file = file
        self._max_depth = max_depth
        self._anchors: dict[str, Node] = {}

    def node(self, event: Any, depth: int) -> Node:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, AliasEvent):
            if event.anchor not in self._anchors:
                message = f"the alias *{event.anchor} has no anchor &{event.anchor} before it"
                raise YamlRefused(Finding("MG002", message, Place(self._file, line, column)))
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
        if isinstance(event, ScalarEvent):
            return Node("scalar", event.value, tag, not event.style, line, column)
        if isinstance(event, SequenceStartEvent):
            items = []
            while not isinstance(event := self._parser.get_event(), SequenceEndEvent):
                items.append(self.node(event, depth + 1))
            return Node("sequence", items, tag, False, line, column)
        assert isinstance(event, MappingStartEvent), event  # noqa: S101  (libyaml's grammar)
        pairs = []
        while not isinstance(event := self._parser.get_event(), MappingEndEvent):
            key = self.node(event, depth + 1)
            pairs.append((key, self.node(self._parser.get_event(), depth + 1)))
        return Node("mapping", pairs, tag, False, line, column)
