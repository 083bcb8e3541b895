"""Turning a relation around loses nothing, whatever its shape."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generator.algebra.transpose import transposed


@given(st.integers(1, 70).flatmap(lambda width: st.tuples(st.just(width), st.lists(st.integers(0, 2**width - 1)))))
def test_rows_become_columns(case: tuple[int, list[int]]) -> None:
    width, rows = case
    columns = transposed(rows, width)
    assert columns == [sum((row >> column & 1) << number for number, row in enumerate(rows)) for column in range(width)]
    assert transposed(columns, len(rows)) == rows
