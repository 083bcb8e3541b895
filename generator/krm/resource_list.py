"""A ResourceList of the KRM Functions Specification, version 1: read with places, changed without losing a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from generator.checking.sources import below
from generator.core.errors import InvalidInput
from generator.core.findings import Finding
from generator.core.places import Document, Json, Place
from generator.core.yaml_reader import Limits, read_documents
from generator.krm.list_text import Change, as_json, list_text
from generator.manifests.objects import mapping

KIND = "ResourceList"
ITEMS = "<items>"
"""What places in the list are called: it has no file."""
VERSIONS = ("config.kubernetes.io/v1", "config.kubernetes.io/v1beta1", "config.kubernetes.io/v1alpha1")
LIMITS = Limits(characters=100_000_000, values=3_000_000, depth=200)

_PATH = "internal.config.kubernetes.io/path"
_INDEX = "internal.config.kubernetes.io/index"
_OLD_PATH = "config.kubernetes.io/path"
_OLD_INDEX = "config.kubernetes.io/index"
_RUNNERS_OWN = ("internal.config.kubernetes.io/", "config.kubernetes.io/", "config.k8s.io/", "kustomize.config.k8s.io/")
"""Annotations by which an orchestrator knows its objects; an object that is renewed keeps them."""
_ANNOTATIONS = "\n  annotations:\n"
"""How the bundled templates begin them."""
_SEPARATOR = re.compile(r"^---[ \t]*(?:#.*)?$\n?", re.MULTILINE)


class ResourceList:
    """The list that a function is given, and gives back."""

    def __init__(self, given: str, document: Document) -> None:
        """Take the text that was *given*, and the same as a *document*."""
        self.given = given
        self.document = document
        self._text = list_text(given)
        self._change = Change()

    @property
    def items(self) -> list[Document]:
        """Its objects as they came, with places in the list."""
        listed = self.document.data.get("items") or []
        return [below(self.document, ("items", index), item) for index, item in enumerate(listed)]

    def configuration(self) -> str:
        """Return the functionConfig as a document of its own, spelt as it came; empty where there is none."""
        asked = self.document.data.get("functionConfig")
        written = self._text.value("functionConfig") if asked and self._text else None
        return written or (json.dumps(asked) if asked else "")

    def items_of(self, kind: str) -> str:
        """Return the items of *kind* as a stream of documents, spelt as they came."""
        return self._stream(lambda item: bool(item.get("kind") == kind))

    def change(self, renewed: Mapping[int, str], removed: Sequence[int], added: Mapping[str, str]) -> None:
        """Renew items by their index, remove some, and add documents, each with the path of its file."""
        items = self.document.data.get("items") or []
        self._change = Change(
            renewed={index: self._annotated(text, _runners_own(items[index])) for index, text in renewed.items()},
            removed=removed,
            added=[self._annotated(text, {_PATH: path, _INDEX: "0", _OLD_PATH: path}) for path, text in added.items()],
        )

    def text(self, results: Sequence[Mapping[str, Json]] = ()) -> str:
        """Return the list as it is now, with *results* in place of those of whoever ran before."""
        change = Change(self._change.renewed, self._change.removed, self._change.added, results)
        return as_json(self.document.data, change) if self._text is None else self._text.changed(change)

    def stream(self) -> str:
        """Return the items as they are now, as a stream of documents."""
        return read_resource_list(self.text().encode())._stream(lambda _: True)

    def _stream(self, is_wanted: Callable[[Json], bool]) -> str:
        listed = self.document.data.get("items") or []
        found = [index for index, item in enumerate(listed) if is_wanted(item)]
        texts = [json.dumps(listed[one]) + "\n" if self._text is None else self._text.item(one) for one in found]
        return "---\n".join(texts)

    def _annotated(self, text: str, annotations: Mapping[str, str]) -> str:
        if self._text is not None and _ANNOTATIONS in text:
            more = "".join(f"    {json.dumps(key)}: {json.dumps(value)}\n" for key, value in annotations.items())
            return text.replace(_ANNOTATIONS, _ANNOTATIONS + more, 1)
        data = read_documents(text, ITEMS)[0][0].data
        metadata = data.setdefault("metadata", {})
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations}
        return json.dumps(data)


def _runners_own(item: Json) -> dict[str, str]:
    annotations = mapping(mapping(item.get("metadata")).get("annotations"))
    return {key: str(value) for key, value in annotations.items() if key.startswith(_RUNNERS_OWN)}


def read_resource_list(content: bytes) -> ResourceList:
    """Read the ResourceList in *content*.

    Raises:
        InvalidInput: it is no YAML, or another object.
    """
    documents, findings = read_documents(content, ITEMS, limits=LIMITS, allow_ambiguous=True)
    if findings:
        raise InvalidInput(findings)
    data = documents[0].data if len(documents) == 1 else None
    if not isinstance(data, dict) or data.get("kind") != KIND or data.get("apiVersion") not in VERSIONS:
        message = f"a KRM function reads one {KIND} of {VERSIONS[0]} on standard input, and this is none"
        fix = "let `kustomize` or `kpt fn` run it; with a file as argument it reads a plain stream of objects"
        raise InvalidInput([Finding("MG012", message, Place(ITEMS, 1, 1), fix)])
    for key, wanted in (("items", list), ("functionConfig", dict)):
        value = data.get(key)
        is_wrong = key == "items" and isinstance(value, list) and not all(isinstance(one, dict) for one in value)
        if value is not None and (not isinstance(value, wanted) or is_wrong):
            what = "a list of objects" if key == "items" else "an object"
            raise InvalidInput([Finding("MG012", f"`{key}` is {what}", documents[0].place((key,)))])
    return ResourceList(content.decode("utf-8-sig"), documents[0])


def as_resource_list(configuration: bytes, stream: bytes) -> bytes:
    """Return a ResourceList of a functionConfig and the objects of a *stream*: what legacy plugins are given apart.

    Raises:
        InvalidInput: one of them is no YAML, or cannot be cut into its documents.
    """
    parts = {"functionConfig": _pieces(configuration, "<configuration>"), "items": _pieces(stream, ITEMS)}
    text = f"apiVersion: {VERSIONS[0]}\nkind: {KIND}\nitems: []\n"
    for piece in parts["functionConfig"][:1]:
        text += "functionConfig:\n" + "".join(f"  {line}" for line in piece.splitlines(keepends=True))
    resources = read_resource_list(text.encode())
    resources._change = Change(added=parts["items"])  # as they came, without annotations
    return resources.text().encode()


def _pieces(content: bytes, file: str) -> list[str]:
    documents, findings = read_documents(content, file, limits=LIMITS, allow_ambiguous=True)
    if findings:
        raise InvalidInput(findings)
    pieces = [one for one in _SEPARATOR.split(content.decode("utf-8-sig")) if read_documents(one, file)[0]]
    if len(pieces) != len(documents):
        message = "objects are separated by lines of `---`, and nothing else stands on them"
        raise InvalidInput([Finding("MG002", message, Place(file, 1, 1))])
    return pieces


def file_of(item: Json) -> tuple[str, int] | None:
    """Return the file an object came from and its number in it, where the orchestrator says so."""
    annotations = mapping(mapping(item.get("metadata")).get("annotations"))
    path = annotations.get(_PATH) or annotations.get(_OLD_PATH)
    index = str(annotations.get(_INDEX) or annotations.get(_OLD_INDEX) or "0")
    return (str(path), int(index) if index.isdecimal() else 0) if path else None
