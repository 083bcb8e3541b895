"""The laws of the sets that everything is decided with, on arbitrary values."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from generator.algebra.intervals import Intervals, split
from generator.algebra.patterns import matches, representatives
from generator.algebra.ternary import Ternary, members

WHOLE = Intervals(((0, 60),))
INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6).map(Intervals.of)
MASKS = st.integers(0, 255)
TERNARY = st.tuples(MASKS, MASKS).map(lambda pair: Ternary(pair[0] & pair[1], pair[1]))


def as_set(intervals: Intervals) -> set[int]:
    return {number for number in range(62) if number in intervals}


@given(INTERVALS, INTERVALS)
def test_intervals_are_the_sets_they_stand_for(first: Intervals, second: Intervals) -> None:
    assert as_set(first | second) == as_set(first) | as_set(second)
    assert as_set(first & second) == as_set(first) & as_set(second)
    assert as_set(first - second) == as_set(first) - as_set(second)
    assert (first <= second) == (as_set(first) <= as_set(second))
    assert bool(first) == bool(as_set(first))


@given(INTERVALS, INTERVALS)
def test_equal_sets_are_equal_values(first: Intervals, second: Intervals) -> None:
    assert (first == second) == (as_set(first) == as_set(second))
    assert first - first == Intervals()
    assert (first | second) - second == first - second


@given(INTERVALS)
def test_intervals_are_canonical(intervals: Intervals) -> None:
    assert all(first <= last for first, last in intervals.parts)
    ends = [end for part in intervals.parts for end in part]
    assert ends == sorted(ends)
    assert all(
        after > before + 1 for (_, before), (after, _) in zip(intervals.parts, intervals.parts[1:], strict=False)
    )


@given(st.lists(INTERVALS, max_size=4))
def test_split_has_one_number_of_each_class(sets: list[Intervals]) -> None:
    def kind(number: int) -> tuple[bool, ...]:
        return tuple(number in each for each in sets)

    chosen = split(sets, WHOLE)
    assert len({kind(number) for number in chosen}) == len(chosen)
    assert {kind(number) for number in chosen} == {kind(number) for number in range(61)}


@given(TERNARY, TERNARY)
def test_ternary_is_kleene_logic(first: Ternary, second: Ternary) -> None:
    whole = 255
    for one in (first | second, first & second, first.outside(whole)):
        assert one.sure & ~one.possible == 0
    assert (first & second).outside(whole) == first.outside(whole) | second.outside(whole)
    assert first.outside(whole).outside(whole) == first
    assert first.unknown & first.sure == 0


@given(MASKS)
def test_members_name_the_bits(mask: int) -> None:
    assert sum(1 << number for number in members(mask)) == mask


WORDS = st.text("ab/", min_size=1, max_size=4)
PATTERNS = st.one_of(
    WORDS,
    WORDS.map(lambda word: f"{word}*"),
    WORDS.map(lambda word: f"*{word}"),
    st.just("*"),
    st.sampled_from(["/a/{*}", "/{*}/b", "/a/{**}"]),
)


@given(st.lists(PATTERNS, max_size=5), st.text("ab/c", min_size=1, max_size=8))
def test_representatives_stand_for_every_text(patterns: list[str], text: str) -> None:
    """Whatever combination of exact, prefix and suffix patterns some text meets, one of the chosen texts meets."""
    simple = [pattern for pattern in patterns if "{" not in pattern]
    met = [matches(pattern, text) for pattern in simple]
    assert any([matches(pattern, chosen) for pattern in simple] == met for chosen in representatives(simple) if chosen)


@given(PATTERNS, st.text("ab/", max_size=6))
def test_matching_is_what_the_documentation_says(pattern: str, text: str) -> None:
    if "{" in pattern:
        expression = re.escape(pattern).replace(r"\{\*\*\}", ".*").replace(r"\{\*\}", "[^/]+")
    elif pattern == "*":
        expression = ".+"
    else:
        expression = re.escape(pattern).replace(r"\*", ".*")
    assert matches(pattern, text) == bool(re.fullmatch(expression, text, re.DOTALL))
