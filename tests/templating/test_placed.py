"""A value that goes through a template as a placed value comes back equal, and with its place."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.core.places import Document, Json, Place, Route
from generator.core.yaml_reader import read_documents
from generator.templating.placed import PlaceTags, finalize_placed, placed
from tests.support import walk

_TEXT = st.text(max_size=12).filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


def _document(data: Json) -> Document:
    """A document in which every value and every key has a place of its own."""
    values: dict[Route, Place] = {}
    keys: dict[Route, Place] = {}
    for number, (route, _) in enumerate(walk(data)):
        values[route] = Place("profile.yaml", number + 1, 7)
        if route and isinstance(route[-1], str):
            keys[route] = Place("profile.yaml", number + 1, 3)
    return Document(data, "profile.yaml", values, keys)


def _through_a_template(document: Document) -> Document:
    printed = f"value: {finalize_placed(placed(document))}\n"
    (read,), findings = read_documents(printed, "profile.yaml", place_from_tag=PlaceTags("profile.yaml"))
    assert findings == []
    return read


@given(_DATA)
def test_values_and_places_survive(data: Json) -> None:
    document = _document(data)
    read = _through_a_template(document)
    assert repr(read.data) == repr({"value": data})
    for route, value in walk(data):
        if isinstance(value, str | dict | list) or (isinstance(value, int) and not isinstance(value, bool)):
            assert read.values["value", *route] == document.values[route]
        if route in document.keys:
            assert read.keys["value", *route] == document.keys[route]


@given(_DATA)
def test_a_part_is_placed_like_the_whole(data: Json) -> None:
    document = _document({"spec": data})
    assert repr(finalize_placed(placed(document, ("spec",)))) == repr(finalize_placed(placed(document)["spec"]))


@given(_TEXT)
def test_what_a_user_writes_is_never_a_tag(text: str) -> None:
    read = _through_a_template(_document({"key": [text, "!9:9 x", "!!str y"]}))
    assert read.data == {"value": {"key": [text, "!9:9 x", "!!str y"]}}


def test_other_tags_are_no_places() -> None:
    tags = PlaceTags("f")
    assert tags("!12:5") == Place("f", 12, 5)
    assert [tags(tag) for tag in ("!12", "!a:b", "!12:5x", "tag:yaml.org,2002:str", "!1:2:3")] == [None] * 5


def test_values_stay_usable_in_templates() -> None:
    value: Any = placed(_document({"a": [1, "x", None, True]}))
    assert value == {"a": [1, "x", None, True]}
    assert value["a"][0] + 1 == 2
    assert "a" in value
    assert yaml.safe_load(str(finalize_placed(value["a"][1] + "y"))) == "xy"
