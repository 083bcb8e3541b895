"""NetworkPolicy: who may open connections to whom, on which ports, in each direction on its own.

Rules (Kubernetes concepts page and networking/v1 types.go): policies of one direction are
a union; a pod that no policy selects for a direction is open in it; both the client's
egress and the server's ingress must let a connection through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from generator.algebra.intervals import Intervals, split
from generator.algebra.ternary import NOTHING, Ternary
from generator.manifests.network import NetworkPolicy, NetworkPort, NetworkRule
from generator.semantics.universe import Universe
from generator.topology import Endpoint, Point

TRANSPORTS = ("TCP", "UDP", "SCTP")
_ALL_PORTS = Intervals(((1, 65535),))


def points_of(policies: Iterable[NetworkPolicy], named: Iterable[Point]) -> tuple[Point, ...]:
    """Return the ports worth looking at: one for each class that neither policies nor *named* tell apart."""
    sets: dict[str, list[Intervals]] = {transport: [] for transport in TRANSPORTS}
    for policy in policies:
        for rule in (*policy.ingress, *policy.egress):
            for port in rule.ports or ():
                if not port.name and port.protocol in sets:
                    sets[port.protocol].append(Intervals.of([(port.first, port.last)]))
    for point in named:
        sets[point.transport].append(Intervals(((point.number, point.number),)))
    return tuple(
        Point(transport, number) for transport in TRANSPORTS for number in split(set(sets[transport]), _ALL_PORTS)
    )


class NetworkReach:
    """The verdict of all NetworkPolicies over a universe, port by port."""

    def __init__(self, policies: Sequence[NetworkPolicy], universe: Universe, points: Sequence[Point]) -> None:
        """Prepare the verdicts on each of *points*."""
        self._universe = universe
        self._points = tuple(points)
        self._by_namespace: dict[str, list[NetworkPolicy]] = {}
        for policy in policies:
            self._by_namespace.setdefault(policy.namespace, []).append(policy)
        self._verdict = cache(self._compute)
        self._known: dict[int, tuple[Ternary, tuple[int, ...]]] = {}

    def policies(self, endpoint: int, direction: str) -> list[NetworkPolicy]:
        """Return the policies that isolate *endpoint* in *direction*; none means that it is open."""
        one = self._universe.endpoints[endpoint]
        return [
            policy
            for policy in self._by_namespace.get(one.namespace, [])
            if direction in policy.types and policy.pods.matches(one.labels)
        ]

    def admitted(self, endpoint: int, direction: str) -> tuple[Ternary, ...]:
        """Return, for each point, who may connect to *endpoint* (Ingress) or whom it may connect to (Egress)."""
        return self._verdict(endpoint, direction)

    def rules(
        self, endpoint: int, direction: str, other: int, point: Point
    ) -> Iterator[tuple[NetworkPolicy, NetworkRule]]:
        """Yield the rules that let *endpoint* and *other* connect at *point*."""
        for policy in self.policies(endpoint, direction):
            for rule in policy.rules(direction):
                server = self._universe.endpoints[endpoint if direction == "Ingress" else other]
                if self._of_rule(policy, rule)[0].possible >> other & 1 and _covers(rule, point, server):
                    yield policy, rule

    def _compute(self, endpoint: int, direction: str) -> tuple[Ternary, ...]:
        universe = self._universe
        if not universe.endpoints[endpoint].is_pod:
            return (Ternary.exactly(universe.everyone),) * len(self._points)
        policies = self.policies(endpoint, direction)
        if not policies:
            return (Ternary.exactly(universe.everyone),) * len(self._points)
        exempt = {True: Ternary.exactly(universe.nodes), None: Ternary.perhaps(universe.nodes), False: NOTHING}
        start = exempt[universe.facts.kubelet_exempt] if direction == "Ingress" else NOTHING
        verdicts = [start] * len(self._points)
        for policy in policies:
            for rule in policy.rules(direction):
                self._add(verdicts, policy, rule, endpoint, direction)
        return tuple(verdicts)

    def _add(
        self, verdicts: list[Ternary], policy: NetworkPolicy, rule: NetworkRule, endpoint: int, direction: str
    ) -> None:
        peers, opened = self._of_rule(policy, rule)
        if not any(port.name for port in rule.ports or ()):
            for position in opened:
                verdicts[position] |= peers
            return
        for position, point in enumerate(self._points):
            if direction == "Egress":
                servers = sum(
                    1 << index for index, one in enumerate(self._universe.endpoints) if _covers(rule, point, one)
                )
                verdicts[position] |= peers & Ternary.exactly(servers)
            elif _covers(rule, point, self._universe.endpoints[endpoint]):
                verdicts[position] |= peers

    def _of_rule(self, policy: NetworkPolicy, rule: NetworkRule) -> tuple[Ternary, tuple[int, ...]]:
        """Return whom *rule* names, and which points it opens by number: the same for all pods of its policy."""
        if id(rule) not in self._known:  # the policies live as long as this does
            opened = (position for position, point in enumerate(self._points) if _opens(rule, point))
            self._known[id(rule)] = self._peers(policy, rule), tuple(opened)
        return self._known[id(rule)]

    def _peers(self, policy: NetworkPolicy, rule: NetworkRule) -> Ternary:
        if rule.peers is None:
            return Ternary.exactly(self._universe.everyone)
        found = NOTHING
        for peer in rule.peers:
            found |= self._universe.peer(peer, policy.namespace)
        return found


def _covers(rule: NetworkRule, point: Point, server: Endpoint) -> bool:
    return rule.ports is None or any(_is_at(port, point, server) for port in rule.ports)


def _opens(rule: NetworkRule, point: Point) -> bool:
    """Tell whether *rule* speaks of *point* by number, or of every port."""
    return rule.ports is None or any(
        port.protocol == point.transport and not port.name and port.first <= point.number <= port.last
        for port in rule.ports
    )


def _is_at(port: NetworkPort, point: Point, server: Endpoint) -> bool:
    if port.protocol != point.transport:
        return False
    if port.name:
        return server.has_named(port.name, point)
    return port.first <= point.number <= port.last
