"""The text of a ResourceList, changed line by line: what is not changed keeps every byte, comments included.

Parsing and printing again would lose comments or hang them on the wrong object, and turn
`0777` into 511. So lines are exchanged where the list is in block style, as Kustomize and
kpt print it. One in flow style, JSON above all, has no comments and is printed as JSON.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from generator.core.places import Json
from generator.core.yaml_nodes import Node, compose

_DEPTH = 200
_MARKER = re.compile(r"^(\.\.\.|---)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a text, from *start* up to and without *end*, counted from 0."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a list: documents in the place of items, items that go, documents that come, new results."""

    renewed: Mapping[int, str] = field(default_factory=dict)
    removed: Sequence[int] = ()
    added: Sequence[str] = ()
    results: Sequence[Mapping[str, Json]] = ()


class ListText:
    """A list in block style."""

    def __init__(self, text: str, root: Node) -> None:
        """Take a *text* and its *root* node."""
        self._lines = _ended(text).splitlines(keepends=True)
        starts = [key.line - 1 for key, _ in root.value]
        ends = [*starts[1:], len(self._lines)]
        names = [key.value for key, _ in root.value]
        self._keys = {name: Lines(*one) for name, *one in zip(names, starts, ends, strict=True)}
        nodes = dict(zip(names, (value for _, value in root.value), strict=True))
        self._listed: Node | None = nodes.get("items")
        self._blocks = {name for name, node in nodes.items() if _is_block(node, self._lines)}
        self.items = self._cut(self._listed) if self._listed and self._listed.value else []

    def _cut(self, listed: Node) -> list[Lines]:
        """Return the lines of every item; comments between two of them belong to neither."""
        indent = listed.column - 1
        dash = " " * indent + "-"
        starts = []
        for item in listed.value:
            start = item.line - 1
            while not self._lines[start].startswith(dash):  # comments may lie between the dash and the object
                start -= 1
            starts.append(start)
        ends = [*starts[1:], self._keys["items"].end]
        return [self._without_what_follows(*one, indent) for one in zip(starts, ends, strict=True)]

    def _without_what_follows(self, start: int, end: int, indent: int) -> Lines:
        while end > start + 1 and _is_outside(self._lines[end - 1], indent):
            end -= 1
        return Lines(start, end)

    def item(self, index: int) -> str:
        """Return one item as a document of its own."""
        found = self.items[index]
        text = "".join(self._lines[found.start : found.end])
        return textwrap.dedent(text.replace("-", " ", 1))

    def value(self, key: str) -> str | None:
        """Return the mapping below *key* as a document of its own; None where it is in flow style."""
        if key not in self._blocks:
            return None
        found = self._keys[key]
        return textwrap.dedent("".join(self._lines[found.start + 1 : found.end]))

    def changed(self, change: Change) -> str:
        """Return the text after *change*."""
        indent = self._listed.column - 1 if self.items and self._listed else 0
        exchanged = {self.items[index]: _as_item(text, indent) for index, text in change.renewed.items()}
        exchanged |= {self.items[index]: "" for index in change.removed}
        if change.added:
            new = "".join(_as_item(text, indent) for text in change.added)
            exchanged |= self._addition(new)
        elif self.items and len(change.removed) == len(self.items):
            exchanged |= {Lines(self._keys["items"].start, self.items[0].start): "items: []\n"}
        if "results" in self._keys:
            exchanged[self._keys["results"]] = ""
        lines = list(self._lines)
        for where, text in sorted(exchanged.items(), key=lambda one: (one[0].start, one[0].end), reverse=True):
            lines[where.start : where.end] = [text]
        return "".join(lines) + _results(change.results)

    def _addition(self, new: str) -> dict[Lines, str]:
        if self.items:
            return {Lines(self.items[-1].end, self.items[-1].end): new}
        if "items" in self._keys:
            start = self._keys["items"].start
            end = self._listed.line if self._listed and self._listed.kind == "sequence" else start + 1
            return {Lines(start, end): f"items:\n{new}"}
        return {Lines(len(self._lines), len(self._lines)): f"items:\n{new}"}


def list_text(text: str) -> ListText | None:
    """Return *text* for changes by line; None where it is in flow style, or has marks of a stream."""
    root = next(compose(text, "", _DEPTH))
    lines = text.splitlines()
    nodes = [root, *(value for key, value in root.value if key.value == "items")]
    is_block = all(_is_block(one, lines) or not one.value for one in nodes)
    if not is_block or root.column != 1 or _MARKER.search(text.partition(lines[root.line - 1])[2]):
        return None
    return ListText(text, root)


def as_json(data: Mapping[str, Json], change: Change) -> str:
    """Return the list *data* after *change* as JSON; the documents of the change are JSON already."""
    items = [
        json.loads(change.renewed[index]) if index in change.renewed else item
        for index, item in enumerate(data.get("items") or [])
        if index not in change.removed
    ]
    changed = {key: value for key, value in data.items() if key != "results"}
    changed["items"] = [*items, *map(json.loads, change.added)]
    return json.dumps(changed | ({"results": list(change.results)} if change.results else {}), indent=2) + "\n"


def _is_block(node: Node, lines: Sequence[str]) -> bool:
    return node.kind != "scalar" and lines[node.line - 1][node.column - 1] not in "[{&!"


def _is_outside(line: str, indent: int) -> bool:
    """Whether *line* is blank, or a comment that does not stand within an item."""
    text = line.strip()
    return not text or (text.startswith("#") and len(line) - len(line.lstrip()) <= indent)


def _as_item(text: str, indent: int) -> str:
    inner = textwrap.indent(_ended(text), " " * (indent + 2))
    return " " * indent + "- " + inner[indent + 2 :]


def _ended(text: str) -> str:
    return text if text.endswith("\n") or not text else text + "\n"


def _results(results: Sequence[Mapping[str, Json]]) -> str:
    if not results:
        return ""
    return "results:\n" + "".join(f"- {json.dumps(one, ensure_ascii=False)}\n" for one in results)
