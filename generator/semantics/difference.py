"""What changes between two sets of manifests, in connections and not in text.

A connection is a client, a server, a port and a request, each standing for all that
nobody tells apart. It exists if every layer lets it through; both ends exist too. Renamed
or rearranged policies change nothing; the last policy of a direction, taken away, opens it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from dataclasses import dataclass

from generator.algebra.intervals import Intervals
from generator.algebra.ternary import Ternary, members
from generator.semantics.classes import alike, port_classes, refine, representatives
from generator.semantics.cluster import Cluster
from generator.semantics.crowds import Crowds
from generator.semantics.effect import Effect
from generator.semantics.reasons import AUTHORIZATION, EGRESS, INGRESS, MTLS
from generator.semantics.requests import CLAIM, Request, connections_of, patterns_of, requests_of
from generator.semantics.rows import Cell, Change, Kind, rows_of
from generator.semantics.spelling import spell
from generator.semantics.union import Union, unite
from generator.topology import OUTSIDE, Point

EXISTENCE = "the workload itself"
"""The layer of workloads that one of the two sets does not have."""

_GAIN = {False: Kind.OPENED, True: Kind.WIDENED}
_LOSS = {False: Kind.CLOSED, True: Kind.NARROWED}


@dataclass(frozen=True, slots=True)
class Difference:
    """Every connection that changed; how much was looked at; workloads that are the same under another name."""

    changes: tuple[Change, ...]
    endpoints: int
    classes: int
    ports: int
    renamed: tuple[tuple[str, str], ...]

    @property
    def widens(self) -> bool:
        """Whether anything gets through that did not, or may."""
        return any(one.kind in (Kind.OPENED, Kind.WIDENED) for one in self.changes)


def compare(old: Cluster, new: Cluster) -> Difference:
    """Return the difference between what *old* and *new* let through."""
    union = unite(old, new)
    ports = port_classes((old, new))
    comparison = _Comparison(union, ports)
    crowds = Crowds(union.new.endpoints, comparison.blocks)
    changes = rows_of(comparison.cells(), crowds, ports)
    counted = len(union.new.endpoints)
    return Difference(tuple(changes), counted, len(comparison.blocks), len(ports), union.renamed)


class _Comparison:
    def __init__(self, union: Union, ports: dict[Point, Intervals]) -> None:
        self._points = tuple(ports)
        self.blocks = _blocks(union, self._points)
        reps = [members(block)[0] for block in self.blocks]
        self._old, self._new = (
            Effect(
                side.cluster,
                representatives(self.blocks, side.endpoints),
                self._points,
                union.shown,
                side.namespaces,
            )
            for side in (union.old, union.new)
        )
        self._here = [
            sum(1 << number for number, rep in enumerate(reps) if not side.absent >> rep & 1)
            for side in (union.old, union.new)
        ]
        self._pods = self._new.universe.pods
        self._is_same_mesh = all(
            (one.mesh, one.account) == (other.mesh, other.account)
            for one, other in zip(self._old.endpoints, self._new.endpoints, strict=True)
        )
        self._requests: dict[int, tuple[Request, ...]] = {}
        self._patterns: dict[int, dict[str, set[str]]] = {}

    def cells(self) -> Iterator[Cell]:
        """Yield, for every server and port with a change, who is concerned and how."""
        for server in range(len(self.blocks)):
            is_mesh_changed = self._is_mesh_changed(server)
            known: dict[object, list[Cell]] = {}
            for position, point in enumerate(self._points):
                network = self._network(server, position)
                if network[0] == network[1] and not (is_mesh_changed and point.transport == "TCP"):
                    continue
                key = (network, self._layers_of_network(server, position), self._class_of(server, point))
                if key not in known:
                    known[key] = list(self._compared(server, position, network))
                yield from (cell.at(point) for cell in known[key])

    def _is_mesh_changed(self, server: int) -> bool:
        if all(one.endpoints[server].mesh == OUTSIDE for one in (self._old, self._new)):
            return False
        return not self._is_same_mesh or self._old.bound_by(server) != self._new.bound_by(server)

    def _class_of(self, server: int, point: Point) -> object:
        if point.transport != "TCP":
            return point.transport
        return (self._old.mesh.class_of(server, point), self._new.mesh.class_of(server, point))

    def _network(self, server: int, position: int) -> tuple[Ternary, Ternary]:
        """Return who gets to *server* by both ends' NetworkPolicies, before and after; nobody to what is not there."""
        found = []
        for effect, here in zip((self._old, self._new), self._here, strict=True):
            verdict = effect.ingress(server, position) & effect.egress(server, position)
            present = here if here >> server & 1 else 0
            clients = present & effect.callers(server) & (-1 if effect.endpoints[server].is_pod else self._pods)
            found.append(verdict & Ternary.exactly(clients))
        return found[0], found[1]

    def _layers_of_network(self, server: int, position: int) -> tuple[int, int, int]:
        old, new = self._old, self._new
        out = _changed(old.egress(server, position), new.egress(server, position))
        into = _changed(old.ingress(server, position), new.ingress(server, position))
        gone = self._here[0] ^ self._here[1]
        return out, into, -1 if gone >> server & 1 else gone

    def _compared(self, server: int, position: int, network: tuple[Ternary, Ternary]) -> Iterator[Cell]:
        """Yield the changes at one port: groups of clients with the same requests gained and lost."""
        point = self._points[position]
        requests = self._samples(server, point)
        before = [self._state(self._old, server, point, one, network[0]) for one in requests]
        after = [self._state(self._new, server, point, one, network[1]) for one in requests]
        gains = [_risen(*pair) for pair in zip(before, after, strict=True)]
        losses = [_risen(*pair) for pair in zip(after, before, strict=True)]
        layers = self._layers(server, position, requests)
        masks = [mask for pair in (*gains, *losses) for mask in pair]
        concerned = functools.reduce(operator.or_, masks, 0)
        masks += [one.verdict.possible for one in (*before, *after)]
        for group in refine(concerned, [*masks, *layers.values()]):
            named = tuple(name for name, mask in layers.items() if mask & group)
            had = any(one.verdict.possible & group for one in before)
            has = any(one.verdict.possible & group for one in after)
            for moved, kind in ((gains, _GAIN[had]), (losses, _LOSS[has])):
                for certain in (True, False):
                    pairs = zip(requests, moved, strict=True)
                    chosen = [one for one, (sure, perhaps) in pairs if (sure if certain else perhaps) & group]
                    if chosen:
                        text = spell(chosen, requests, self._patterns.get(server, {}))
                        yield Cell(kind, certain, group, server, point, text, named)

    @staticmethod
    def _state(effect: Effect, server: int, point: Point, request: Request | None, network: Ternary) -> _State:
        if not network.possible or point.transport != "TCP":
            return _State(network, network)
        verdict = effect.admitted(server, point, request)
        inside = effect.admitted_inside(server, point, request)
        return _State(network & verdict, network & inside)

    def _layers(self, server: int, position: int, requests: tuple[Request | None, ...]) -> dict[str, int]:
        """Return whose verdict changed, layer by layer."""
        point = self._points[position]
        out, into, gone = self._layers_of_network(server, position)
        found = {EXISTENCE: gone if gone >= 0 else (1 << len(self.blocks)) - 1, EGRESS: out, INGRESS: into}
        if point.transport == "TCP":
            old, new = self._old, self._new
            found[MTLS] = _changed(old.connected(server, point), new.connected(server, point))
            asked = 0
            for one in requests:
                asked |= _changed(old.admitted(server, point, one), new.admitted(server, point, one))
                asked |= _changed(old.admitted_inside(server, point, one), new.admitted_inside(server, point, one))
            is_same = old.ruled_by(server) == new.ruled_by(server)
            found[AUTHORIZATION] = asked & ~found[MTLS] if is_same else asked
        return {name: mask for name, mask in found.items() if mask}

    def _samples(self, server: int, point: Point) -> tuple[Request | None, ...]:
        """Return the requests that policies of either side tell apart at this port."""
        if point.transport != "TCP" or all(one.endpoints[server].mesh == OUTSIDE for one in (self._old, self._new)):
            return (None,)
        if server not in self._requests:
            self._patterns[server] = self._patterns_of(server)
            self._requests[server] = requests_of(self._patterns[server])
        if not self._patterns[server]:
            return (None,)
        ports = [one for effect in (self._old, self._new) if (one := effect.endpoints[server].port(point.number))]
        is_http = ports[-1].is_http if ports else None
        requests = self._requests[server]
        if is_http is False:
            return connections_of(requests)
        return requests if is_http else (*connections_of(requests), *requests)

    def _patterns_of(self, server: int) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for effect in (self._old, self._new):
            for dimension, patterns in patterns_of(effect.mesh.policies(server)).items():
                found.setdefault(dimension, set()).update(patterns)
            for issuer, audiences in effect.mesh.trusted(server).items():
                found.setdefault(f"{CLAIM}iss", set()).add(issuer)
                found.setdefault(f"{CLAIM}aud", set()).update(audiences)
        return {dimension: patterns for dimension, patterns in found.items() if patterns}


