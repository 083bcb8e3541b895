"""Which column everything stands in: callers to the left of what they call, labels between the two.

The first steps of layered drawing (Sugiyama, Tagawa, Toda 1981): an order with few lines
against it (Eades, Lin, Smyth 1993), then the longest path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.report.picture.shapes import Line, Shape, Side

_LEFT, _FIRST = 0, 2


@dataclass(frozen=True, slots=True)
class Columns:
    """The column of each shape, and of the label of each line; none is empty."""

    shapes: Mapping[str, int]
    labels: tuple[int, ...]
    count: int


def columns_of(shapes: Sequence[Shape], lines: Sequence[Line]) -> Columns:
    """Return where everything stands, from left to right."""
    side = {one.name: one.side for one in shapes}
    inner = [one.name for one in shapes if one.side is Side.INNER]
    layers = _layers(inner, lines)
    last = _FIRST + 2 * max(layers.values(), default=0) + 3
    column = {name: _LEFT if one is Side.LEFT else last for name, one in side.items()}
    column |= {name: _FIRST + 2 * layer for name, layer in layers.items()}
    labels = [_label(line, side, column, last) for line in lines]
    used = {old: new for new, old in enumerate(sorted({*column.values(), *labels}))}
    return Columns({name: used[one] for name, one in column.items()}, tuple(used[one] for one in labels), len(used))


def _label(line: Line, side: Mapping[str, Side], column: Mapping[str, int], last: int) -> int:
    """Return the column before the first head that the line can reach forwards, else the one behind the heads."""
    if any(side[name] is Side.LEFT for name in line.tails):
        return _LEFT + 1
    if any(side[name] is Side.RIGHT for name in line.heads):
        return last - 1
    first = min(column[name] for name in line.tails)
    ahead = [column[name] for name in line.heads if column[name] > first]
    return min(ahead) - 1 if ahead else max(column[name] for name in line.heads) + 1


def _layers(names: Sequence[str], lines: Sequence[Line]) -> dict[str, int]:
    """Return the length of the longest way to each of *names*; what nobody calls stands beside what it calls."""
    arrows = {name: set[str]() for name in names}
    for line in lines:
        for tail in line.tails:
            if tail in arrows:
                arrows[tail] |= {head for head in line.heads if head in arrows and head != tail}
    order = _order(names, arrows)
    rank = {name: number for number, name in enumerate(order)}
    layers = dict.fromkeys(names, 0)
    called = set[str]()
    for tail in order:
        for head in arrows[tail]:
            if rank[head] > rank[tail]:
                layers[head] = max(layers[head], layers[tail] + 1)
                called.add(head)
    for tail in reversed(order):
        ahead = [layers[head] for head in arrows[tail] if rank[head] > rank[tail]]
        if tail not in called and ahead:
            layers[tail] = min(ahead) - 1
    return layers


def _order(names: Iterable[str], arrows: Mapping[str, set[str]]) -> list[str]:
    """Return *names* so that few arrows point backwards: sinks to the end, sources to the front, again and again."""
    ahead = {name: set(heads) for name, heads in arrows.items()}
    behind = {name: set[str]() for name in arrows}
    for tail, heads in arrows.items():
        for head in heads:
            behind[head].add(tail)
    rest, front, back = dict.fromkeys(names), list[str](), list[str]()
    while rest:
        chosen = next((one for one in rest if not ahead[one] and behind[one]), None)
        (back if chosen else front).append(chosen := chosen or _next(rest, ahead, behind))
        del rest[chosen]
        for other in ahead.pop(chosen):
            behind[other].discard(chosen)
        for other in behind.pop(chosen):
            ahead[other].discard(chosen)
    return [*front, *reversed(back)]


def _next(rest: Iterable[str], ahead: Mapping[str, set[str]], behind: Mapping[str, set[str]]) -> str:
    """Return a source, else what calls many and is called by few."""
    return max(rest, key=lambda one: (not behind[one], len(ahead[one]) - len(behind[one])))
