"""Layer 3/4: which connections each end of a pair lets through, if it does what the intent says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from generator.environment.gateways import EGRESS
from generator.environment.model import Environment
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.peers import AnyonePeer, GatewayPeer, NamespacesPeer, Peer, RemotePeer, WorkloadPeer
from generator.model.terms import Isolation, Mesh
from generator.model.workloads import Namespace
from tests.judges.grants import EVERYTHING, TCP, Grant, Grants, tcp
from tests.judges.intended.peers import Peers, is_within
from tests.judges.topology import Address, Endpoint, Pod

ISTIOD = 15012
METRICS = 15020
WEBHOOKS = 15017
HEALTH = 15021
HBONE = 15008


class Network:
    """The answers for the network: each end by itself."""

    def __init__(self, intent: Intent, environment: Environment, peers: Peers) -> None:
        self._intent = intent
        self._environment = environment
        self._peers = peers
        self._gateways = environment.gateways or {}

    def egress(self, source: Endpoint, target: Endpoint) -> Grants:
        if not isinstance(source, Pod) or not self._peers.is_closed(source, "Egress"):
            return EVERYTHING
        flows = (one for one in self._intent.flows if not isinstance(one.client, AnyonePeer))
        return frozenset((*self._grants(flows, source, target), *self._needed_out(source, target)))

    def ingress(self, source: Endpoint, target: Endpoint) -> Grants:
        if not isinstance(target, Pod) or not self._peers.is_closed(target, "Ingress"):
            return EVERYTHING
        flows = (one for one in self._intent.flows if not isinstance(one.server, AnyonePeer))
        return frozenset((*self._grants(flows, source, target), *self._needed_in(source, target)))

    def _grants(self, flows: Iterable[Flow], source: Endpoint, target: Endpoint) -> Iterator[Grant]:
        """Yield what *flows* open at one end; "anyone" opens the door of the other end, and nobody's own."""
        for flow in flows:
            if self._peers.is_at(source, flow.client) and self._peers.is_at(target, flow.server, is_server=True):
                yield from self._between_networks(flow.server) or self._carried(flow)

    def _between_networks(self, server: Peer) -> list[Grant]:
        """Return the port that stands for all of *server*'s on another network; nothing on this one."""
        if not isinstance(server, RemotePeer) or self._peers.is_near(server):
            return []
        door = (self._environment.clusters or {})[server.cluster].door
        return [tcp(door.port)] if door else []

    def _carried(self, flow: Flow) -> Iterator[Grant]:
        """Yield what the network sees of *flow*: between members of the mesh, one of them ambient, TCP is HBONE.

        Source: Istio's page on NetworkPolicy in ambient mode, which asks it of sidecars that ambient pods call, too.
        """
        client, server = self._modes(flow.client), self._modes(flow.server)
        is_tunnel = Mesh.AMBIENT in client | server and all(one.is_member for one in client) and bool(client)
        is_tunnel = is_tunnel and all(one.is_member for one in server) and bool(server)
        for grant in ports_of(flow):
            if not is_tunnel or "TCP" not in grant.protocols:
                yield grant
                continue
            yield tcp(HBONE)
            if others := grant.protocols - TCP:
                yield replace(grant, protocols=others)

    def _modes(self, peer: Peer) -> set[Mesh]:
        """Return how those that *peer* stands for are in the mesh; nothing if that is not known of all."""
        if isinstance(peer, GatewayPeer):
            return {Mesh.SIDECAR}
        if isinstance(peer, WorkloadPeer):
            mode = self._intent.workloads[peer.namespace, peer.workload].mesh
            return {mode} if mode else set()
        known = self._intent.namespaces
        names = peer.names if isinstance(peer, NamespacesPeer) and not peer.labels else ()
        modes = [known[name].mesh for name in names if name in known]
        return {mode for mode in modes if mode} if len(modes) == len(names) else set()

    def _needed_out(self, source: Pod, target: Endpoint) -> Iterator[Grant]:
        dns, istiod = self._environment.dns, self._environment.istio.control_plane
        is_resolver = isinstance(target, Pod) and target.namespace == dns.pods.namespace
        is_resolver = is_resolver and isinstance(target, Pod) and target.carries(dns.pods.labels)
        is_cache = isinstance(target, Address) and is_within(target, dns.node_local_addresses)
        if isinstance(target, Pod) and dns.node_local_pods and target.namespace == dns.node_local_pods.namespace:
            is_cache = target.carries(dns.node_local_pods.labels)
        numbers = {*(dns.ports if is_resolver else ()), *([53] if is_cache else [])}
        yield from (Grant(frozenset({"TCP", "UDP"}), (port, port)) for port in sorted(numbers))
        if isinstance(target, Pod) and target.namespace == istiod.namespace and target.carries(istiod.labels):
            yield from [tcp(ISTIOD)] if source.mesh else []
            joining = [self._gateways[one.gateway] for one in self._intent.gateways]
            joining = [one for one in joining if one.role == "east-west" and WEBHOOKS in one.ports]
            yield from [tcp(WEBHOOKS)] if any(self._peers.is_gateway(source, one.name) for one in joining) else []

    def _needed_in(self, source: Endpoint, target: Pod) -> Iterator[Grant]:
        namespace = self._intent.namespaces.get(target.namespace)
        lockdowns = [one for one in self._intent.gateways if self._peers.is_gateway(target, one.gateway)]
        for lockdown in lockdowns:
            gateway = self._gateways[lockdown.gateway]
            if gateway.role == EGRESS:
                continue  # a door for the clients of its flows alone
            if not lockdown.sources or (isinstance(source, Address) and is_within(source, lockdown.sources)):
                yield from map(tcp, gateway.ports)
            yield from [tcp(gateway.health_port)] if gateway.health_port is not None else []
        is_scraped = bool(lockdowns) or (namespace is not None and namespace.scrape)
        if is_scraped and target.mesh and isinstance(source, Pod) and self._peers.is_prometheus(source):
            yield tcp(METRICS)
        nodes = self._environment.addresses.nodes or ()
        if not self._environment.cni.kubelet_exempt and isinstance(source, Address) and is_within(source, nodes):
            yield from map(tcp, self._probed(target, namespace) if namespace else (METRICS, HEALTH))

    def _probed(self, target: Pod, namespace: Namespace) -> set[int]:
        """Return the ports that the kubelet may probe: the proxy's, and those of pods without one."""
        own = [one for one in self._intent.workloads.values() if one.namespace == namespace.name and one.is_rendered]
        if namespace.isolation is Isolation.WORKLOADS:
            own = [one for one in own if target.carries(one.labels)]
        else:
            own = [one for one in own if one.mesh is Mesh.NONE]
        return {METRICS, HEALTH, *(port.number for one in own for port in one.ports if port.transport == "TCP")}


def ports_of(flow: Flow) -> list[Grant]:
    if flow.ports is None:
        return [Grant()]
    return [Grant(frozenset({port.transport}), (port.number, port.end or port.number)) for port in flow.ports]
