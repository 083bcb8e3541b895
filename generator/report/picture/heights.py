"""How high everything stands: as level with its neighbours as the order and the distances allow."""

from __future__ import annotations

from collections.abc import Sequence

from generator.report.picture.order import Item

_TURNS = 12
GAP = 14.0
"""Between two shapes or labels of one column."""
_POINT_GAP = 9.0
HEADER = 30.0
"""Room for the title of a band, above what stands in it."""
PADDING = 16.0
BAND_GAP = 22.0
RIM = -1
"""The number of no band: what stands outside of all of them."""


def set_heights(
    items: Sequence[Item], columns: Sequence[Sequence[int]], footers: Sequence[float]
) -> list[tuple[float, float]]:
    """Give each item its height; return top and bottom of each band. *footers* are kept free below each."""
    for column in columns:
        _stack(items, column, [0.0] * len(column))
    extents = _set_bands(items, footers)
    for turn in range(_TURNS):
        for column in columns if turn % 2 == 0 else reversed(columns):
            for group in _groups(items, column):
                _stack(items, group, [_wanted(items, number, turn) for number in group])
        extents = _set_bands(items, footers)
    return extents


def _groups(items: Sequence[Item], column: Sequence[int]) -> list[list[int]]:
    """Return the parts of *column* that move on their own: each band, or the whole rim."""
    found: dict[int, list[int]] = {}
    for number in column:
        found.setdefault(items[number].band, []).append(number)
    return list(found.values())


def _wanted(items: Sequence[Item], number: int, turn: int) -> float:
    """Return the mean height of the neighbours; the ends of long lines weigh more, so that these are straight.

    What stands in a band looks at that band alone, else the bands would drift apart.
    """
    one = items[number]
    near = [*one.before, *one.after] if turn >= 2 else (one.before if turn == 0 else one.after)
    near = [other for other in near if one.band in (RIM, items[other].band)]
    if not near:
        return one.y
    weights = [4.0 if one.is_point and items[other].is_point else 1.0 for other in near]
    return sum(weight * items[other].y for weight, other in zip(weights, near, strict=True)) / sum(weights)


def _stack(items: Sequence[Item], group: Sequence[int], wanted: Sequence[float]) -> None:
    """Put *group* as near to the *wanted* heights as their order and distances allow (least squares).

    The classic of pooling adjacent violators: who stands too near to the one above moves on together with it.
    """
    offset, offsets = 0.0, []
    for index, number in enumerate(group):
        if index:
            offset += _distance(items[group[index - 1]], items[number])
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for index, y in enumerate(wanted):
        mean, count = y - offsets[index], 1
        while pools and pools[-1][0] >= mean:
            above, many = pools.pop()
            mean, count = (above * many + mean * count) / (many + count), many + count
        pools.append((mean, count))
    index = 0
    for mean, count in pools:
        for _ in range(count):
            items[group[index]].y = mean + offsets[index]
            index += 1


def _distance(above: Item, below: Item) -> float:
    gap = _POINT_GAP if above.is_point or below.is_point else GAP
    return (above.height + below.height) / 2 + gap


def _set_bands(items: Sequence[Item], footers: Sequence[float]) -> list[tuple[float, float]]:
    """Move each band as a whole, so that they stand one below the other; return their extents."""
    shift, extents, top = dict[int, float](), [], 0.0
    for band, footer in enumerate(footers):
        own = [one for one in items if one.band == band]
        first = min((one.y - one.height / 2 for one in own), default=0.0)
        last = max((one.y + one.height / 2 for one in own), default=0.0)
        shift[band] = top + HEADER - first
        bottom = top + HEADER + last - first + footer + PADDING
        extents.append((top, bottom))
        top = bottom + BAND_GAP
    for one in items:
        one.y += shift.get(one.band, 0.0)
    return extents
