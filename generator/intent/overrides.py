"""``--set path=value``: single values of a profile, given on the command line."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import replace

from generator.core.errors import InvalidInput
from generator.core.findings import Finding
from generator.core.names import suggestion
from generator.core.places import Document, Json, Place, Route
from generator.core.yaml_reader import read_documents
from generator.intent.profile import Profile

_SHAPE = re.compile(r"(?:(?P<profile>[a-z0-9][-a-z0-9]*):)?(?P<path>[^=:\s]+)=(?P<value>.*)", re.DOTALL)


def apply_overrides(profiles: Sequence[Profile], overrides: Sequence[str]) -> list[Profile]:
    """Return *profiles* with every override ``[PROFILE:]path=value`` applied.

    The path is dotted and starts at ``spec`` or ``environment``; numbers index lists. The
    value is read as YAML, so that ``8080`` is a number and ``[a, b]`` a list.

    Raises:
        InvalidInput: MG015 for each override that does not say what it changes.
    """
    changed = {profile.name: profile for profile in profiles}
    findings: list[Finding] = []
    for index, text in enumerate(overrides, start=1):
        place = Place("--set", index, 1)
        try:
            profile, path, value = _parsed(text, place, changed)
            changed[profile.name] = _with_value(profile, path, value, place)
        except InvalidInput as error:
            findings += error.findings
    if findings:
        raise InvalidInput(findings)
    return list(changed.values())


def _refused(message: str, place: Place, fix: str) -> InvalidInput:
    return InvalidInput([Finding("MG015", message, place, fix)])


def _parsed(text: str, place: Place, profiles: dict[str, Profile]) -> tuple[Profile, Route, Json]:
    match = _SHAPE.fullmatch(text)
    if not match:
        raise _refused(f"{text!r} is no override", place, "write [PROFILE:]path=value, e.g. spec.namespace=shop")
    name = match["profile"]
    if name is None and len(profiles) != 1:
        known = ", ".join(sorted(profiles))
        raise _refused(
            f"{text!r} does not say which profile it changes", place, f"write PROFILE:path=value; here: {known}"
        )
    if name is not None and name not in profiles:
        raise _refused(f"no profile of this run is named {name!r}", place, suggestion(name, profiles))
    route = tuple(int(step) if step.isdigit() else step for step in match["path"].split("."))
    if route[0] not in ("spec", "environment"):
        raise _refused(f"{match['path']!r} cannot be set", place, "start the path with spec or environment")
    documents, findings = read_documents(match["value"], place.file)
    if findings:
        raise InvalidInput(findings)
    return profiles[name or next(iter(profiles))], route, documents[0].data if documents else None


def _with_value(profile: Profile, route: Route, value: Json, place: Place) -> Profile:
    data = copy.deepcopy(profile.document.data)
    at = data
    for depth, step in enumerate(route[:-1]):
        if isinstance(at, list) and isinstance(step, int) and step < len(at):
            at = at[step]
        elif isinstance(at, dict) and isinstance(step, str):
            at = at.setdefault(step, {})
        else:
            shown = ".".join(str(one) for one in route[: depth + 1])
            raise _refused(f"there is no {shown} to set a value in", place, "name an existing mapping or list item")
    _assign(at, route, value, place)
    places = {known: where for known, where in profile.document.values.items() if known[: len(route)] != route}
    document = Document(data, profile.document.file, {**places, route: place}, profile.document.keys)
    return replace(profile, document=document, environment=data.get("environment"))


def _assign(at: Json, route: Route, value: Json, place: Place) -> None:
    step = route[-1]
    is_item = isinstance(at, list) and isinstance(step, int) and step < len(at)
    if not is_item and not (isinstance(at, dict) and isinstance(step, str)):
        shown = ".".join(str(one) for one in route)
        raise _refused(
            f"{shown} cannot be set: it lies in no mapping, or in no list of that length", place, "see the file"
        )
    at[step] = value
