"""From files to objects: foreign YAML read with generous limits, lists taken apart, what is no object counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from generator.checking.files import KUSTOMIZATION_NAMES, Found
from generator.core.files import LARGEST
from generator.core.findings import Finding
from generator.core.places import Document, Json, Place, Route
from generator.core.yaml_quick import read_quickly
from generator.core.yaml_reader import Limits

KUSTOMIZE_GROUP = "kustomize.config.k8s.io"
_MOST_VALUES = 3_000_000
_FEWEST_VALUES = 100_000
_LIST_SUFFIX = "List"


@dataclass(slots=True)
class Sources:
    """Objects, one in each document, and what was met on the way to them.

    ``strangers`` counts documents that are no Kubernetes objects, ``patches`` names files
    that a kustomization applies to others: they are no objects either.
    """

    documents: list[Document] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    marked: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    strangers: int = 0
    patches: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether everything could be read."""
        return not any(one.code in UNREAD for one in self.findings)


UNREAD = frozenset({"MG001", "MG002", "MG005", "MG006"})
"""Findings that mean: what stands there is unknown."""

MARK = "meshgen:"
"""A word that files with comments for us hold; the text of others is not kept."""


def read_sources(found: Found) -> Sources:
    """Read everything in *found*; what is wrong with one file does not hide the others."""
    sources = Sources(findings=list(found.findings))
    for name, content in found.contents.items():
        read_into(sources, content, name)
    _leave_out_patches(sources)
    return sources


def read_into(sources: Sources, content: bytes, name: str) -> None:
    """Read one file's *content* into *sources*."""
    sources.files.add(name)
    documents, findings = read_quickly(content, name, limits=_limits(len(content)), allow_ambiguous=True)
    if Path(name).name in KUSTOMIZATION_NAMES:
        documents = [_with_kind(document) for document in documents]
    items = [one for document in documents for one in _objects(document)]
    objects = [one for one in items if _is_meant_as_object(one.data)]
    sources.strangers += len(items) - len(objects)
    if not objects:  # `!Ref` and `!vault` are fine in files that are nothing of ours
        findings = [one for one in findings if one.code != "MG008"]
    sources.documents += objects
    sources.findings += findings
    if MARK.encode() in content and not any(one.code in UNREAD for one in findings):
        sources.marked[name] = content.decode("utf-8-sig")


def _limits(size: int) -> Limits:
    """Return bounds for a file of *size* bytes: more values than characters come from aliases alone."""
    values = min(max(size, _FEWEST_VALUES), _MOST_VALUES)
    return Limits(characters=LARGEST, values=values, depth=200, documents=1_000_000)


def _with_kind(document: Document) -> Document:
    """Kustomize itself needs neither `kind` nor `apiVersion` in its file, whose name says it all."""
    data = document.data
    if not isinstance(data, dict):
        return document
    return replace(document, data={"apiVersion": f"{KUSTOMIZE_GROUP}/v1beta1", "kind": "Kustomization", **data})


def _is_meant_as_object(data: Json) -> bool:
    """Tell whether *data* is, or tries to be, a Kubernetes object; Chart.yaml has an apiVersion and is none."""
    if not isinstance(data, dict):
        return False
    named = data.keys() & {"apiVersion", "kind"}
    return len(named) == 2 or bool(named and data.keys() & {"metadata", "spec"})


def _objects(document: Document) -> Iterator[Document]:
    """Yield *document*, or the items of the ``List`` that it is, as documents of their own."""
    data = document.data
    is_list = isinstance(data, dict) and str(data.get("kind") or "").endswith(_LIST_SUFFIX)
    if not is_list or not isinstance(data.get("items"), list):
        yield document
        return
    for index, item in enumerate(data["items"]):
        yield from _objects(below(document, ("items", index), item))


def below(document: Document, route: Route, data: Json) -> Document:
    """Return the value *data* at *route* of *document* as a document, its places unchanged."""
    places = _Below(document, route, "values"), _Below(document, route, "keys")
    return Document(data, document.file, *places, document.ambiguous)


@dataclass(frozen=True, slots=True)
class _Below(Mapping[Route, Place]):
    """The places below one route of a document, without copying them."""

    document: Document
    route: Route
    part: str

    def _all(self) -> Mapping[Route, Place]:
        places: Mapping[Route, Place] = getattr(self.document, self.part)
        return places

    def __getitem__(self, route: Route) -> Place:
        return self._all()[(*self.route, *route)]

    def __iter__(self) -> Iterator[Route]:
        size = len(self.route)
        return (one[size:] for one in self._all() if one[:size] == self.route)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _leave_out_patches(sources: Sources) -> None:
    """Take out the objects of files that a kustomization among them uses as patches."""
    named = {path for one in sources.documents if is_kustomization(one.data) for path in _patch_files(one)}
    patches = {name for name in sources.files if _resolved(Path(name)) in named} if named else set()
    sources.patches += sorted(patches)
    sources.documents = [one for one in sources.documents if one.file not in patches]
    sources.marked = {name: text for name, text in sources.marked.items() if name not in patches}


def is_kustomization(data: Json) -> bool:
    """Tell whether *data* is a file of Kustomize's own."""
    return isinstance(data, dict) and str(data.get("apiVersion") or "").startswith(f"{KUSTOMIZE_GROUP}/")


_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "configurations")


def _patch_files(kustomization: Document) -> Iterator[Path]:
    folder = Path(kustomization.file).parent
    for key in _PATCHES:
        listed = kustomization.data.get(key)
        for entry in listed if isinstance(listed, list) else ():
            path = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(path, str) and "\n" not in path and "\0" not in path:
                yield _resolved(folder / path)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path
