"""Where intent and YAML disagree: about whose connection, at which layer, and whether it is lost or too much."""

from __future__ import annotations

from enum import StrEnum

from generator.core.frozen import dataclass
from generator.core.places import Place
from generator.semantics.requests import Request
from generator.topology import Endpoint, Point
from generator.verify.exits import Astray
from generator.verify.routed import Misrouted


class Kind(StrEnum):
    """What is wrong with a connection."""

    LOST = "lost"
    EXCESS = "excess"
    WEAKER = "weaker"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Connections between two endpoints on which intent and YAML disagree, with the first of them as sample."""

    kind: Kind
    layer: str
    client: Endpoint
    server: Endpoint
    point: Point
    request: Request | None
    places: tuple[Place, ...]


def misrouted(one: Misrouted) -> Discrepancy:
    """Return a wrong route as a disagreement of its own layer."""
    (gateway, host), (namespace, service, port) = one.route.door, one.route.backend
    kind = Kind.WEAKER if one.is_weaker else Kind.LOST if one.is_lost else Kind.EXCESS
    server = Endpoint(f"{namespace}/{service}, for {host}{one.path}")
    point = Point("TCP", port or 0)
    return Discrepancy(kind, "route", Endpoint(f"the gateway {gateway}"), server, point, None, (one.route.place,))


def astray(one: Astray) -> Discrepancy:
    """Return a wrong way out as a disagreement of the same layer."""
    kind = Kind.WEAKER if one.is_weaker else Kind.LOST if one.is_lost else Kind.EXCESS
    return Discrepancy(
        kind, "route", Endpoint(one.client), Endpoint(one.server), Point("TCP", one.port), None, (one.place,)
    )
