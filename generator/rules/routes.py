"""Routes of the input followed to both ends: the pods of the gateway, and the pods behind the Service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from generator.manifests.objects import Manifest
from generator.manifests.routing import (
    GATEWAY_API,
    ISTIO,
    ROUTE_KINDS,
    Backend,
    GatewayName,
    RouteObject,
    gateway_selector,
    read_route,
    read_virtual_service,
)
from generator.manifests.workloads import Service
from generator.rules.base import Context
from generator.rules.subjects import GATEWAY_NAME, everyone
from generator.semantics.cluster import Cluster
from generator.topology import Endpoint

_CLASS = "istio"
"""The GatewayClass whose Gateways are pods of their own namespace (istio 1.30.3 files/kube-gateway.yaml)."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The last step of a route: from a gateway's pods to one port of one workload."""

    route: RouteObject
    backend: Backend
    gateway: Endpoint
    server: Endpoint
    port: int


def routes(context: Context) -> Iterator[RouteObject]:
    """Yield the routes of both APIs."""
    for manifest in context.manifests:
        if manifest.kind == "VirtualService" and manifest.group == ISTIO:
            yield read_virtual_service(manifest)
        elif manifest.kind in ROUTE_KINDS and manifest.group == GATEWAY_API:
            yield read_route(manifest)


def legs(context: Context) -> Iterator[Leg]:
    """Yield every pair of gateway and workload that a route connects, as far as both ends are shown."""
    for route in routes(context):
        for backend in route.backends:
            gateways = [pod for name in backend.gateways for pod in gateway_pods(context, name)]
            for server, port in servers(context, backend) if gateways else ():
                for gateway in gateways:
                    yield Leg(route, backend, gateway, server, port)


def servers(context: Context, backend: Backend) -> Iterator[tuple[Endpoint, int]]:
    """Yield the shown workloads that *backend* leads to, each with the pod's port."""
    service = service_of(context, backend.namespace, backend.service)
    if service is None:
        return
    ports = [one for one in service.ports if backend.port in (None, one.number)]
    if len(ports) != 1:
        return
    for workload in context.cluster.behind(service):
        number = context.cluster.target(ports[0], workload)
        if number is not None:
            yield everyone(context)[context.cluster.title(workload)], number


def service_of(context: Context, namespace: str, name: str) -> Service | None:
    """Return the Service, if it is shown."""
    return _services(context.cluster).get((namespace, name))


@lru_cache(maxsize=2)
def _services(cluster: Cluster) -> dict[tuple[str, str], Service]:
    """Return the Services by namespace and name, the first of each."""
    return {(one.namespace, one.name): one for one in reversed(cluster.services)}


def gateway_object(context: Context, name: GatewayName) -> Manifest | None:
    """Return the Gateway that a route is attached to, if it is shown."""
    for one in context.of_kind("Gateway"):
        if (one.group, one.namespace, one.name) == (name.api, name.namespace, name.name):
            return one
    return None


def gateway_pods(context: Context, name: GatewayName) -> list[Endpoint]:
    """Return the pods that serve a Gateway; none if it is not shown, or made by another controller."""
    manifest = gateway_object(context, name)
    if manifest is None:
        return []
    if name.api == ISTIO:
        labels = gateway_selector(manifest)
        found = everyone(context).values()
        return [one for one in found if one.is_pod and labels and labels.items() <= one.labels.items()]
    if manifest.spec.get("gatewayClassName") != _CLASS:
        return []
    labels = {GATEWAY_NAME: name.name}
    here = context.cluster.namespace_labels(name.namespace)
    title = f"the gateway {name.namespace}/{name.name}"
    return [Endpoint(title, name.namespace, labels, here, f"{name.name}-istio", "sidecar", is_gateway=True)]
