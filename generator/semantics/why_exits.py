"""Where routes lead calls of a host outside: through a gateway, to pods of the mesh, to another port of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from generator.manifests.relays import covers
from generator.manifests.routing import service_of_host
from generator.semantics.cluster import Cluster
from generator.semantics.exits import Arrival, Departure
from generator.semantics.reasons import ROUTE, Layer, Reason, Verdict
from generator.semantics.requests import HOST, SNI, Request
from generator.semantics.why_mesh import Pair
from generator.topology import OUTSIDE, SIDECAR, Endpoint, Point

_MUTUAL = "ISTIO_MUTUAL"
_WHICH_REQUESTS = "whether the request is one of those that the route takes: it takes some only"


@dataclass(frozen=True, slots=True)
class WayOut:
    """The two stretches by which *client* reaches a host.

    ``gateway`` None: no pods are known to be there. Pods that are no gateway answer for the host themselves.
    ``arrival`` None: the gateway has no route for connections under that name.
    """

    client: Endpoint
    host: str
    departure: Departure
    gateway: Endpoint | None
    point: Point
    arrival: Arrival | None

    @property
    def is_identified(self) -> bool:
        """Whether the gateway learns who calls: the sidecar shows a certificate, and the gateway asks for one."""
        return self.departure.tls.mode == _MUTUAL and self.arrival is not None and self.arrival.mode == _MUTUAL

    @property
    def is_straight(self) -> bool:
        """Whether the route only says how the host itself is called, and no other pods stand between."""
        return self.gateway is None and self.departure.destination == self.host

    @property
    def ends_in_mesh(self) -> bool:
        """Whether calls of the host are answered by pods of the mesh, and nothing leaves the cluster for them."""
        return self.gateway is not None and not self.gateway.is_gateway

    @property
    def name(self) -> str:
        """The name that TLS to the gateway is opened under (SNI): the sidecar's own, else that of the application."""
        return self.departure.tls.name if self.departure.tls.mode == _MUTUAL else self.host


def way_out(cluster: Cluster, client: Endpoint, host: str, port: int) -> WayOut | None:
    """Return the way that routes of its sidecar make calls of *client* to *host* take; None where there are none."""
    if client.mesh != SIDECAR or client.is_gateway:
        return None
    ways = cluster.exits.departures(client.namespace, client.labels)
    taken = [one for one in ways if covers(one.name, host) and one.port in (None, port)]
    if not taken:
        return None
    departure = max(taken, key=_exactness)
    gateway, point = _gateway(cluster, departure, port)
    found = WayOut(client, host, departure, gateway, point, None)
    if gateway is None or found.ends_in_mesh:
        return found
    arrivals = [
        one
        for one in cluster.exits.arrivals(gateway.namespace, gateway.labels)
        if covers(one.name, found.name) and departure.destination_port in (None, one.port)
    ]
    return replace(found, arrival=max(arrivals, key=_exactness, default=None))


def _exactness(way: Departure | Arrival) -> int:
    """Return what decides between routes that fit: the longest name, which no pattern is; then the first route."""
    return len(way.name)


def _gateway(cluster: Cluster, departure: Departure, port: int) -> tuple[Endpoint | None, Point]:
    """Return the pods behind the Service that calls are sent to, and the port of theirs; else what is dialled."""
    for known in (cluster.environment.gateways or {}).values():
        if known.service is not None and known.service.host == departure.destination:
            for one in cluster.endpoints:
                if one.namespace == known.pods.namespace and known.pods.labels.items() <= one.labels.items():
                    return one, Point("TCP", known.service.target)
    wanted = service_of_host(departure.destination, departure.namespace)
    for service in cluster.services:
        ports = [one for one in service.ports if departure.destination_port in (None, one.number)]
        if (service.namespace, service.name) == wanted and ports:
            for workload in cluster.behind(service):
                target = cluster.target(ports[0], workload)
                found = next(one for one in cluster.endpoints if one.name == cluster.title(workload))
                return found, Point("TCP", target or ports[0].number)
    return None, Point("TCP", departure.destination_port or port)


