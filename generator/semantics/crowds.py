"""Sets of endpoints in words: everybody, every pod of a namespace, a few by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from generator.algebra.ternary import members
from generator.semantics.neighbours import UNKNOWN_IDENTITY
from generator.semantics.strangers import ELSEWHERE
from generator.semantics.universe import grouped
from generator.semantics.waypoints import is_past_waypoint
from generator.topology import IN_MESH, OUTSIDE, Endpoint

_UNKNOWN_POD = re.compile(r"an unknown pod of (?:the namespace )?(.+) (?:with(?:out)? a sidecar|in the ambient mesh)")
_LIKE = "a pod like "
_ADDRESSES = "every address"
_FEW = 2
"""Exceptions that are worth naming."""


class Crowds:
    """Names for masks over classes of endpoints; *blocks* are the members of each class among *everybody*."""

    def __init__(self, everybody: Sequence[Endpoint], blocks: Sequence[int]) -> None:
        """Prepare the names of the classes, and of the sets that have a name of their own."""
        self._members = [[everybody[number] for number in members(block)] for block in blocks]
        self._names = [_names(found) for found in self._members]
        # Impostors may be anything; what a class is, its real members say.
        self._real = [[one for one in found if _LIKE not in one.name] or found for found in self._members]
        self.impostors = sum(
            1 << number for number, found in enumerate(self._members) if all(_LIKE in one.name for one in found)
        )
        self._addresses = self._where(lambda one: not one.is_pod and not one.is_node and not one.cluster)
        self._hidden_by = list(self._by_namespace())
        seldom = self.impostors | self._where(is_past_waypoint)
        self._wholes = [(mask & ~seldom, word) for mask, word in self._candidates() if mask]
        self._parts: dict[int, list[str]] = {}

    def names(self, mask: int) -> list[str]:
        """Return the names of everybody in *mask*, for programs."""
        is_all = self._addresses and not self._addresses & ~mask
        rest = mask & ~self._addresses if is_all else mask
        found = {name for number in members(rest) for name in self._names[number]}
        return sorted(found | ({_ADDRESSES} if is_all else set()))

    def parts(self, mask: int) -> list[str]:
        """Return *mask* for a reader: the largest sets that have a name, then the rest one by one."""
        if mask not in self._parts:
            self._parts[mask] = self._parts_of(mask)
        return list(self._parts[mask])

    def _parts_of(self, mask: int) -> list[str]:
        parts, rest = [], mask
        for strangers, impostors in self._hidden_by:
            rest &= ~impostors if mask & strangers else -1
        wholes = list(self._useful(mask, rest)) if rest.bit_count() > 1 else []
        while wholes and rest.bit_count() > 1:
            whole, left_out, word = max(wholes, key=lambda one: _gain(one[0], one[1], mask, rest))
            if _gain(whole, left_out, mask, rest) < 2:  # a name is as short
                break
            names = self.names(left_out)
            parts.append(f"{word} but {', '.join(names)}" if names else word)
            rest &= ~whole
        return [*parts, *self.names(rest)]

    def _useful(self, mask: int, rest: int) -> Iterator[tuple[int, int, str]]:
        """Yield the words that may save some of *rest*, with whom each holds beyond *mask*: few enough to be named."""
        for whole, word in self._wholes:
            if (whole & rest).bit_count() > 1:
                left_out = whole & ~mask
                if not left_out or (left_out.bit_count() <= _FEW and len(self.names(left_out)) <= _FEW):
                    yield whole, left_out, word

    def _by_namespace(self) -> Iterator[tuple[int, int]]:
        """Yield unknown pods with the impostors beside them, who then need no mention: they are unknown as well."""
        pods = [(number, one) for number, found in enumerate(self._members) for one in found if one.is_pod]
        near = grouped((one.namespace, number) for number, one in pods)
        known = grouped((one.namespace, number) for number, one in pods if _UNKNOWN_POD.fullmatch(one.name))
        yield from ((known.get(name, 0), self.impostors & near[name]) for name in sorted(near))

    def _candidates(self) -> Iterator[tuple[int, str]]:
        """Yield the sets that have a name, the more general first."""
        pods = self._where(_is_local)
        inside = self._where(lambda one: one.mesh in IN_MESH and not one.cluster)
        outside = self._where(lambda one: _is_local(one) and one.mesh == OUTSIDE)
        others = self._where(lambda one: one.is_node or bool(one.cluster))
        yield pods | self._addresses | others, "anyone"
        kinds = ((pods, ""), (inside, " in the mesh"), (outside, " outside the mesh"))
        yield from ((mask, f"every pod{word}") for mask, word in kinds)
        yield self._addresses, _ADDRESSES
        unknown = self._where(lambda one: bool(_UNKNOWN_POD.fullmatch(one.name)))
        spaces = [{one.namespace for one in found} for found in self._real]
        of_one = grouped((name, number) for number, names in enumerate(spaces) for name in names if len(names) == 1)
        for name in sorted({one.namespace for found in self._members for one in found if _is_local(one)} - {ELSEWHERE}):
            own = of_one.get(name, 0)
            yield from ((mask & own, f"every pod of {name}{word}") for mask, word in kinds)
            yield own & ~unknown, f"every workload of {name}"
            yield from ((mask & ~own, f"every pod of other namespaces than {name}{word}") for mask, word in kinds)

    def _where(self, holds: Callable[[Endpoint], bool]) -> int:
        """Return the classes of which every real member is so."""
        return sum(1 << number for number, found in enumerate(self._real) if all(map(holds, found)))


def _gain(whole: int, left_out: int, mask: int, rest: int) -> int:
    """Return how many classes of *rest* the word for *whole* saves; none if it would say some of *mask* twice."""
    saved = (whole & rest).bit_count()
    if saved < 2 or (left_out and whole & ~rest & mask):
        return 0
    return saved - 3 * left_out.bit_count()


def _is_local(one: Endpoint) -> bool:
    """Tell whether *one* is a pod of this cluster."""
    return one.is_pod and not one.cluster


def _names(found: Sequence[Endpoint]) -> list[str]:
    """Return the names of one class: its workloads, else the strangers that it stands for."""
    if found[0].cluster:
        unknown = [one.name for one in found if UNKNOWN_IDENTITY in one.name]
        return unknown or [one.name for one in found]
    if not found[0].is_pod:
        plain = [one for one in found if one.name.startswith("the address ")]  # a class may hold more than a cluster's
        return [(plain or found)[0].name.replace("the address ", "addresses like ")]
    real = [one.name for one in found if _LIKE not in one.name and not _UNKNOWN_POD.fullmatch(one.name)]
    return [*real, *_strangers(found)] or [found[0].name]


def _strangers(found: Sequence[Endpoint]) -> list[str]:
    kinds: dict[str, set[str]] = {}
    for one in found:
        if match := _UNKNOWN_POD.fullmatch(one.name):
            kinds.setdefault(match[1], set()).add(one.mesh)
    how = {frozenset({"sidecar"}): " in the mesh", frozenset({"none"}): " outside the mesh"}
    how |= {frozenset({"ambient"}): " in the ambient mesh", frozenset({"sidecar", "ambient"}): " in the mesh"}
    named = {where: how.get(frozenset(meshes), "") for where, meshes in sorted(kinds.items())}
    return [
        f"pods of other namespaces{word}" if where == "another namespace" else f"other pods of {where}{word}"
        for where, word in named.items()
    ]
