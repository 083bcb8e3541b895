"""The clusters of a mesh as one environment file states them: this one is none of the others, and no range is two's."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator, Mapping

from generator.core.findings import Finding
from generator.core.places import Document, Json, Place, Route


def check_clusters(spec: Mapping[str, Json], said_in: Document) -> Iterator[Finding]:
    """Yield MG012 where this cluster stands among the others, or two clusters of a network have the same addresses.

    Where pods are told apart by address alone, a shared range would let one cluster in as the other.
    """
    others: dict[str, Json] = spec["clusters"] if isinstance(spec["clusters"], dict) else {}
    own = spec["cluster"]["name"]
    if own in others:
        message = f"{own!r} is this cluster (cluster.name), and stands among the others"
        yield Finding("MG012", message, _at(said_in, own), "list the other clusters alone")
    ranges = {name: data.get("pods") for name, data in others.items()}
    network = spec["cluster"]["network"]
    known = [("", network, spec["addresses"]["pods"])]
    known += [(name, data.get("network"), ranges[name]) for name, data in others.items()]
    for (first, one, ours), (second, other, theirs) in itertools.combinations(known, 2):
        is_shared = one == other and one not in (None, "unknown")
        for cidr, twin in _overlaps(ours, theirs) if is_shared else ():
            whose = f"those of {first!r}" if first else "this cluster's own (addresses.pods)"
            message = f"the pods of {second!r} ({twin}) share addresses with {whose} ({cidr}), on one network"
            fix = "state the ranges that each cluster assigns from, or give them different networks"
            yield Finding("MG012", message, _at(said_in, second, "pods"), fix)


def _overlaps(ours: Json, theirs: Json) -> Iterator[tuple[str, str]]:
    for one in ours if isinstance(ours, list) else ():
        for other in theirs if isinstance(theirs, list) else ():
            if ipaddress.ip_network(one).overlaps(ipaddress.ip_network(other)):
                yield one, other


def _at(said_in: Document, *route: str) -> Place:
    """Return the nearest place that the file itself has; a preset may have said the rest."""
    whole: Route = ("spec", "clusters", *route)
    for length in range(len(whole), 0, -1):
        if whole[:length] in said_in.values:
            return said_in.place(whole[:length])
    return said_in.place()
