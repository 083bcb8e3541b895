"""Who is whom: the endpoints of a topology, as the peers that an intent speaks of."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from generator.environment.model import Environment
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
from generator.model.terms import Isolation
from tests.judges.topology import Address, Endpoint, Pod, Topology

SNI = 15443
"""Where an east-west gateway takes connections of sidecars on another network."""
PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
PRIVATE_6 = ("fc00::/7", "fe80::/10")


class Peers:
    """Recognizes endpoints by what the network sees of them: namespace, labels, address."""

    def __init__(self, intent: Intent, environment: Environment, topology: Topology) -> None:
        self._intent = intent
        self._environment = environment
        self._topology = topology
        self._gateways = environment.gateways or {}

    def is_closed(self, pod: Pod, direction: str) -> bool:
        if any(self.is_gateway(pod, one.gateway) for one in self._intent.gateways):
            return True
        namespace = self._intent.namespaces.get(pod.namespace)
        if namespace is None:
            return False
        if namespace.isolation is Isolation.NAMESPACE:
            return direction in namespace.directions
        return any(
            one.is_rendered
            and one.namespace == pod.namespace
            and direction in one.directions
            and pod.carries(one.labels)
            for one in self._intent.workloads.values()
        )

    def is_gateway(self, pod: Pod, name: str) -> bool:
        pods = self._gateways[name].pods
        return pod.namespace == pods.namespace and pod.carries(pods.labels)

    def is_at(self, endpoint: Endpoint, peer: Peer, *, is_server: bool = False) -> bool:
        """Whether the network sees *endpoint* as *peer*: by namespace, labels and address."""
        if isinstance(peer, AnyonePeer | RemotePeer):
            return isinstance(peer, AnyonePeer) or self._is_at_remote(endpoint, peer, is_server=is_server)
        if isinstance(endpoint, Address):
            return self._is_address_of(endpoint, peer)
        if isinstance(peer, WorkloadPeer):
            labels = self._intent.workloads[peer.namespace, peer.workload].labels
            return endpoint.namespace == peer.namespace and endpoint.carries(labels)
        if isinstance(peer, NamespacesPeer):
            labels = self._topology.namespaces[endpoint.namespace]
            return set(peer.labels) <= set(labels.items()) if peer.labels else endpoint.namespace in peer.names
        if isinstance(peer, GatewayPeer):
            return self.is_gateway(endpoint, peer.gateway)
        return isinstance(peer, PrometheusPeer) and self.is_prometheus(endpoint)

    def is_prometheus(self, pod: Pod) -> bool:
        prometheus = self._environment.prometheus
        return (
            prometheus is not None
            and pod.namespace == prometheus.pods.namespace
            and pod.carries(prometheus.pods.labels)
        )

    def is_near(self, peer: RemotePeer) -> bool:
        """Whether the other cluster's pods are on this cluster's network, where they reach each other by address."""
        return (self._environment.clusters or {})[peer.cluster].network == self._environment.cluster.network

    def _is_at_remote(self, endpoint: Endpoint, peer: RemotePeer, *, is_server: bool) -> bool:
        """Whether connections of another cluster come from *endpoint*, or go to it."""
        cluster = (self._environment.clusters or {})[peer.cluster]
        if self.is_near(peer):
            return isinstance(endpoint, Address) and is_within(endpoint, cluster.pods or ())
        if is_server:
            doors = cluster.door.addresses if cluster.door else ()
            return isinstance(endpoint, Address) and is_within(endpoint, doors)
        joining = (one for one in self._gateways.values() if one.role == "east-west" and SNI in one.ports)
        return isinstance(endpoint, Pod) and any(self.is_gateway(endpoint, one.name) for one in joining)

    def _is_address_of(self, address: Address, peer: Peer) -> bool:
        if isinstance(peer, ApiServerPeer):
            return is_within(address, self._environment.addresses.api_server or ())
        if isinstance(peer, CloudCredentialsPeer):
            credentials = self._environment.cloud_credentials
            return credentials is not None and is_within(address, credentials.addresses)
        if not isinstance(peer, AddressesPeer):
            return False
        if peer.is_public:
            families = {"IPv4": 4, "IPv6": 6}
            known = {families[family] for family in self._environment.ip_families}
            return _network(address.name).version in known and not self._is_inside(address, 0)
        return any(
            is_within(address, (block,)) and not self._is_inside(address, _network(block).prefixlen)
            for block in peer.cidrs
        )

    def _is_inside(self, address: Address, wider_than: int) -> bool:
        """Whether *address* is in a private range that a block of that prefix length contains but does not name."""
        addresses = self._environment.addresses
        known = (*(addresses.pods or ()), *(addresses.nodes or ()), *(addresses.services or ()))
        ranges = (*PRIVATE, *PRIVATE_6, *addresses.metadata, *known)
        return is_within(address, [one for one in ranges if _network(one).prefixlen > wider_than])


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)


def is_within(address: Address, blocks: Iterable[str]) -> bool:
    one = _network(address.name).network_address
    return any(one in _network(block) for block in blocks)
