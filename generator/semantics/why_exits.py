"""Why a host outside is reached through a gateway: where the sidecar sends it, and where the gateway does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from generator.manifests.routing import service_of_host
from generator.semantics.cluster import Cluster
from generator.semantics.exits import Arrival, Departure
from generator.semantics.reasons import ROUTE, Layer, Reason, Verdict
from generator.semantics.requests import HOST, SNI, Request
from generator.semantics.why_mesh import Pair
from generator.topology import OUTSIDE, SIDECAR, Endpoint, Point

_MUTUAL = "ISTIO_MUTUAL"


@dataclass(frozen=True, slots=True)
class WayOut:
    """The two stretches by which *client* reaches a host; without a ``gateway`` nobody shows whose Service it is.

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
    def name(self) -> str:
        """The name that TLS to the gateway is opened under (SNI): the sidecar's own, else that of the application."""
        return self.departure.tls.name if self.departure.tls.mode == _MUTUAL else self.host


def way_out(cluster: Cluster, client: Endpoint, host: str, port: int) -> WayOut | None:
    """Return the gateway's way that calls of *client* to *host* take; None where they go straight there."""
    if client.mesh != SIDECAR or client.is_gateway:
        return None
    for one in cluster.exits.departures(client.namespace, client.labels):
        if one.name == host and one.port in (None, port):
            gateway, point = _gateway(cluster, one)
            if gateway is not None and not gateway.is_gateway:
                return None  # the host is a service of the mesh in disguise
            found = WayOut(client, host, one, gateway, point, None)
            if gateway is None:
                return found
            arrivals = cluster.exits.arrivals(gateway.namespace, gateway.labels)
            taken = [each for each in arrivals if (each.name, each.port) == (found.name, one.destination_port)]
            return replace(found, arrival=next(iter(taken), None))
    return None


def _gateway(cluster: Cluster, departure: Departure) -> tuple[Endpoint | None, Point]:
    """Return the pods behind the Service that calls are sent to, and the port of theirs."""
    for known in (cluster.environment.gateways or {}).values():
        if known.service is not None and known.service.host == departure.destination:
            for one in cluster.endpoints:
                if one.namespace == known.pods.namespace and known.pods.labels.items() <= one.labels.items():
                    return one, Point("TCP", known.service.target)
    wanted = service_of_host(departure.destination, departure.namespace)
    for service in cluster.services:
        ports = [one for one in service.ports if one.number == departure.destination_port]
        if (service.namespace, service.name) == wanted and ports:
            for workload in cluster.behind(service):
                target = cluster.target(ports[0], workload)
                found = next(one for one in cluster.endpoints if one.name == cluster.title(workload))
                return found, Point("TCP", target or departure.destination_port or 0)
    return None, Point("TCP", departure.destination_port or 0)


def first_route(way: WayOut) -> Layer:
    """Return what is known of the first stretch: the route of the client's sidecar."""
    departure, name = way.departure, f"{ROUTE} of {way.client.name}"
    where = f"{departure.destination}:{departure.destination_port}"
    if departure.tls.mode == _MUTUAL:
        how = f"in mutual TLS of the mesh under the name {departure.tls.name}"
    else:
        how = (
            f"without a certificate of the mesh ({departure.tls.mode or 'no TLS is set'}): who calls is not known there"
        )
    reasons: tuple[Reason, ...] = (Reason(f"calls of {way.host} are sent to {where}, {how}", departure.place),)
    if not departure.is_known:
        reasons = (*reasons, Reason(f"no ServiceEntry or Sidecar lets its proxy know {way.host} and that Service"))
        return Layer(ROUTE, name, Verdict.NO, reasons)
    if way.gateway is None:
        missing = f"the pods behind {departure.destination}: add its Service, or state its gateway with --env"
        return Layer(ROUTE, name, Verdict.UNKNOWN, reasons, (missing,))
    return Layer(ROUTE, name, Verdict.YES, reasons)


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
