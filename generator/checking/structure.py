"""What a cluster would refuse about the kinds that we have schemas for: structure (MG601) and admission (MG602)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from generator.core.findings import Finding
from generator.core.places import Document, Json
from generator.manifests import admission, schema

_SET_BY_SERVER = frozenset(
    {
        *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"),
        *("managedFields", "resourceVersion", "selfLink", "uid"),
    }
)


def check_structure(
    documents: Iterable[Document], schemas: Mapping[tuple[str, str], dict[str, Any]]
) -> Iterator[Finding]:
    """Yield what is wrong with objects of known kinds; of others only a misspelt kind or version of ours.

    What the API server writes into live objects (`status`, `metadata.uid`, …) is not the user's to mend.
    """
    known = schema.known_kinds() | schemas.keys()
    groups = {(version.rpartition("/")[0], kind) for version, kind in known}

    @cache
    def is_ours(version: str, kind: str) -> bool:
        return (version.rpartition("/")[0], kind) in groups or bool(schema.meant_kind(version, kind, known))

    for document in documents:
        own = _without_server_fields(document)
        version, kind = own.data.get("apiVersion"), own.data.get("kind")
        is_named = isinstance(version, str) and isinstance(kind, str)
        if not is_named or (version, kind) in known or is_ours(version, kind):
            yield from schema.check(own, schemas)
        if is_named and (version, kind) in known:
            yield from admission.check(own)


def _without_server_fields(document: Document) -> Document:
    own: dict[str, Json] = document.data
    metadata = own.get("metadata")
    if "status" in own:
        own = {key: value for key, value in own.items() if key != "status"}
    if isinstance(metadata, dict) and not _SET_BY_SERVER.isdisjoint(metadata):
        own = {**own, "metadata": {key: value for key, value in metadata.items() if key not in _SET_BY_SERVER}}
    return document if own is document.data else replace(document, data=own)
