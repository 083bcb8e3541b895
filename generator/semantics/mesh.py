"""Mutual TLS and AuthorizationPolicies over foreign endpoints, three-valued.

`generator.semantics.authorization` decides for endpoints of which it is known whether they
are in the mesh. Of foreign pods often nobody says it: here every reading is tried, and where
they differ the answer is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from generator.algebra.ternary import Ternary
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule
from generator.semantics.authorization import Authorization
from generator.semantics.cluster import Cluster
from generator.semantics.requests import Request
from generator.semantics.trial import Trial
from generator.semantics.universe import Facts, Universe
from generator.topology import AMBIENT, OUTSIDE, SIDECAR, UNKNOWN, Endpoint, Point


@dataclass(frozen=True, slots=True)
class _Reading:
    """One assumption about everybody of whom nobody says whether they are in the mesh."""

    universe: Universe
    authorization: Authorization


class MeshVerdicts:
    """What proxies let through between *endpoints*; element *n* of every mask is endpoint *n*."""

    def __init__(self, cluster: Cluster, endpoints: Sequence[Endpoint]) -> None:
        """Ask the policies of *cluster*."""
        self.endpoints = tuple(endpoints)
        self._cluster = cluster
        self._everyone = (1 << len(self.endpoints)) - 1
        joined = [replace(one, mesh=SIDECAR) if one.mesh == UNKNOWN else one for one in self.endpoints]
        unsure = [number for number, one in enumerate(self.endpoints) if one.mesh == UNKNOWN]
        self._readings = [self._reading(joined)]
        others = (OUTSIDE, AMBIENT) if any(one.waypoint for one in self.endpoints) else (OUTSIDE,)
        for mesh in (
            others if unsure else ()
        ):  # as clients they are this; as servers they still have a proxy of their own
            read = [replace(one, mesh=mesh) if one.mesh == UNKNOWN else one for one in self.endpoints]
            self._readings.append(self._reading([*read, *(joined[number] for number in unsure)]))
        self._again = {number: len(self.endpoints) + position for position, number in enumerate(unsure)}

    def _reading(self, endpoints: Sequence[Endpoint]) -> _Reading:
        cluster, universe = self._cluster, Universe(endpoints, Facts())
        bundle = cluster.bundle
        authorization = Authorization(
            bundle.authorization_policies, bundle.request_authentications, cluster.mtls, universe, cluster.identities
        )
        return _Reading(universe, authorization)

    def policies(self, server: int) -> tuple[AuthorizationPolicy, ...]:
        """Return the policies that speak for *server*, if it is in the mesh."""
        return self._readings[0].authorization.policies(server) if self.endpoints[server].mesh != OUTSIDE else ()

    def at_pod(self, server: int) -> tuple[AuthorizationPolicy, ...]:
        """Return what the proxy of *server*'s own pod enforces."""
        return self._readings[0].authorization.at_pod(server) if self.endpoints[server].mesh != OUTSIDE else ()

    def at_waypoint(self, server: int) -> tuple[AuthorizationPolicy, ...]:
        """Return what the waypoint of *server* enforces."""
        return self._readings[0].authorization.at_waypoint(server)

    def taking_waypoint(self, server: int) -> int:
        """Return who comes to *server* through its waypoint, of those whose part in the mesh is known."""
        return self._readings[0].authorization.taking_waypoint(server) & self._everyone

    def passes_on(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return whose *request* the waypoint of *server* passes on."""
        return self._agreed(server, lambda each, number: each.authorization.passed_on(number, point, request))

    def lets_waypoint_in(self, server: int, point: Point) -> Ternary:
        """Return everyone if the ztunnel of *server* lets its waypoint in."""
        return self._agreed(server, lambda each, number: each.authorization.passage(number, point))

    def trusted(self, server: int) -> dict[str, tuple[str, ...]]:
        """Return the issuers whose tokens *server* checks, with their audiences."""
        return self._readings[0].authorization.trusted(server)

    def connected(self, server: int, point: Point) -> Ternary:
        """Return whose connections get past mutual TLS."""
        verdict = self._agreed(server, lambda one, number: one.authorization.connected(number, point))
        return self._perhaps_outside(server, point, verdict)

    def admitted(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return whose *request* (None: a connection without HTTP) gets through at *point*."""
        verdict = self._agreed(server, lambda each, number: each.authorization.admitted(number, point, request))
        return self._perhaps_outside(server, point, verdict)

    @property
    def is_settled(self) -> bool:
        """Whether it is known of everybody if they are in the mesh."""
        return len(self._readings) == 1

    def admitted_inside(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return what `admitted` would if everybody of whom nobody says it were in the mesh."""
        verdict = self._readings[0].authorization.admitted(server, point, request)
        return Ternary(verdict.sure & self._everyone, verdict.possible & self._everyone)

    def class_of(self, server: int, point: Point) -> tuple[object, ...]:
        """Return what tells *point* apart at *server*: points of one class get the same verdicts."""
        return self._readings[0].authorization.class_of(server, point)

    def told_apart(self) -> Iterator[int]:
        """Yield, for everything that a policy says of callers, who they are: others cannot be told apart."""
        reading, seen = self._readings[0], set()
        known = Ternary.exactly(reading.universe.everyone)
        for policy in self._cluster.bundle.authorization_policies:
            for rule in policy.rules:
                for part in _of_callers(rule):
                    key = (policy.scope.namespace, repr(part))
                    if key not in seen:
                        seen.add(key)
                        server = reading.universe.endpoints[0]
                        trial = Trial(reading.universe, self._cluster.identities, server, Point("TCP", 1), None, known)
                        met = trial.rule(part, policy)
                        yield from (met.sure & self._everyone, met.possible & self._everyone)

    def _agreed(self, server: int, ask: Callable[[_Reading, int], Ternary]) -> Ternary:
        """Return what is so in every reading, and what is possible in one."""
        verdict = ask(self._readings[0], server)
        for reading in self._readings[1:]:
            other = ask(reading, self._again.get(server, server))
            verdict = Ternary(verdict.sure & other.sure, verdict.possible | other.possible)
        return Ternary(verdict.sure & self._everyone, verdict.possible & self._everyone)

    def _perhaps_outside(self, server: int, point: Point, verdict: Ternary) -> Ternary:
        """A server that may be outside the mesh may let everybody in; where no policy speaks it does so either way."""
        if self.endpoints[server].mesh != UNKNOWN:
            return verdict
        inside = self._readings[0].universe.endpoints[server]
        is_bound = self.policies(server) or self.trusted(server) or self._cluster.mtls.deciding(inside, point.number)
        return Ternary(verdict.sure, self._everyone) if is_bound else Ternary.exactly(self._everyone)


def _of_callers(rule: AuthorizationRule) -> Iterator[AuthorizationRule]:
    """Yield *rule* with one statement about callers at a time, and nothing else."""
    nothing = replace(rule, sources=None, operations=None, conditions=())
    for source in rule.sources or ():
        for field, values in source.items():
            yield from (replace(nothing, sources=({field: (value,)},)) for value in values)
    for condition in rule.conditions:
        if condition.key.startswith("source."):
            yield replace(nothing, conditions=(condition,))
