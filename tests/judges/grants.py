"""What may pass between two endpoints, as values: transports, ports and, for HTTP, requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tests.judges.topology import Endpoint

ALL = frozenset({"TCP", "UDP", "SCTP", "OTHER"})
TCP = frozenset({"TCP"})
EVERY_PORT = (1, 65535)
Conditions = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """Some connections; None for methods, paths and hosts means all of them.

    ``conditions`` are what a request must carry besides: keys of Istio, each with its values.
    """

    protocols: frozenset[str] = ALL
    ports: tuple[int, int] = EVERY_PORT
    methods: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    hosts: tuple[str, ...] | None = None
    conditions: Conditions = ()

    def meet(self, other: Grant) -> Grant | None:
        """Return what is in both; *other* does not speak of requests."""
        ports = (max(self.ports[0], other.ports[0]), min(self.ports[1], other.ports[1]))
        protocols = self.protocols & other.protocols
        if not protocols or ports[0] > ports[1]:
            return None
        return replace(self, protocols=protocols, ports=ports)


EVERYTHING = frozenset({Grant()})
Grants = frozenset[Grant]
Layer = dict[tuple[Endpoint, Endpoint], Grants]


def tcp(port: int) -> Grant:
    return Grant(TCP, (port, port))


def meet(left: Iterable[Grant], right: Iterable[Grant]) -> Grants:
    """Return what both allow; *right* does not speak of requests."""
    right = tuple(right)
    return frozenset(found for one in left for other in right if (found := one.meet(other)) is not None)


def canonical(conditions: Iterable[tuple[str, Iterable[str]]]) -> Conditions:
    """Return *conditions* in one order, so that equal ones are equal."""
    return tuple(sorted((key, tuple(sorted(values))) for key, values in conditions))


def by_target(layer: Layer) -> dict[tuple[Endpoint, Grants], list[Endpoint]]:
    """Return who has the same grants at the same target: few sets instead of many pairs."""
    grouped: dict[tuple[Endpoint, Grants], list[Endpoint]] = defaultdict(list)
    for (source, target), grants in layer.items():
        if grants:
            grouped[target, grants].append(source)
    return grouped
