"""Two profiles speak of the same thing: one declaration, or a conflict that names both places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from generator.core.findings import Finding
from generator.core.places import Json
from generator.intent.declarations import Declaration
from generator.model.workloads import WorkloadKey

_STRONGER = {
    "isolation": "namespace",
    "rendered": True,
    "create": True,
    "createAccounts": True,
    "registryOnly": True,
    "encrypted": True,
    "consent": True,
}
"""Fields where one profile may ask for more than another; the value that wins."""

_UNITED = frozenset({"ports", "directions"})
"""Lists of which each profile may name a part."""

_BOTH = ("Ingress", "Egress")
_NAMESPACE_DEFAULTS: dict[str, Json] = {
    "mesh": "sidecar",
    "mtls": "STRICT",
    "authorization": "enforced",
    "isolation": "namespace",
    "directions": list(_BOTH),
}
_WORKLOAD_DEFAULTS: dict[str, Json] = {"rendered": True, "directions": list(_BOTH)}


def merge_declarations(
    declared: Iterable[Declaration], what: str
) -> tuple[dict[WorkloadKey, Declaration], list[Finding]]:
    """Merge declarations of the same key, in an order that does not depend on that of the profiles.

    Returns:
        One declaration per key, sorted by key, and MG025 for each field on which two disagree.
    """
    merged: dict[WorkloadKey, Declaration] = {}
    findings: list[Finding] = []
    for item in sorted(declared, key=lambda item: (item.key, item.origin.place)):
        known = merged.get(item.key)
        if known is None:
            merged[item.key] = item
            continue
        merged[item.key], conflicts = _merge_two(known, item, what)
        findings += conflicts
    return merged, findings


def _merge_two(first: Declaration, second: Declaration, what: str) -> tuple[Declaration, list[Finding]]:
    first, second = _complete(first, what), _complete(second, what)
    fields = dict(first.fields)
    findings = []
    for name, value in second.fields.items():
        if name not in fields or fields[name] == value:
            fields[name] = value
        elif name in _STRONGER:
            fields[name] = _STRONGER[name]
        elif name in _UNITED:
            united, clash = _unite(fields[name], value)
            if not clash:
                fields[name] = united
            else:
                findings.append(_conflict(first, second, name, what))
        else:
            findings.append(_conflict(first, second, name, what))
    return replace(first, fields=fields, places={**second.places, **first.places}), findings


def _complete(declared: Declaration, what: str) -> Declaration:
    """Return *declared* with what its silence means, so that another profile cannot weaken it unnoticed.

    A profile that isolates named workloads only, or names a far end, leaves the rest open.
    """
    if what == "namespace" and declared.fields.get("isolation") != "workloads":
        return replace(declared, fields={**_NAMESPACE_DEFAULTS, **declared.fields})
    if what == "workload" and declared.fields.get("rendered", True):
        return replace(declared, fields={**_WORKLOAD_DEFAULTS, **declared.fields})
    return declared


def _unite(first: list[Json], second: list[Json]) -> tuple[list[Json], bool]:
    united = first + [item for item in second if item not in first]
    numbers = [item["number"] for item in united if isinstance(item, dict)]
    return united, len(numbers) != len(set(numbers))


def _conflict(first: Declaration, second: Declaration, field: str, what: str) -> Finding:
    name = "/".join(part for part in second.key if part)
    place = second.places.get(field, second.origin.place)
    other = first.places.get(field, first.origin.place)
    if field == "zone":  # written once beside many namespaces: the one that stands twice is the mistake
        place, other = second.origin.place, first.origin.place
    if first.origin.profile == second.origin.profile:
        who = f"the profile {first.origin.profile!r} says two things of"
    else:
        who = f"the profiles {first.origin.profile!r} and {second.origin.profile!r} disagree on"
    message = (
        f"{who} {field} of the {what} {name}: {_short(first.fields[field])} against {_short(second.fields[field])}"
    )
    return Finding(
        "MG025",
        message,
        place,
        "say the same in both, or in one of them alone",
        related=((other, "the other one"),),
    )


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
