"""Whom the intent means: peers as sets of endpoints, and which endpoints it closes at all.

Written apart from `generator.plan` on purpose, as everything about what is intended: were
the two to share code, a mistake in it would be invisible to the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property

from generator.algebra.addresses import Network, as_address, as_network, is_inside
from generator.environment.model import Environment, Pods
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.peers import (
    AddressesPeer,
    AnyonePeer,
    ApiServerPeer,
    CloudCredentialsPeer,
    GatewayPeer,
    NamespacesPeer,
    Peer,
    PrometheusPeer,
    RemotePeer,
    WorkloadPeer,
)
from generator.model.terms import Isolation, Mesh
from generator.model.workloads import Namespace, Waypoint, Workload
from generator.semantics.universe import Universe
from generator.topology import GATEWAY_NAME, Endpoint, Point

_INTERNAL = tuple(
    as_network(one)
    for one in (
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
        *("fc00::/7", "fe80::/10"),
    )
)

_SNI_PORT = 15443
"""Where east-west gateways take mutual TLS of other networks."""


class Meaning:
    """What the words of an intent stand for in a universe. Masks are over endpoints."""

    def __init__(self, intent: Intent, environment: Environment, universe: Universe) -> None:
        """Look every flow's ends up once."""
        self.intent = intent
        self.environment = environment
        self.universe = universe
        self.constrains = cache(self._constrains)
        self.ends = [(flow, self.mask(flow.client), self.mask(flow.server, is_server=True)) for flow in intent.flows]

    def where(self, holds: Callable[[Endpoint], bool]) -> int:
        """Return the endpoints of which *holds* is true."""
        return sum(1 << n for n, one in enumerate(self.universe.endpoints) if holds(one))

    def mask(self, peer: Peer, *, is_server: bool = False) -> int:
        """Return the endpoints that *peer* means at layer 3/4."""
        if isinstance(peer, AnyonePeer):
            return self.universe.everyone
        if isinstance(peer, RemotePeer):
            return self._mask_of_remote(peer, is_server=is_server)
        if isinstance(peer, AddressesPeer):
            return self.where(lambda one: self._is_outside(one.address, peer))
        if isinstance(peer, ApiServerPeer):
            return self.where(lambda one: is_within(one.address, self.environment.addresses.api_server or ()))
        if isinstance(peer, CloudCredentialsPeer):
            known = self.environment.cloud_credentials
            return self.where(lambda one: known is not None and is_within(one.address, known.addresses))
        return self._mask_of_pods(peer)

    def _mask_of_pods(self, peer: WorkloadPeer | NamespacesPeer | GatewayPeer | PrometheusPeer) -> int:
        if isinstance(peer, WorkloadPeer):
            workload = self.intent.workloads[peer.namespace, peer.workload]
            return self.where(lambda one: covers(workload, one))
        if isinstance(peer, NamespacesPeer):
            labels = dict(peer.labels)
            if labels:
                return self.where(lambda one: one.is_pod and labels.items() <= one.namespace_labels.items())
            return self.where(lambda one: one.namespace in peer.names and one.is_pod)
        if isinstance(peer, GatewayPeer):
            return self.pods((self.environment.gateways or {})[peer.gateway].pods)
        return self.pods(self.environment.prometheus.pods) if self.environment.prometheus else 0

    def _mask_of_remote(self, peer: RemotePeer, *, is_server: bool) -> int:
        """Return where connections between clusters end or begin on this side: addresses, or a gateway's pods."""
        environment = self.environment
        cluster = (environment.clusters or {})[peer.cluster]
        if self.is_on_our_network(peer):
            return self.where(lambda one: is_within(one.address, cluster.pods or ()))
        if is_server:
            return self.where(lambda one: cluster.door is not None and is_within(one.address, cluster.door.addresses))
        found = 0
        for gateway in (environment.gateways or {}).values():
            if gateway.role == "east-west" and _SNI_PORT in gateway.ports:
                found |= self.pods(gateway.pods)
        return found

    def is_on_our_network(self, peer: RemotePeer) -> bool:
        """Tell whether pods here reach those of *peer* by their own addresses."""
        own = self.environment.cluster.network
        return own is not None and (self.environment.clusters or {})[peer.cluster].network == own

    def waypoint(self, waypoint: Waypoint) -> int:
        """Return the pods of *waypoint*."""
        return self.pods(Pods(waypoint.namespace, {GATEWAY_NAME: waypoint.name}))

    @cached_property
    def own_waypoints(self) -> int:
        """The pods of the waypoints that this bundle secures."""
        found = 0
        for waypoint in self.intent.waypoints:
            found |= self.waypoint(waypoint)
        return found

    def pods(self, pods: Pods) -> int:
        """Return the endpoints that carry the labels of *pods* in their namespace."""
        return self.where(lambda one: one.namespace == pods.namespace and pods.labels.items() <= one.labels.items())

    def _is_outside(self, address: str, peer: AddressesPeer) -> bool:
        """Tell whether *address* is meant: in the range, and in no internal range that the range merely includes."""
        if not address:
            return False
        where = as_address(address)
        if peer.is_public and f"IPv{where.version}" not in self.environment.ip_families:
            return False
        ranges = ("0.0.0.0/0", "::/0") if peer.is_public else peer.cidrs
        known = self.environment.addresses
        parts = (known.pods, known.nodes, known.services, known.api_server if peer.is_public else ())
        own = [as_network(one) for part in parts for one in part or ()]
        internal = [*_INTERNAL, *own, *map(as_network, known.metadata)]
        for cidr in map(as_network, ranges):
            if where in cidr and not any(where in one and _is_part(one, cidr) for one in internal):
                return True
        return False

    def _constrains(self, endpoint: int, direction: str) -> bool:
        """Tell whether the intent closes *endpoint* in *direction*, so that only flows may pass."""
        one = self.universe.endpoints[endpoint]
        namespace = self.intent.namespaces.get(one.namespace)
        if (self.locked_gateways | self.own_waypoints) >> endpoint & 1:
            return True
        if namespace is None:
            return False
        if namespace.isolation is Isolation.NAMESPACE:
            return direction in namespace.directions
        return any(direction in workload.directions and covers(workload, one) for workload in self.rendered(namespace))

    @cached_property
    def locked_gateways(self) -> int:
        """The pods of gateways that the intent closes."""
        gateways = self.environment.gateways or {}
        found = 0
        for lockdown in self.intent.gateways:
            found |= self.pods(gateways[lockdown.gateway].pods)
        return found

    def rendered(self, namespace: Namespace) -> Iterator[Workload]:
        """Yield the workloads of *namespace* that this bundle secures."""
        return iter(self.intent.rendered_in(namespace.name))

    def has_sidecars(self, namespace: Namespace) -> bool:
        """Tell whether the namespace has pods with a sidecar."""
        return namespace.mesh is Mesh.SIDECAR or any(one.mesh is Mesh.SIDECAR for one in self.rendered(namespace))

    def is_in_mesh(self, namespace: Namespace) -> bool:
        """Tell whether the namespace has any business with the mesh."""
        return namespace.mesh is not Mesh.NONE or any(one.mesh is not Mesh.NONE for one in self.rendered(namespace))


def covers(workload: Workload, one: Endpoint) -> bool:
    """Tell whether *one* is among the pods of *workload*: labels are all that makes a pod one of them."""
    return one.namespace == workload.namespace and workload.labels.items() <= one.labels.items()


def is_at(flow: Flow, point: Point) -> bool:
    """Tell whether *point* is among the ports of *flow*."""
    if flow.ports is None:
        return True
    return any(
        port.transport == point.transport and port.number <= point.number <= (port.end or port.number)
        for port in flow.ports
    )


def is_within(address: str, cidrs: tuple[str, ...]) -> bool:
    """Tell whether *address* lies in one of *cidrs*."""
    return bool(address) and any(as_address(address) in as_network(one) for one in cidrs)


def _is_part(inner: Network, outer: Network) -> bool:
    """Tell whether *inner* is a proper part of *outer*: a range asked for exactly is meant."""
    return inner != outer and is_inside(inner, outer)
