"""How a gateway sends requests on: Gateway and VirtualService of Istio, or an HTTPRoute of the Gateway API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from generator.environment.model import Environment, Gateway
from generator.model.flows import Flow, GatewayRoute
from generator.model.intent import Intent
from generator.model.peers import GatewayPeer, WorkloadPeer
from generator.model.terms import Origin
from generator.model.workloads import WorkloadKey
from generator.plan import naming
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.traffic import GatewayView, HttpRouteView, PathMatch, VirtualServiceView

GATEWAY_API = "gateway-api"
_PLAIN, _TLS = (80, "HTTP"), (443, "HTTPS")
"""Ports of a gateway's Service: Istio translates them to those of its pods."""

_Group = tuple[str, WorkloadKey, tuple[str, ...], GatewayRoute]


def plan_routes(intent: Intent, environment: Environment) -> list[Resource]:
    """Return the objects of every flow that asks for a route, in the namespace of its server."""
    groups: dict[_Group, list[Flow]] = defaultdict(list)
    for flow in intent.flows:
        if (
            flow.route
            and flow.request
            and isinstance(flow.client, GatewayPeer)
            and isinstance(flow.server, WorkloadPeer)
        ):
            groups[flow.client.gateway, flow.server.key, flow.request.hosts, flow.route].append(flow)
    gateways = environment.gateways or {}
    found = []
    for group, flows in sorted(groups.items(), key=repr):
        gateway = gateways[group[0]]
        found.append(
            _http_route(group, gateway, flows) if gateway.routes == GATEWAY_API else _virtual_service(group, flows)
        )
    return found + list(_servers(groups, gateways))


def _virtual_service(group: _Group, flows: list[Flow]) -> Resource:
    name, (namespace, workload), hosts, route = group
    attached = tuple(_server_name(name, host) for host in hosts)
    view = VirtualServiceView(hosts, attached, _matches(flows), route.service, route.port)
    purpose = f"The gateway {name} sends requests for {', '.join(hosts)} to {workload}."
    return mesh_object("VirtualService", namespace, _name(name, workload, hosts), view, purpose, _origins(flows))


def _http_route(group: _Group, gateway: Gateway, flows: list[Flow]) -> Resource:
    name, (namespace, workload), hosts, route = group
    parent = (gateway.gateway or name, gateway.pods.namespace)
    view = HttpRouteView(*parent, hosts, _matches(flows), route.service, route.port)
    purpose = f"The gateway {name} sends requests for {', '.join(hosts)} to {workload}."
    return mesh_object("HTTPRoute", namespace, _name(name, workload, hosts), view, purpose, _origins(flows))


def _servers(groups: dict[_Group, list[Flow]], gateways: Mapping[str, Gateway]) -> Iterator[Resource]:
    """Yield one Gateway per host: of two that claim a host on one port, Istio takes the first alone."""
    found: dict[tuple[str, str, str, str], list[Flow]] = defaultdict(list)
    for (name, (namespace, _), hosts, route), flows in groups.items():
        for host in hosts if gateways[name].routes != GATEWAY_API else ():
            found[name, namespace, host, route.tls].extend(flows)
    for (name, namespace, host, tls), flows in sorted(found.items(), key=repr):
        port, protocol = _TLS if tls else _PLAIN
        view = GatewayView(gateways[name].pods.labels, port, protocol, f"{namespace}/{host}", tls)
        purpose = f"The gateway {name} serves {host}, for routes of this namespace alone."
        yield mesh_object("Gateway", namespace, _server_name(name, host), view, purpose, _origins(flows))


def _matches(flows: list[Flow]) -> tuple[PathMatch, ...]:
    """Return the paths of all *flows*; none when one of them takes every path."""
    paths = [flow.request.paths for flow in flows if flow.request]
    if not all(paths):
        return ()
    return tuple(
        PathMatch(path.removesuffix("*"), is_prefix=path.endswith("*"))
        for path in sorted({one for each in paths for one in each})
    )


def _origins(flows: list[Flow]) -> tuple[Origin, ...]:
    return tuple(sorted({flow.origin for flow in flows}, key=repr))


def _name(gateway: str, workload: str, hosts: tuple[str, ...]) -> str:
    return naming.fit(f"{gateway}-{workload}-{naming.slug(hosts[0].replace('.', ' '))}")


def _server_name(gateway: str, host: str) -> str:
    return naming.fit(f"{gateway}-{naming.slug(host.replace('.', ' '))}")
