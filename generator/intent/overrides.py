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

_SHAPE = r"(?:(?P<profile>[a-z0-9][-a-z0-9]*):)?(?P<path>[^=:\s]+)=(?P<value>.*)"
_INDEX = "[0-9]{1,9}"


def apply_overrides(profiles: Sequence[Profile], overrides: Sequence[str]) -> list[Profile]:
    """Return *profiles* with every override ``[PROFILE:]path=value`` applied.

    The path is dotted and starts at ``spec``, or is ``environment``; numbers index lists. The
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


def _parsed(text: str, place: Place, profiles: dict[str, Profile]) -> tuple[Profile, Sequence[str], Json]:
    match = re.fullmatch(_SHAPE, text, re.DOTALL)
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
    route = tuple(match["path"].split("."))
    if route != ("environment",) and route[0] != "spec":
        raise _refused(f"{match['path']!r} cannot be set", place, "set environment, or a path that starts with spec")
    documents, findings = read_documents(match["value"], place.file)
    if findings:
        raise InvalidInput(replace(one, place=place) for one in findings)
    if len(documents) > 1:
        raise _refused(f"the value of {match['path']!r} is more than one YAML document", place, "write one value")
    value = documents[0].data if documents else None
    if route == ("environment",) and not (isinstance(value, str) and value):
        raise _refused("an environment is named by text", place, "write environment=NAME, or environment=./FILE.yaml")
    return profiles[name or next(iter(profiles))], route, value


def _with_value(profile: Profile, path: Sequence[str], value: Json, place: Place) -> Profile:
    data = copy.deepcopy(profile.document.data)
    at = data
    route: Route = ()
    fresh: list[Route] = []
    for step in path[:-1]:
        known = _step(at, step)
        if known is None:
            shown = ".".join(path[: len(route) + 1])
            raise _refused(f"there is no {shown} to set a value in", place, "name an existing mapping or list item")
        route = (*route, known)
        if isinstance(at, dict) and known not in at:
            at[known] = {}
            fresh.append(route)
        at = at[known]
    last = _step(at, path[-1])
    if last is None:
        message = f"{'.'.join(path)} cannot be set: it lies in no mapping, or in no list of that length"
        raise _refused(message, place, "see the file")
    at[last] = value
    route = (*route, last)
    places = {known: where for known, where in profile.document.values.items() if known[: len(route)] != route}
    keys = {known: where for known, where in profile.document.keys.items() if known[: len(route)] != route}
    ours = dict.fromkeys([*fresh, route], place)
    document = Document(data, profile.document.file, {**places, **ours}, {**keys, **ours})
    return replace(profile, document=document, environment=data.get("environment"))


def _step(at: Json, step: str) -> str | int | None:
    """Return *step* as a key of the mapping, or as an index of the list *at*; None where it leads nowhere."""
    if isinstance(at, dict):
        return step
    is_index = isinstance(at, list) and re.fullmatch(_INDEX, step) and int(step) < len(at)
    return int(step) if is_index else None
