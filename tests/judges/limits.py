"""What a judge cannot read, or reads wrongly, and who says so: such policies are shown to neither side.

Each limit names the source that shows who is right. What a limit leaves out for one judge,
another still judges: see `readers/`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """One kind of policy that a judge is not asked about; ``source`` says why we are not wrong about it."""

    what: str
    source: str
    holds: Callable[[Object], bool]


def readable(objects: Sequence[Object], limits: Sequence[Limit], left_out: Counter[str]) -> list[Object]:
    """Return *objects* without the policies that a limit is about, which are counted in *left_out*."""
    kept = []
    for one in objects:
        met = next((limit for limit in limits if "spec" in one and limit.holds(one)), None)
        if met is None:
            kept.append(one)
        else:
            left_out[met.what] += 1
    return kept


def is_network(one: Object) -> bool:
    """Tell whether *one* is a NetworkPolicy."""
    return bool(one["kind"] == "NetworkPolicy")


def is_mesh(one: Object) -> bool:
    """Tell whether *one* is an AuthorizationPolicy."""
    return bool(one["kind"] == "AuthorizationPolicy")


def rules_of(policy: Object) -> Iterator[Object]:
    """Yield every rule of *policy*."""
    spec = policy["spec"]
    for section in ("ingress", "egress", "rules"):
        yield from spec.get(section) or ()


def peers_of(policy: Object) -> Iterator[Object]:
    """Yield every peer of a NetworkPolicy."""
    for rule in rules_of(policy):
        yield from (*(rule.get("from") or ()), *(rule.get("to") or ()))


def sources_of(policy: Object) -> Iterator[Object]:
    """Yield every source of an AuthorizationPolicy."""
    for rule in rules_of(policy):
        yield from (one["source"] for one in rule.get("from") or ())


def conditions_of(policy: Object) -> Iterator[Object]:
    """Yield every condition of an AuthorizationPolicy."""
    for rule in rules_of(policy):
        yield from rule.get("when") or ()


def expressions_of(selector: Object | None) -> Sequence[Object]:
    """Return the expressions of a selector."""
    return (selector or {}).get("matchExpressions") or ()


def asks_for_addresses(one: Object) -> bool:
    """Tell whether *one* is an AuthorizationPolicy that tells callers apart by their addresses."""
    if not is_mesh(one):
        return False
    by_source = any({"ipBlocks", "notIpBlocks"} & set(each) for each in sources_of(one))
    return by_source or any(each["key"] == "source.ip" for each in conditions_of(one))
