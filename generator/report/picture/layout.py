"""From shapes and lines to a drawing: columns from left to right, one band below the other, nothing over anything.

Every line is cut where it passes a column, and passes there through a free place of its own.
So no line runs through a shape, or through the label of another line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from generator.report.picture.columns import Columns, columns_of
from generator.report.picture.heights import PADDING, RIM, set_heights
from generator.report.picture.order import Item, ordered
from generator.report.picture.shapes import Layout, Line, Rect, Route, Shape, Side

_GAP = 26.0
_MOST_GAP = 80.0
_MARGIN = 14.0
_EMPTY = 480.0
"""How wide a band is that stands alone, with nothing but a footer."""
_PORT = 9.0
"""Between the ends of two lines at one side of a shape."""


def arrange(shapes: Sequence[Shape], lines: Sequence[Line], footer: Callable[[str, float], float]) -> Layout:
    """Return where everything stands. *footer* says how much room a band of some width needs below its shapes.

    A band that only has a footer is named by a shape of no height.
    """
    return _Arrangement(shapes, lines).layout(footer)


class _Arrangement:
    def __init__(self, shapes: Sequence[Shape], lines: Sequence[Line]) -> None:
        self._lines = lines
        self._bands = sorted({one.band for one in shapes if one.side is Side.INNER})
        real = [one for one in shapes if one.height]
        self._columns: Columns = columns_of(real, lines)
        self._items: list[Item] = []
        self._shapes: dict[str, int] = {}
        self._ends: list[tuple[int, str, bool, list[int]]] = []
        ports = self._ports()
        for one in real:
            height = max(one.height, _PORT * (ports.get(one.name, 0) + 1))
            self._shapes[one.name] = self._add(self._columns.shapes[one.name], self._band(one), one.width, height)
        self._labels = [self._label(number, line) for number, line in enumerate(lines)]
        for number, line in enumerate(lines):
            for name, is_head in (*((tail, False) for tail in line.tails), *((head, True) for head in line.heads)):
                self._ends.append((number, name, is_head, list(self._chain(number, name))))
        self._order = ordered(self._items, self._columns.count)

    def _band(self, one: Shape) -> int:
        return self._bands.index(one.band) if one.side is Side.INNER else RIM

    def _ports(self) -> dict[str, int]:
        """Return how many ends of lines each shape has room for."""
        found: dict[tuple[str, bool], int] = {}
        for number, line in enumerate(self._lines):
            for name in (*line.tails, *line.heads):
                key = name, self._columns.labels[number] > self._columns.shapes[name]
                found[key] = found.get(key, 0) + 1
        return {name: max(found.get((name, False), 0), found.get((name, True), 0)) for name, _ in found}

    def _add(self, column: int, band: int, width: float = 0.0, height: float = 0.0) -> int:
        self._items.append(Item(column, band, width, height))
        return len(self._items) - 1

    def _label(self, number: int, line: Line) -> int:
        """A label stands with the servers; outside of all bands if the line begins or ends there."""
        bands = [self._items[self._shapes[name]].band for name in (*line.tails, *line.heads)]
        band = RIM if RIM in bands else bands[len(line.tails)]
        return self._add(self._columns.labels[number], band, line.width, line.height)

    def _chain(self, number: int, name: str) -> Iterator[int]:
        """Yield the items on the way from the shape *name* to the label of line *number*, both included."""
        shape, label = self._shapes[name], self._labels[number]
        start, end = self._items[shape].column, self._items[label].column
        rim = {one.column for one in self._items if one.band == RIM and not one.is_point}
        bands = (self._items[label].band, self._items[shape].band, 0 if self._bands else RIM)
        band = next((one for one in bands if one != RIM), RIM)
        step, last = (1 if end > start else -1), shape
        yield shape
        for column in range(start + step, end, step):
            point = self._add(column, RIM if column in rim else band)
            self._join(last, point, step)
            yield (last := point)
        self._join(last, label, step)
        yield label

    def _join(self, one: int, other: int, step: int) -> None:
        left, right = (one, other) if step > 0 else (other, one)
        self._items[left].after.append(right)
        self._items[right].before.append(left)

    def layout(self, footer: Callable[[str, float], float]) -> Layout:
        """Return the drawing."""
        spans = self._spans()
        across = [self._across(band, spans) for band in range(len(self._bands))]
        footers = [footer(name, right - left) for name, (left, right) in zip(self._bands, across, strict=True)]
        extents = set_heights(self._items, self._order, footers)
        top = min([0.0, *(one.y - one.height / 2 for one in self._items)]) - _MARGIN
        for one in self._items:
            one.y -= top
        bands = {
            name: Rect(left - PADDING, first - top, right + PADDING, last - top)
            for name, (left, right), (first, last) in zip(self._bands, across, extents, strict=True)
        }
        shapes = {name: self._rect(number, spans, is_wide=True) for name, number in self._shapes.items()}
        labels = tuple(self._rect(number, spans) for number in self._labels)
        everything = [*bands.values(), *shapes.values(), *labels]
        width = max((one.right for one in everything), default=0.0) + _MARGIN
        bottom = max([*(one.bottom for one in everything), *(one.y for one in self._items)], default=0.0)
        return Layout(width, bottom + _MARGIN, shapes, labels, bands, tuple(self._routes(spans)))

    def _spans(self) -> list[tuple[float, float]]:
        """Return where each column begins and ends; the more lines between two, the wider the gap."""
        found, left = list[tuple[float, float]](), _MARGIN + PADDING
        was_rim = self._order and self._items[self._order[0][0]].band == RIM
        for column in self._order:
            is_rim = self._items[column[0]].band == RIM
            left += PADDING if is_rim != was_rim else 0
            width = max(self._items[number].width for number in column)
            found.append((left, left + width))
            joints = sum(len(self._items[number].after) for number in column)
            left += width + min(_MOST_GAP, _GAP + 2 * joints)
            was_rim = is_rim
        return found

    def _across(self, band: int, spans: Sequence[tuple[float, float]]) -> tuple[float, float]:
        """Return where *band* begins and ends; one without shapes is as wide as all others together."""
        own = [spans[one.column] for one in self._items if one.band == band and not one.is_point]
        own = own or [spans[one.column] for one in self._items if one.band != RIM and not one.is_point]
        behind = max((right + 2 * PADDING for _, right in spans), default=_MARGIN) + PADDING
        own = own or [(behind, behind + _EMPTY)]
        return min(left for left, _ in own), max(right for _, right in own)

    def _rect(self, number: int, spans: Sequence[tuple[float, float]], *, is_wide: bool = False) -> Rect:
        """Return the place of an item; shapes fill their column, labels stand in the middle of theirs."""
        one, (left, right) = self._items[number], spans[self._items[number].column]
        if not is_wide:
            left, right = (left + right - one.width) / 2, (left + right + one.width) / 2
        return Rect(left, one.y - one.height / 2, right, one.y + one.height / 2)

    def _routes(self, spans: Sequence[tuple[float, float]]) -> Iterator[Route]:
        ports = self._docked()
        for index, (line, name, is_head, chain) in enumerate(self._ends):
            rightwards = self._items[chain[-1]].column > self._items[chain[0]].column
            rect = self._rect(chain[0], spans, is_wide=True)
            points = [(rect.right if rightwards else rect.left, ports[index])]
            for number in chain[1:-1]:
                sides, y = spans[self._items[number].column], self._items[number].y
                points += [(x, y) for x in (sides if rightwards else reversed(sides))]
            label, (left, right) = self._rect(chain[-1], spans), spans[self._items[chain[-1]].column]
            points += [(x, label.middle) for x in ((left, label.left) if rightwards else (right, label.right))]
            yield Route(line, name, is_head, tuple(points))

    def _docked(self) -> dict[int, float]:
        """Return at which height each end meets its shape: side by side, in the order of where they come from."""
        found: dict[tuple[int, bool], list[int]] = {}
        for index, (_, _, _, chain) in enumerate(self._ends):
            rightwards = self._items[chain[-1]].column > self._items[chain[0]].column
            found.setdefault((chain[0], rightwards), []).append(index)
        heights = dict[int, float]()
        for (shape, _), ends in found.items():
            ends.sort(key=lambda index: (self._items[self._ends[index][3][1]].y, index))
            one = self._items[shape]
            first = one.y - _PORT * (len(ends) - 1) / 2
            heights |= {index: first + _PORT * position for position, index in enumerate(ends)}
        return heights
