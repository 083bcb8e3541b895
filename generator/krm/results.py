"""Findings as results of a function: which object, which field, which file; not a line of a list nobody wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from generator.core.findings import Finding, Severity
from generator.core.places import Document, Json, Place, Route
from generator.core.yaml_reader import read_documents
from generator.krm.resource_list import file_of
from generator.manifests.objects import Manifest

_ONE_FILE = 5_000_000


class Origins:
    """Knows which object and field a place is about."""

    def __init__(self, documents: Iterable[Document]) -> None:
        """Take the documents that findings may be in: objects, or lists of objects."""
        self._about: dict[Place, tuple[Json, Route]] = {}
        for document in documents:
            routes = [*document.values.items(), *document.keys.items()]
            for route, place in sorted(routes, key=lambda one: len(one[0])):
                self._about.setdefault(place, _object_at(document.data, route))

    def result(self, finding: Finding) -> dict[str, Json]:
        """Return *finding* in the form of the KRM Functions Specification.

        Its fields have no room for code, cure and line: the first two are in the message,
        code and line among the tags.
        """
        text = f"{finding.code}: {finding.message}" + (f"; {finding.fix}" if finding.fix else "")
        found: dict[str, Json] = {"message": text, "severity": finding.severity.value}
        tags = {"code": finding.code}
        about = self._about.get(finding.place) if finding.place else None
        if about is not None:
            item, route = about
            if _reference(item)["name"]:
                found["resourceRef"] = _reference(item)
            if route:
                found["field"] = {"path": _path(route)}
            if (origin := file_of(item)) is not None:
                found["file"] = {"path": origin[0], "index": origin[1]}
            if (place := _place_in_file(item, route)) is not None:
                tags |= {"line": str(place.line), "column": str(place.column)}
        elif finding.place is not None:
            found["file"] = {"path": finding.place.file}
            tags |= {"line": str(finding.place.line), "column": str(finding.place.column)}
        return {**found, "tags": tags}

    def readable(self, finding: Finding) -> Finding:
        """Return *finding* as a person is to read it: at its place in a file on this disk, or in words."""
        related = tuple((place, note) for place, note in finding.related if place not in self._about)
        if finding.place is None or finding.place not in self._about:
            return replace(finding, related=related)
        item, route = self._about[finding.place]
        place = _place_in_file(item, route)
        message = finding.message if place else f"{_name(item)}{_field(route)}: {finding.message}"
        return replace(finding, place=place, message=message, related=related)


def _object_at(data: Json, route: Route) -> tuple[Json, Route]:
    """Return the object that *route* leads to, or into, and the rest of the route."""
    if route[:1] == ("items",) and len(route) > 1 and isinstance(data["items"][route[1]], dict):
        return data["items"][route[1]], route[2:]
    return data, route


def information(message: str) -> dict[str, Json]:
    """Return a result that only tells what was done."""
    return {"message": message, "severity": Severity.INFO.value}


def _reference(item: Mapping[str, Json]) -> dict[str, Json]:
    one = Manifest(Document(item, "", {}, {}), (), dict(item))
    found = {"apiVersion": one.api_version, "kind": one.kind, "name": one.name}
    namespace = str(one.metadata.get("namespace") or "")
    return found | ({"namespace": namespace} if namespace else {})


def _name(item: Json) -> str:
    about = _reference(item)
    namespace = f"{about['namespace']}/" if "namespace" in about else ""
    return f"{about['kind']} {namespace}{about['name']}".strip()


def _field(route: Route) -> str:
    return f", {_path(route)}" if route else ""


def _path(route: Route) -> str:
    """Return *route* as the specification writes it: ``spec.ingress[0].from``."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in route]
    return "".join(steps).removeprefix(".")


def _place_in_file(item: Json, route: Route) -> Place | None:
    """Return where the field is written, if the object's file lies here and still holds that object at its number."""
    origin = file_of(item)
    if origin is None or not _is_below(Path(origin[0])):
        return None
    try:
        content = Path(origin[0]).read_bytes()[: _ONE_FILE + 1]
    except OSError:
        return None
    documents, _ = read_documents(content, origin[0], allow_ambiguous=True)
    if origin[1] >= len(documents) or not isinstance(documents[origin[1]].data, dict):
        return None
    document = documents[origin[1]]
    return document.place(route) if _reference(document.data) == _reference(item) else None


def _is_below(path: Path) -> bool:
    return not path.is_absolute() and ".." not in path.parts and path.is_file()
