"""Kubernetes objects as they stand in YAML, whoever wrote it: identity, data, and places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any

from generator.core.frozen import dataclass
from generator.core.places import Document, Json, Place, Route

DEFAULT_NAMESPACE = "default"
MANAGED_BY = "app.kubernetes.io/managed-by"
BUNDLE_LABEL = "meshgen.dev/bundle"
"""Labels of every object that meshgen renders: that it did, and the bundle that the object belongs to."""

_PLAIN = (str, int, float)


def _read_once() -> Any:
    return field(init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object: a whole document, or an item of a ``List``.

    What every rule asks for is read once. ``kind``, ``api_version`` and ``name`` are the empty
    text where there is none, ``group`` is so for the core group; ``metadata`` and ``spec`` are
    empty where there are none. What names no ``namespace`` is applied to ``default``.
    """

    document: Document
    route: Route
    data: dict[str, Json]
    kind: str = _read_once()
    api_version: str = _read_once()
    group: str = _read_once()
    metadata: dict[str, Json] = _read_once()
    name: str = _read_once()
    namespace: str = _read_once()
    labels: dict[str, str] = _read_once()
    annotations: dict[str, str] = _read_once()
    spec: dict[str, Json] = _read_once()

    def __post_init__(self) -> None:
        """Read what every rule asks for."""
        data, keep = self.data, object.__setattr__
        metadata, version = mapping(data.get("metadata")), str(data.get("apiVersion") or "")
        keep(self, "kind", str(data.get("kind") or ""))
        keep(self, "api_version", version)
        keep(self, "group", version.rpartition("/")[0])
        keep(self, "metadata", metadata)
        keep(self, "name", str(metadata.get("name") or ""))
        keep(self, "namespace", str(metadata.get("namespace") or DEFAULT_NAMESPACE))
        keep(self, "labels", texts(metadata.get("labels")))
        keep(self, "annotations", texts(metadata.get("annotations")))
        keep(self, "spec", mapping(data.get("spec")))

    def place(self, *route: str | int) -> Place:
        """Return where the value at *route* below this object is written."""
        return self.document.place((*self.route, *route))


def manifests(documents: Iterable[Document]) -> Iterator[Manifest]:
    """Yield the objects of *documents*, those inside a ``List`` one by one."""
    for document in documents:
        yield from _objects(document, (), document.data)


def _objects(document: Document, route: Route, data: Json) -> Iterator[Manifest]:
    if not isinstance(data, dict):
        return
    if str(data.get("kind") or "").endswith("List") and isinstance(data.get("items"), list):
        for index, item in enumerate(data["items"]):
            yield from _objects(document, (*route, "items", index), item)
    else:
        yield Manifest(document, route, data)


def mapping(value: Json) -> dict[str, Json]:
    """Return *value* if it is a mapping, else an empty one: what the schema check reports, reading skips."""
    return value if isinstance(value, dict) else {}


def sequence(value: Json) -> list[Json]:
    """Return *value* if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def texts(value: Json) -> dict[str, str]:
    """Return a mapping's entries whose values are texts or become one without doubt."""
    return {str(key): str(item) for key, item in mapping(value).items() if isinstance(item, _PLAIN)}


def strings(value: Json) -> tuple[str, ...]:
    """Return a list's entries as texts."""
    return tuple([str(item) for item in sequence(value) if isinstance(item, _PLAIN)])
