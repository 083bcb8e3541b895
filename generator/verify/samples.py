"""Which requests are tried at an endpoint: whatever policies or flows could tell apart is there."""

from __future__ import annotations

from collections.abc import Sequence

from generator.semantics.authorization import Authorization
from generator.semantics.requests import (
    CLAIM,
    HEADER,
    HOST,
    METHOD,
    PATH,
    SNI,
    Request,
    connections_of,
    patterns_of,
    requests_of,
)
from generator.semantics.universe import Universe
from generator.topology import AMBIENT, Point
from generator.verify.intended_mesh import IntendedMesh, claim_name


class Samples:
    """The requests to try at an endpoint: one of each class that neither policies nor flows tell apart."""

    def __init__(self, universe: Universe, authorization: Authorization, intended: IntendedMesh) -> None:
        """Take what the YAML says of requests from *authorization*, and what was meant from *intended*."""
        self._universe = universe
        self._authorization = authorization
        self._intended = intended
        self._known: dict[int, tuple[Request, ...]] = {}

    def at(self, number: int, point: Point) -> Sequence[Request | None]:
        """Return the requests to try at a port; where nobody knows what it speaks, also a connection without HTTP."""
        one = self._universe.endpoints[number]
        if one.mesh == AMBIENT and one.waypoint is None:
            return (None,)  # ztunnel reads no requests
        port = one.port(point.number)
        requests = self._requests(number)
        if port is None:
            return (*connections_of(requests), *requests)
        return requests if port.is_http else connections_of(requests)

    def _requests(self, number: int) -> tuple[Request, ...]:
        if number not in self._known:
            self._known[number] = self._computed(number)
        return self._known[number]

    def _computed(self, number: int) -> tuple[Request, ...]:
        effective, intended = self._authorization.token_class(number), self._intended.token_class(number)
        return requests_of(
            self._effective_patterns(number),
            self._intended_patterns(number),
            token_class=lambda request: (effective(request), intended(request)),
        )

    def _effective_patterns(self, number: int) -> dict[str, set[str]]:
        """Return what the policies for an endpoint say of requests, and whose tokens are checked there."""
        found = patterns_of(self._authorization.policies(number))
        for issuer, audiences in self._authorization.trusted(number).items():
            found.setdefault(f"{CLAIM}iss", set()).add(issuer)
            found.setdefault(f"{CLAIM}aud", set()).update(audiences)
        return found

    def _intended_patterns(self, number: int) -> dict[str, set[str]]:
        """Return what the flows to an endpoint say of requests: it is told apart whatever the YAML says."""
        found: dict[str, set[str]] = {METHOD: set(), PATH: set(), HOST: set()}
        for flow in self._intended.flows_to(number):
            if flow.request:
                found[METHOD] |= set(flow.request.methods)
                found[PATH] |= set(flow.request.paths)
                found[HOST] |= {spelling for host in flow.request.hosts for spelling in (host, f"{host}:*")}
                for name, values in flow.request.headers:
                    found.setdefault(HEADER + name.lower(), set()).update(values)
                for name, values in flow.request.claims:
                    found.setdefault(CLAIM + claim_name(name), set()).update(values)
        found[HOST] |= self._intended.guarded.hosts(number)
        found[HOST] |= self._intended.doors.hosts(self._universe.endpoints[number])
        if outside := self._intended.exits.hosts(self._universe.endpoints[number]):
            found[SNI] = outside
            found[HOST] |= {spelling for host in outside for spelling in (host, f"{host}:*")}
        for token in self._intended.issuers(self._universe.endpoints[number]):
            found.setdefault(f"{CLAIM}iss", set()).add(token.issuer)
            found.setdefault(f"{CLAIM}aud", set()).update(token.audiences)
        return {dimension: patterns for dimension, patterns in found.items() if patterns}
