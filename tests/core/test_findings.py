"""Findings come out in one order, each of them once; names find their neighbours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generator.core.codes import CODES
from generator.core.errors import InvalidInput
from generator.core.findings import Finding, Severity, in_order
from generator.core.names import nearest, suggestion
from generator.core.places import Document, Place

_PLACES = st.builds(Place, st.sampled_from(["a.yaml", "b.yaml"]), st.integers(1, 12), st.integers(1, 12))
_FINDINGS = st.builds(
    Finding,
    st.sampled_from(["MG002", "MG012"]),
    st.sampled_from(["x", "y"]),
    st.none() | _PLACES,
    st.sampled_from(["mend it", "leave it"]),
    st.sampled_from(Severity),
    st.lists(st.tuples(_PLACES, st.sampled_from(["this", "that"])), max_size=2).map(tuple),
)


@given(st.lists(_FINDINGS, max_size=8).flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_order_does_not_depend_on_discovery(lists: tuple[list[Finding], list[Finding]]) -> None:
    found, shuffled = lists
    ordered = in_order(found)
    assert ordered == in_order(shuffled) == in_order([*found, *found]) == InvalidInput(shuffled).findings
    assert set(ordered) == set(found)


def test_lines_are_numbers_and_not_words() -> None:
    places = [Place("a", 10, 1), Place("a", 9, 1), Place("a", 9, 10), Place("a", 9, 9)]
    ordered = in_order(Finding("MG002", "x", place) for place in places)
    assert [str(one.place) for one in ordered] == ["a:9:1", "a:9:9", "a:9:10", "a:10:1"]


def test_findings_without_a_place_come_first() -> None:
    ordered = in_order([Finding("MG002", "x", Place("a", 1, 1)), Finding("MG002", "y")])
    assert ordered[0].place is None


def test_a_document_without_places_still_has_one() -> None:
    assert Document({"a": 1}, "f", {}, {}).place(("a", "b")) == Place("f", 1, 1)


def test_nearest_names() -> None:
    known = ["frontend", "userservice", "accounts-db"]
    assert nearest("fronted", known) == "frontend"
    assert nearest("zzz", known) is None
    assert nearest("x", []) is None
    assert suggestion("fronted", known) == "did you mean 'frontend'?"
    assert suggestion("zzz", known) == "known: accounts-db, frontend, userservice"
    assert suggestion("zzz", []) == "none is declared here"
    assert suggestion("zzz", (str(n) for n in range(20))).endswith(", …")


def test_codes_are_what_they_are_filed_under() -> None:
    assert all(code == one.code and one.title and one.meaning for code, one in CODES.items())
