"""Both halves of a dual-stack cluster: ranges and address families must tell the same story."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from generator.core.findings import Finding
from generator.core.places import Document, Json

RANGES = ("pods", "nodes", "services")
"""Ranges that the cluster itself assigns from, one of each family that it has."""


def check_families(spec: Mapping[str, Json], said_in: Document) -> Iterator[Finding]:
    """Yield MG012 for each range that the cluster's families do not explain, or lack.

    A rule that opens every public address of a family leaves the cluster's own ranges out;
    with half of them stated it would leave out half of the cluster. Families that a file
    does not state itself bind nobody: `generic` names both, because it knows neither.
    """
    families: list[str] = spec["ipFamilies"]
    for name in RANGES:
        ranges = spec["addresses"][name]
        known = {family_of(one) for one in ranges} if isinstance(ranges, list) else set()
        route = ("spec", "addresses", name)
        place = said_in.place(route) if route in said_in.values else said_in.place(("spec", "ipFamilies"))
        for family in sorted(known - set(families)):
            message = f"addresses.{name} has an {family} range, but ipFamilies has {' and '.join(families)} alone"
            yield Finding("MG012", message, place, f"add {family} to ipFamilies, or drop the range")
        for family in missing(spec, name) if "ipFamilies" in said_in.data["spec"] else ():
            message = f"addresses.{name} has no {family} range, but ipFamilies has {family}"
            yield Finding("MG012", message, place, f"add the {family} range, or write unknown for all of {name}")


def missing(spec: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return the families of the cluster of which the ranges called *name* are stated, but hold none."""
    ranges = spec["addresses"][name]
    known = {family_of(one) for one in ranges} if isinstance(ranges, list) else set()
    return tuple(one for one in spec["ipFamilies"] if known and one not in known)


def of_families(cidrs: Iterable[str], families: Iterable[str]) -> tuple[str, ...]:
    """Return those of *cidrs* that a cluster with these *families* can reach."""
    known = set(families)
    return tuple(one for one in cidrs if family_of(one) in known)


def family_of(cidr: str) -> str:
    """Return the family of *cidr*: IPv4 or IPv6."""
    return f"IPv{ipaddress.ip_network(cidr).version}"
