"""Where a value was written: the type that makes file:line:column possible for every message."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import field
from typing import Any

from generator.core.frozen import dataclass

Json = Any
"""Plain data as YAML gives it: None, bool, int, float, str, list, dict with string keys."""

Route = tuple[str | int, ...]
"""Keys and indexes from the root of a document to a value, e.g. ``("spec", "flows", 0, "from")``."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file, counted from 1 as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its plain data, and the place of every value and key in it.

    ``ambiguous`` are the places of texts, of the whole file, that other readers take for something else.
    """

    data: Json
    file: str
    values: Mapping[Route, Place] = field(repr=False)
    keys: Mapping[Route, Place] = field(repr=False)
    ambiguous: Set[Place] = field(default=frozenset(), repr=False, compare=False)

    def place(self, route: Route = ()) -> Place:
        """Return the place of the value at *route*, or of its nearest ancestor that has one."""
        while route not in self.values:
            if not route:
                return Place(self.file, 1, 1)
            route = route[:-1]
        return self.values[route]

    def key_place(self, route: Route) -> Place:
        """Return the place of the key that *route* ends with; for a list item, of the item."""
        return self.keys.get(route) or self.place(route)
