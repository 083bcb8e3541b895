"""What a route of a gateway must not ask for: two answers for one request, or one that nobody could give."""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.patterns import matches
from generator.core.findings import Finding
from generator.environment.model import Environment
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.peers import GatewayPeer, WorkloadPeer, describe

_TLS_AT_LISTENER = "the Gateway API keeps certificates at the Gateway's listener"


def check_routes(intent: Intent, environment: Environment) -> Iterator[Finding]:
    """Yield MG028 for routes that cannot be, MG025 for two that contradict each other."""
    routed = [flow for flow in intent.flows if flow.route]
    for flow in routed:
        yield from _check_route(environment, flow)
    for index, flow in enumerate(routed):
        against = (list(_check_pair(flow, other)) for other in routed[:index])
        yield from next((found for found in against if found), [])


def _check_route(environment: Environment, flow: Flow) -> Iterator[Finding]:
    place, client = flow.origin.place, flow.client
    if not isinstance(client, GatewayPeer) or not isinstance(flow.server, WorkloadPeer):
        message = f"a route leads from a gateway to a workload, not from {describe(client)} to {describe(flow.server)}"
        yield Finding("MG028", message, place, "drop the route")
        return
    if flow.request is None or not flow.request.hosts:
        yield Finding("MG028", f"the route to {describe(flow.server)} names no host", place, "name the hosts")
    gateway = (environment.gateways or {})[client.gateway]
    if gateway.role != "ingress":
        message = f"the gateway {gateway.name!r} is for {gateway.role} traffic: it serves no hosts of yours"
        yield Finding("MG028", message, place, "name an ingress gateway, or drop the route")
    if gateway.routes == "gateway-api" and flow.route and flow.route.tls:
        message = f"the route to {describe(flow.server)} names a certificate, but {_TLS_AT_LISTENER}"
        yield Finding(
            "MG028", message, place, f"put it into certificateRefs of the Gateway {gateway.gateway!r}, and drop tls"
        )
    if gateway.routes == "gateway-api" and gateway.install != "gateway-api" and not gateway.gateway:
        message = f"routes of the gateway {gateway.name!r} are of the Gateway API, but nothing names its Gateway object"
        yield Finding("MG028", message, place, "state `gateway` in the environment")


def _check_pair(flow: Flow, other: Flow) -> Iterator[Finding]:
    """One host on one gateway belongs to one namespace, has one certificate, and each path leads to one workload."""
    shared = set(flow.request.hosts if flow.request else ()) & set(other.request.hosts if other.request else ())
    if flow.client != other.client or not shared or not flow.route or not other.route:
        return
    host, related = min(shared), ((other.origin.place, "the other one"),)
    server, rival = flow.server, other.server
    if not isinstance(server, WorkloadPeer) or not isinstance(rival, WorkloadPeer):
        return
    place = flow.origin.place
    if server.namespace != rival.namespace:
        message = f"{host} leads into the namespaces {server.namespace!r} and {rival.namespace!r}"
        fix = "give each namespace hosts of its own: whoever may write routes there could take over the other's paths"
        yield Finding("MG025", message, place, fix, related=related)
    elif flow.route.tls != other.route.tls:
        message = f"{host} is to be served with two certificates, {flow.route.tls!r} and {other.route.tls!r}"
        yield Finding("MG025", message, place, "name the same Secret", related=related)
    elif (server, flow.route) != (rival, other.route) and _overlap(flow, other):
        message = f"requests for {host} would lead to {describe(rival)} and to {describe(server)}"
        yield Finding("MG025", message, place, "give them different paths", related=related)


def _overlap(flow: Flow, other: Flow) -> bool:
    """Tell whether some path belongs to both."""
    mine, theirs = (one.request.paths if one.request else () for one in (flow, other))
    if not mine or not theirs:
        return True
    return any(matches(one, two.rstrip("*")) or matches(two, one.rstrip("*")) for one in mine for two in theirs)
