"""What a cluster would refuse about the kinds that we have schemas for: structure (MG601) and admission (MG602)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
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
    for document in documents:
        own = replace(document, data=_without_server_fields(document.data))
        version, kind = str(document.data.get("apiVersion")), str(document.data.get("kind"))
        is_ours = (version.rpartition("/")[0], kind) in groups or schema.meant_kind(version, kind, known)
        yield from (one for one in schema.check(own, schemas) if one.code != schema.NO_SCHEMA or is_ours)
        if (version, kind) in known:
            yield from admission.check(own)


def _without_server_fields(data: dict[str, Json]) -> dict[str, Json]:
    own = {key: value for key, value in data.items() if key != "status"}
    metadata = own.get("metadata")
    if isinstance(metadata, dict):
        own["metadata"] = {key: value for key, value in metadata.items() if key not in _SET_BY_SERVER}
    return own
