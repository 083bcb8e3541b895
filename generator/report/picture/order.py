"""Who stands above whom in each column: few crossings, by turns of the barycentre heuristic, and bands kept whole."""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_TURNS = 16


@dataclass(slots=True)
class Item:
    """Something in a column: a shape, a label, or a point where a line passes through (of no size)."""

    column: int
    band: int
    width: float = 0.0
    height: float = 0.0
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    y: float = 0.0

    @property
    def is_point(self) -> bool:
        """Whether a line passes here and nothing else."""
        return not self.height


def ordered(items: Sequence[Item], count: int) -> list[list[int]]:
    """Return the items of each of *count* columns from top to bottom; within a column, band by band."""
    columns: list[list[int]] = [[] for _ in range(count)]
    for number, one in enumerate(items):
        columns[one.column].append(number)
    for column in columns:
        column.sort(key=lambda number: items[number].band)
    best, fewest = [list(one) for one in columns], _crossings(items, columns)
    for turn in range(_TURNS):
        if not fewest:
            break
        is_forward = turn % 2 == 0
        for position in range(1, count) if is_forward else range(count - 2, -1, -1):
            _sort(items, columns, position, is_forward)
        if (crossings := _crossings(items, columns)) < fewest:
            best, fewest = [list(one) for one in columns], crossings
    return best


def _sort(items: Sequence[Item], columns: list[list[int]], position: int, is_forward: bool) -> None:
    """Sort one column by where the neighbours stand in the one that was sorted before it."""
    beside = columns[position - 1 if is_forward else position + 1]
    # Relative, for columns are of different lengths; what has no neighbours stays where it is.
    place = {number: (index + 0.5) / len(beside) for index, number in enumerate(beside)}
    own = {number: (index + 0.5) / len(columns[position]) for index, number in enumerate(columns[position])}

    def key(number: int) -> tuple[int, float]:
        near = items[number].before if is_forward else items[number].after
        found = [place[one] for one in near]
        return items[number].band, sum(found) / len(found) if found else own[number]

    columns[position].sort(key=key)


def _crossings(items: Sequence[Item], columns: Sequence[Sequence[int]]) -> int:
    return sum(_inversions(items, left, right) for left, right in itertools.pairwise(columns))


def _inversions(items: Sequence[Item], left: Sequence[int], right: Sequence[int]) -> int:
    """Count the pairs of connections between two columns that cross."""
    place = {number: index for index, number in enumerate(right)}
    seen: list[int] = []
    found = 0
    for end in _ends(items, left, place):
        found += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return found


def _ends(items: Sequence[Item], left: Sequence[int], place: dict[int, int]) -> Iterator[int]:
    for number in left:
        yield from sorted(place[one] for one in items[number].after)
