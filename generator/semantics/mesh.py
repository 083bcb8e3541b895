"""Mutual TLS and AuthorizationPolicies over foreign endpoints, three-valued.

`generator.semantics.authorization` decides for endpoints of which it is known whether they
are in the mesh. Of foreign pods often nobody says it: here both readings are tried, and
where they differ the answer is unknown. Ambient servers are judged as ztunnel does it; what
a waypoint says is not analysed, so behind one a yes is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from generator.algebra.ternary import NOTHING, Ternary
from generator.manifests.objects import Manifest, mapping, sequence
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule
from generator.semantics.authorization import Authorization
from generator.semantics.cluster import Cluster
from generator.semantics.identified import has_http
from generator.semantics.requests import Request
from generator.semantics.trial import Trial
from generator.semantics.universe import Facts, Universe
from generator.topology import AMBIENT, OUTSIDE, SIDECAR, UNKNOWN, Endpoint, Point

USE_WAYPOINT = "istio.io/use-waypoint"
_GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"


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
        if unsure:  # as clients they are outside the mesh now; as servers they still have a proxy that decides
            outside = [replace(one, mesh=OUTSIDE) if one.mesh == UNKNOWN else one for one in self.endpoints]
            self._readings.append(self._reading([*outside, *(joined[number] for number in unsure)]))
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

    def trusted(self, server: int) -> dict[str, tuple[str, ...]]:
        """Return the issuers whose tokens *server* checks, with their audiences."""
        return self._readings[0].authorization.trusted(server)

    def connected(self, server: int, point: Point) -> Ternary:
        """Return whose connections get past mutual TLS."""
        verdict = self._agreed(server, lambda one, number: one.authorization.connected(number, point))
        return self._perhaps_outside(server, point, verdict)

    def admitted(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return whose *request* (None: a connection without HTTP) gets through at *point*."""
        one = self.endpoints[server]
        if one.mesh == AMBIENT:
            verdict = self._agreed(server, lambda reading, number: self._ztunnel(reading, number, point))
        else:
            verdict = self._agreed(server, lambda each, number: each.authorization.admitted(number, point, request))
        if self.is_beyond_us(one):
            verdict = Ternary.perhaps(verdict.possible)
        return self._perhaps_outside(server, point, verdict)

    def is_settled(self, server: Endpoint) -> bool:
        """Tell whether it is known of everybody if they are in the mesh, and of *server* who decides there."""
        return len(self._readings) == 1 and not self.is_beyond_us(server)

    def admitted_inside(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return what `admitted` would if everybody of whom nobody says it were in the mesh."""
        one, reading = self.endpoints[server], self._readings[0]
        if one.mesh == AMBIENT:
            verdict = self._ztunnel(reading, server, point)
        else:
            verdict = reading.authorization.admitted(server, point, request)
        return Ternary(verdict.sure & self._everyone, verdict.possible & self._everyone)

    def class_of(self, server: int, point: Point) -> tuple[object, ...]:
        """Return what tells *point* apart at *server*: points of one class get the same verdicts."""
        return self._readings[0].authorization.class_of(server, point)

    def is_beyond_us(self, server: Endpoint) -> bool:
        """Tell whether a waypoint, or a policy with targets, has a say that is not analysed."""
        if server.mesh == AMBIENT:
            return has_waypoint(self._cluster, server)
        name = server.labels.get(_GATEWAY_NAME)
        bundle = self._cluster.bundle
        attached = [one.manifest for one in bundle.authorization_policies if one.scope.has_targets]
        attached += [one.manifest for one in bundle.request_authentications if one.scope.has_targets]
        near = (one for one in attached if one.namespace == server.namespace)
        return name is not None and any(name in _targets(one) for one in near)

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

    def _ztunnel(self, reading: _Reading, server: int, point: Point) -> Ternary:
        """Return whom ztunnel lets in: it leaves ALLOW rules that speak of HTTP out, and with them what they allow."""
        authorization, everyone = reading.authorization, reading.universe.everyone
        verdict = authorization.connected(server, point)
        one = reading.universe.endpoints[server]
        known = authorization.identified(server, point)
        trial = Trial(reading.universe, self._cluster.identities, one, point, None, known)
        allowing: Ternary | None = None
        for policy in authorization.policies(server) if point.transport == "TCP" else ():
            hits = NOTHING
            for rule in policy.rules:
                hit = trial.rule(rule, policy)
                hits |= Ternary.perhaps(hit.possible) if has_http(rule) else hit
            if policy.action == "ALLOW":
                allowing = hits if allowing is None else allowing | hits
            elif policy.action == "DENY":
                verdict &= hits.outside(everyone)
            else:
                verdict &= Ternary.perhaps(hits.possible).outside(everyone)
        return verdict if allowing is None else verdict & allowing


def _of_callers(rule: AuthorizationRule) -> Iterator[AuthorizationRule]:
    """Yield *rule* with one statement about callers at a time, and nothing else."""
    nothing = replace(rule, sources=None, operations=None, conditions=())
    for source in rule.sources or ():
        for field, values in source.items():
            yield from (replace(nothing, sources=({field: (value,)},)) for value in values)
    for condition in rule.conditions:
        if condition.key.startswith("source."):
            yield replace(nothing, conditions=(condition,))


def has_waypoint(cluster: Cluster, server: Endpoint) -> bool:
    """Tell whether callers of *server* are sent through a waypoint: by its own label, a Service's, the namespace's."""
    services = (
        one.manifest.labels
        for one in cluster.services
        if one.namespace == server.namespace and one.selector and one.selector.items() <= server.labels.items()
    )
    labels = [server.labels, *services, cluster.namespaces.get(server.namespace, {})]
    return any(each.get(USE_WAYPOINT, "none") not in ("", "none") for each in labels)


def _targets(policy: Manifest) -> set[str]:
    found = [policy.spec.get("targetRef"), *sequence(policy.spec.get("targetRefs"))]
    return {str(mapping(one).get("name") or "") for one in found}
