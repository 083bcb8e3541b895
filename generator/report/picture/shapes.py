"""What a layout takes and gives: shapes, lines that join several of them, and where they are put."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Where a shape stands: among the bands, or at the rim, where things begin or end."""

    INNER = "inner"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Shape:
    """Something with a size; ``band`` is the group in whose rectangle it stands (inner ones alone)."""

    name: str
    width: float
    height: float
    band: str = ""
    side: Side = Side.INNER


@dataclass(frozen=True, slots=True)
class Line:
    """From each of ``tails`` through one label to each of ``heads``; the label has a size of its own."""

    tails: tuple[str, ...]
    heads: tuple[str, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle by its corners."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """The height of its centre."""
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> float:
        """The abscissa of its centre."""
        return (self.left + self.right) / 2

    def overlaps(self, other: Rect) -> bool:
        """Tell whether the two share an area."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Route:
    """The way from a shape to the label of a line, whichever way the line runs.

    Between the points 2n and 2n+1 lies a gap between columns; between 2n+1 and 2n+2 the way is level.
    """

    line: int
    shape: str
    is_head: bool
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is. Labels are in the order of the lines."""

    width: float
    height: float
    shapes: Mapping[str, Rect]
    labels: tuple[Rect, ...]
    bands: Mapping[str, Rect]
    routes: tuple[Route, ...]