def _blocks(union: Union, points: tuple[Point, ...]) -> list[int]:
    """Return the classes of endpoints that neither side tells apart."""
    masks: list[int] = []
    for side in (union.old, union.new):
        whole = Effect(side.cluster, side.endpoints, points, union.shown, side.namespaces)
        masks += [*whole.told_apart(), *alike(side.endpoints), side.absent]
    return refine((1 << len(union.new.endpoints)) - 1, masks)


def _changed(one: Ternary, other: Ternary) -> int:
    return (one.sure ^ other.sure) | (one.possible ^ other.possible)


@dataclass(frozen=True, slots=True)
class _State:
    """Who gets through, and who would if everybody of whom nobody says it were in the mesh.

    The second shows what a changed rule does where it is unknown whether it binds anybody:
    the verdict is unknown before and after, and yet the rule may have let somebody in.
    """

    verdict: Ternary
    inside: Ternary


def _risen(before: _State, after: _State) -> tuple[int, int]:
    """Return who surely went from no to yes, and who perhaps did."""
    old, new = before.verdict, after.verdict
    sure = new.sure & ~old.possible
    perhaps = (new.sure & old.unknown) | (new.unknown & ~old.possible)
    perhaps |= after.inside.possible & ~before.inside.possible | after.inside.sure & ~before.inside.sure
    return sure, perhaps & ~sure
