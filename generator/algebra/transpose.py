"""A relation between numbered elements, given as one mask per element, seen from the other side."""

from __future__ import annotations

from collections.abc import Sequence

from generator.algebra.ternary import members


def transposed(rows: Sequence[int], width: int) -> list[int]:
    """Return one mask per column: element *i* of column *j* is element *j* of ``rows[i]``.

    Equal rows are looked at once, and a row that holds nearly everything by what it leaves out:
    relations between many elements are mostly made of few kinds of rows, and of short ones.
    """
    together: dict[int, int] = {}
    for number, row in enumerate(rows):
        together[row] = together.get(row, 0) | 1 << number
    everything, full = (1 << width) - 1, 0
    held, left_out = [0] * width, [0] * width
    for row, numbers in together.items():
        is_full = row.bit_count() > width // 2
        full |= numbers if is_full else 0
        columns = left_out if is_full else held
        for column in members(row ^ everything if is_full else row):
            columns[column] |= numbers
    found = [(full & ~without) | own for own, without in zip(held, left_out, strict=True)]
    shared: dict[int, int] = {}
    return [shared.setdefault(column, column) for column in found]  # many are equal, and all are large
