"""Kubernetes objects as they stand in YAML, whoever wrote it: identity, data, and places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generator.core.frozen import dataclass
from generator.core.places import Document, Json, Place, Route

DEFAULT_NAMESPACE = "default"
MANAGED_BY = "app.kubernetes.io/managed-by"
BUNDLE_LABEL = "meshgen.dev/bundle"
"""Labels of every object that meshgen renders: that it did, and the bundle that the object belongs to."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object: a whole document, or an item of a ``List``."""

    document: Document
    route: Route
    data: dict[str, Json]

    @property
    def kind(self) -> str:
        """Its kind, or the empty text."""
        return str(self.data.get("kind") or "")

    @property
    def api_version(self) -> str:
        """Group and version, or the empty text."""
        return str(self.data.get("apiVersion") or "")

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def metadata(self) -> dict[str, Json]:
        """Its metadata, empty if it has none."""
        return mapping(self.data.get("metadata"))

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.metadata.get("name") or "")

    @property
    def namespace(self) -> str:
        """Its namespace; what names none is applied to ``default``."""
        return str(self.metadata.get("namespace") or DEFAULT_NAMESPACE)

    @property
    def labels(self) -> dict[str, str]:
        """Its own labels."""
        return texts(self.metadata.get("labels"))

    @property
    def annotations(self) -> dict[str, str]:
        """Its annotations."""
        return texts(self.metadata.get("annotations"))

    @property
    def spec(self) -> dict[str, Json]:
        """Its spec, empty if it has none."""
        return mapping(self.data.get("spec"))

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
    return {str(key): str(item) for key, item in mapping(value).items() if isinstance(item, str | int | float)}


def strings(value: Json) -> tuple[str, ...]:
    """Return a list's entries as texts."""
    return tuple(str(item) for item in sequence(value) if isinstance(item, str | int | float))
