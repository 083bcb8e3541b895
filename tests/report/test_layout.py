"""A drawing hides nothing: no two things overlap, every line arrives, bands hold what is theirs, runs agree."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from generator.report.picture.layout import arrange
from generator.report.picture.shapes import Layout, Line, Rect, Shape, Side

_BANDS = ("a", "b", "c")
_SIZES = st.integers(10, 200).map(float)


@st.composite
def drawings(draw: st.DrawFn) -> tuple[list[Shape], list[Line]]:
    inner = [
        Shape(f"w{number}", draw(_SIZES), draw(_SIZES), draw(st.sampled_from(_BANDS)))
        for number in range(draw(st.integers(0, 9)))
    ]
    left = [
        Shape(f"l{number}", draw(_SIZES), draw(_SIZES), side=Side.LEFT) for number in range(draw(st.integers(0, 3)))
    ]
    right = [
        Shape(f"r{number}", draw(_SIZES), draw(_SIZES), side=Side.RIGHT) for number in range(draw(st.integers(0, 3)))
    ]
    kinds = [(inner, inner), (left, inner), (inner, right), (left, right)]
    lines = []
    for _ in range(draw(st.integers(0, 12))):
        tails, heads = draw(st.sampled_from(kinds))
        if tails and heads:
            some, others = (
                draw(st.lists(st.sampled_from([one.name for one in each]), min_size=1, max_size=4, unique=True))
                for each in (tails, heads)
            )
            lines.append(Line(tuple(some), tuple(others), draw(_SIZES), draw(_SIZES)))
    alone = [Shape("alone", 0, 0, "z")] if draw(st.booleans()) else []
    return [*inner, *left, *right, *alone], lines


def _room(band: str, width: float) -> float:
    return 15.0 if band == "z" and width > 0 else 0.0


def drawn(drawing: tuple[list[Shape], list[Line]]) -> Layout:
    shapes, lines = drawing
    return arrange(shapes, lines, _room)


def holds(outer: Rect, inner: Rect) -> bool:
    return (
        outer.left <= inner.left
        and outer.top <= inner.top
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


@given(drawings())
def test_nothing_overlaps(drawing: tuple[list[Shape], list[Line]]) -> None:
    layout = drawn(drawing)
    for one, other in itertools.combinations([*layout.shapes.values(), *layout.labels], 2):
        assert not one.overlaps(other)
    for band, below in itertools.combinations(layout.bands.values(), 2):
        assert not band.overlaps(below)


@given(drawings())
def test_shapes_stand_in_their_own_band_and_in_no_other(drawing: tuple[list[Shape], list[Line]]) -> None:
    layout = drawn(drawing)
    for one in drawing[0]:
        if one.height:
            rect = layout.shapes[one.name]
            assert rect.right - rect.left > one.width - 0.01
            assert rect.bottom - rect.top > one.height - 0.01
            for name, band in layout.bands.items():
                own = one.side is Side.INNER and one.band == name
                assert holds(band, rect) if own else not band.overlaps(rect)


@given(drawings())
def test_every_end_of_every_line_is_drawn_to_where_it_belongs(drawing: tuple[list[Shape], list[Line]]) -> None:
    layout = drawn(drawing)
    wanted = [
        (number, name, is_head)
        for number, line in enumerate(drawing[1])
        for is_head, names in ((False, line.tails), (True, line.heads))
        for name in names
    ]
    assert [(one.line, one.shape, one.is_head) for one in layout.routes] == wanted
    for route in layout.routes:
        shape, label = layout.shapes[route.shape], layout.labels[route.line]
        (x, y), (end, height) = route.points[0], route.points[-1]
        assert x in (shape.left, shape.right)
        assert shape.top <= y <= shape.bottom
        assert end in (label.left, label.right)
        assert height == label.middle
    docks = [(one.shape, one.points[0]) for one in layout.routes]
    assert len(docks) == len(set(docks)), "no two lines meet a shape at one point"


@given(drawings())
def test_no_line_runs_through_a_shape_or_a_foreign_label(drawing: tuple[list[Shape], list[Line]]) -> None:
    layout = drawn(drawing)
    for route in layout.routes:
        others = [rect for name, rect in layout.shapes.items() if name != route.shape]
        others += [rect for number, rect in enumerate(layout.labels) if number != route.line]
        for index in range(1, len(route.points) - 1, 2):  # level, where columns are; the gaps between hold nothing
            (x, y), (end, _) = route.points[index : index + 2]
            way = Rect(min(x, end), y, max(x, end), y + 0.1)
            assert not any(way.overlaps(rect) for rect in others)
        for index in range(0, len(route.points) - 1, 2):
            (x, y), (end, height) = route.points[index : index + 2]
            gap = Rect(min(x, end), min(y, height), max(x, end), max(y, height) + 0.1)
            assert not any(gap.overlaps(rect) for rect in others)


@given(drawings())
def test_everything_is_on_the_paper(drawing: tuple[list[Shape], list[Line]]) -> None:
    layout = drawn(drawing)
    paper = Rect(0, 0, layout.width, layout.height)
    assert all(holds(paper, one) for one in (*layout.shapes.values(), *layout.labels, *layout.bands.values()))
    assert all(0 <= x <= layout.width and 0 <= y <= layout.height for one in layout.routes for x, y in one.points)


@given(drawings())
def test_two_runs_draw_the_same(drawing: tuple[list[Shape], list[Line]]) -> None:
    assert drawn(drawing) == drawn(drawing)


def test_callers_stand_left_of_what_they_call() -> None:
    shapes = [Shape(name, 50, 30, "a") for name in "dcba"]
    lines = [Line((one,), (other,), 30, 20) for one, other in ("ab", "bc", "cd", "ad")]
    layout = arrange(shapes, lines, _room)
    assert [name for name, _ in sorted(layout.shapes.items(), key=lambda one: one[1].left)] == list("abcd")
    assert layout.labels[3].right < layout.shapes["d"].left


def test_a_ring_is_drawn_with_one_line_backwards() -> None:
    shapes = [Shape(name, 50, 30, "a") for name in "abc"]
    lines = [Line((one,), (other,), 30, 20) for one, other in ("ab", "bc", "ca")]
    layout = arrange(shapes, lines, _room)
    backwards = [one for one in lines if layout.shapes[one.tails[0]].left > layout.shapes[one.heads[0]].left]
    assert len(backwards) == 1


def test_lines_do_not_cross_where_they_need_not() -> None:
    shapes = [Shape(name, 50, 30, "a") for name in "pqrsxyzw"]
    lines = [Line((one,), (other,), 30, 20) for one, other in ("pw", "qz", "ry", "sx")]
    layout = arrange(shapes, lines, _room)
    tails = sorted("pqrs", key=lambda name: layout.shapes[name].top)
    heads = sorted("xyzw", key=lambda name: layout.shapes[name].top)
    called = {"p": "w", "q": "z", "r": "y", "s": "x"}
    assert [called[name] for name in tails] == heads
