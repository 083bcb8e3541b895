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
        found = schema.check(own, schemas)
        identity = (document.data.get("apiVersion"), document.data.get("kind"))
        group = (str(identity[0]).rpartition("/")[0], identity[1])
        yield from (one for one in found if one.code != schema.NO_SCHEMA or group in groups)
        if identity in known:
            yield from admission.check(own)


def _without_server_fields(data: dict[str, Json]) -> dict[str, Json]:
    own = {key: value for key, value in data.items() if key != "status"}
    metadata = own.get("metadata")
    if isinstance(metadata, dict):
        own["metadata"] = {key: value for key, value in metadata.items() if key not in _SET_BY_SERVER}
    return own
