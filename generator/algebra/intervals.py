"""Sets of integers as disjoint intervals, in one canonical form: equal sets are equal values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intervals:
    """An immutable set of integers. ``parts`` are inclusive, sorted, and never touch each other."""

    parts: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def of(pairs: Iterable[tuple[int, int]]) -> Intervals:
        """Return the set that holds every *(first, last)* range, both ends included; backward ranges are empty."""
        merged: list[tuple[int, int]] = []
        for first, last in sorted(pair for pair in pairs if pair[0] <= pair[1]):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return Intervals(tuple(merged))

    def __or__(self, other: Intervals) -> Intervals:
        return Intervals.of((*self.parts, *other.parts))

    def __and__(self, other: Intervals) -> Intervals:
        return Intervals.of(
            (max(first, start), min(last, end)) for first, last in self.parts for start, end in other.parts
        )

    def __sub__(self, other: Intervals) -> Intervals:
        return Intervals.of(piece for part in self.parts for piece in _without(part, other.parts))

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.parts)

    def __le__(self, other: Intervals) -> bool:
        return not self - other

    def __bool__(self) -> bool:
        return bool(self.parts)


def _without(part: tuple[int, int], holes: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    start, end = part
    for first, last in holes:
        if last < start or first > end:
            continue
        if first > start:
            yield (start, first - 1)
        start = last + 1
    if start <= end:
        yield (start, end)


def split(sets: Iterable[Intervals], whole: Intervals) -> tuple[int, ...]:
    """Return one number of each class into which *sets* divide *whole*: numbers that no set tells apart.

    The classes are coarser than necessary to describe and never finer: two numbers of one
    class lie in exactly the same sets.
    """
    starts = {first for first, _ in whole.parts}
    for each in sets:
        for first, last in each.parts:
            starts |= {first, last + 1}
    distinct = list(sets)
    seen: dict[tuple[bool, ...], int] = {}
    for number in sorted(start for start in starts if start in whole):
        seen.setdefault(tuple(number in each for each in distinct), number)
    return tuple(seen.values())