def first_route(way: WayOut) -> Layer:
    """Return what is known of the first stretch: the route of the client's sidecar."""
    departure, name = way.departure, f"{ROUTE} of {way.client.name}"
    where = ":".join(str(one) for one in (departure.destination, departure.destination_port) if one is not None)
    text = f"{'some ' if departure.is_partial else ''}calls of {way.host} are sent to {where}{_secured(way)}"
    reasons: tuple[Reason, ...] = (Reason(text, departure.place),)
    if not departure.is_known:
        reasons = (*reasons, Reason(f"no ServiceEntry or Sidecar lets its proxy know {way.host} and that Service"))
        return Layer(ROUTE, name, Verdict.NO, reasons)
    if departure.is_partial:
        return Layer(ROUTE, name, Verdict.UNKNOWN, reasons, (_WHICH_REQUESTS,))
    if way.gateway is None and not way.is_straight:
        missing = (
            f"the pods behind {departure.destination}: add its Service and workload, or state its gateway with --env"
        )
        return Layer(ROUTE, name, Verdict.UNKNOWN, reasons, (missing,))
    return Layer(ROUTE, name, Verdict.YES, reasons)


def _secured(way: WayOut) -> str:
    """Return how the sidecar calls a gateway; to others it speaks as always."""
    tls = way.departure.tls
    if way.is_straight or way.ends_in_mesh:
        return f", in TLS ({tls.mode}) of its own" if tls.mode not in ("", "DISABLE", _MUTUAL) else ""
    if tls.mode == _MUTUAL:
        return f", in mutual TLS of the mesh under the name {tls.name}"
    return f", without a certificate of the mesh ({tls.mode or 'no TLS is set'}): who calls is not known there"


def second_route(way: WayOut) -> Layer:
    """Return what is known of the second stretch: the route of the gateway."""
    name, arrival = f"{ROUTE} of {way.gateway.name if way.gateway else way.departure.destination}", way.arrival
    if arrival is None:
        reason = Reason(f"no Gateway with a VirtualService takes connections under the name {way.name} there")
        return Layer(ROUTE, name, Verdict.NO, (reason,))
    if arrival.target is None:
        reason = Reason(
            f"it leads to {arrival.destination}, which no ServiceEntry lets the gateway know", arrival.place
        )
        return Layer(ROUTE, name, Verdict.NO, (reason,))
    if arrival.is_partial:
        reason = Reason(
            f"some of what comes under the name {way.name} is passed on to {arrival.destination}", arrival.place
        )
        return Layer(ROUTE, name, Verdict.UNKNOWN, (reason,), (_WHICH_REQUESTS,))
    how = f", in TLS ({arrival.tls.mode}) of its own" if arrival.tls.mode not in ("", "DISABLE") else ""
    text = f"what comes under the name {way.name} is passed on to {arrival.destination}:{arrival.target}{how}"
    return Layer(ROUTE, name, Verdict.YES, (Reason(text, arrival.place),))


def at_gateway(pair: Pair, way: WayOut) -> Pair:
    """Return *pair*, of the client and the gateway, with the requests that come there, and whose they are."""
    client = pair.client if way.is_identified else replace(pair.client, mesh=OUTSIDE)
    named = (SNI, way.name)
    if way.departure.protocol != "http":
        return replace(pair, client=client, requests=(Request((named,)),))
    kept = [one for one in pair.requests if one is not None and one.is_http] or [Request(())]
    requests = {
        Request(tuple(sorted((*(each for each in one.values if each[0] not in (SNI, HOST)), named, (HOST, way.host)))))
        for one in kept
    }
    return replace(pair, client=client, requests=tuple(sorted(requests, key=repr)))
