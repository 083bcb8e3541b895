"""Values that know their place, and the local tags that carry a place through a template.

A profile type is a template from profile to intent. What it prints is read again as YAML,
and a mistake found in the intent must still point into the user's file: so every value of
the profile enters the template with its place, is printed with a tag such as ``!12:5``,
and is read back with that place.
"""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from generator.core.places import Document, Json, Place, Route
from generator.templating.quoting import no_yaml, pair, quoted, simple

_TAG = re.compile(r"!(\d+):(\d+)")


class PlacedText(str):
    """A string of the user's file."""

    place: Place


class PlacedNumber(int):
    """An integer of the user's file."""

    place: Place


class PlacedMapping(dict[str, Any]):
    """A mapping of the user's file."""

    place: Place


class PlacedList(list[Any]):
    """A list of the user's file."""

    place: Place


def placed(document: Document, route: Route = ()) -> Any:
    """Return the value at *route* of *document* with a place on everything in it.

    Booleans, floats and nulls cannot carry one; they are found again by what surrounds them.
    """
    data: Json = document.data
    for step in route:
        data = data[step]
    return _placed(document, data, route)


def _placed(document: Document, data: Json, route: Route) -> Any:
    value: Any
    if isinstance(data, str):
        value = PlacedText(data)
    elif isinstance(data, dict):
        value = PlacedMapping()
        for key, item in data.items():
            placed_key = PlacedText(key)
            placed_key.place = document.key_place((*route, key))
            value[placed_key] = _placed(document, item, (*route, key))
    elif isinstance(data, list):
        value = PlacedList(_placed(document, item, (*route, index)) for index, item in enumerate(data))
    elif isinstance(data, int) and not isinstance(data, bool):
        value = PlacedNumber(data)
    else:
        return data
    value.place = document.place(route)
    return value


def finalize_placed(value: Any) -> Markup:
    """Return *value* as YAML whose nodes carry the place they have in the user's file."""
    return value if isinstance(value, Markup) else Markup(_tagged(value))  # noqa: S704  (YAML, not HTML)


def _tagged(value: Any) -> str:
    place: Place | None = getattr(value, "place", None)
    tag = f"!{place.line}:{place.column} " if place else ""
    if value is None or isinstance(value, bool | float):
        return simple(value)
    if isinstance(value, str):
        return tag + quoted(str(value))
    if isinstance(value, int):
        return tag + str(int(value))
    if isinstance(value, dict):
        return tag + "{" + ", ".join(pair(_tagged(key), _tagged(item)) for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return tag + "[" + ", ".join(_tagged(item) for item in value) + "]"
    raise no_yaml(value)


class PlaceTags:
    """Reads the tags of one expansion back into places of the file that was expanded."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._known: dict[str, Place | None] = {}

    def __call__(self, tag: str) -> Place | None:
        """Return the place that *tag* stands for, or None when it is some other tag."""
        if tag not in self._known:
            match = _TAG.fullmatch(tag)
            self._known[tag] = Place(self._file, int(match[1]), int(match[2])) if match else None
        return self._known[tag]
