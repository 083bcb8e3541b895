"""A relation between numbered elements, given as one mask per element, seen from the other side."""

from __future__ import annotations

from collections.abc import Sequence


def transposed(rows: Sequence[int], width: int) -> list[int]:
    """Return one mask per column: element *i* of column *j* is element *j* of ``rows[i]``.

    Blocks are exchanged across the diagonal, halves first (Warren, Hacker's Delight, 7-3), each
    step for the whole square at once: one large integer is far cheaper than its bits one by one.
    """
    size = 8
    while size < max(len(rows), width):
        size *= 2
    square = int.from_bytes(b"".join(row.to_bytes(size // 8, "little") for row in rows), "little")
    half = size // 2
    while half:
        mask = _upper_right(size, half)
        distance = half * (size - 1)
        moved = (square ^ (square >> distance)) & mask
        square ^= moved | (moved << distance)
        half //= 2
    data = square.to_bytes(size * size // 8, "little")
    step = size // 8
    return [int.from_bytes(data[step * column : step * (column + 1)], "little") for column in range(width)]


_MASKS: dict[tuple[int, int], int] = {}


def _upper_right(size: int, half: int) -> int:
    """Return the elements right of the middle in the upper half of every block of twice *half*."""
    if (size, half) not in _MASKS:
        row = sum(((1 << half) - 1) << start for start in range(half, size, 2 * half))
        rows = (row if not number & half else 0 for number in range(size))
        text = b"".join(one.to_bytes(size // 8, "little") for one in rows)
        _MASKS[size, half] = int.from_bytes(text, "little")
    return _MASKS[size, half]
