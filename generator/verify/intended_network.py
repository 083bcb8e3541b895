"""What the intent wants at layer 3/4, the plumbing included."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from generator.environment.model import Gateway
from generator.model.peers import AddressesPeer, AnyonePeer, GatewayPeer, PrometheusPeer, RemotePeer, WorkloadPeer
from generator.model.terms import Isolation, Mesh
from generator.model.workloads import Namespace, Waypoint
from generator.topology import PROBE_SOURCES, SIDECAR, Endpoint, Point
from generator.verify.intended_roads import IntendedRoads, Leg
from generator.verify.meaning import Meaning, covers, is_within

LOOKUP, XDS, WEBHOOKS, METRICS, READINESS = 53, 15012, 15017, 15020, 15021


class IntendedNetwork:
    """The connections that NetworkPolicies shall let through, each direction on its own."""

    def __init__(self, meaning: Meaning) -> None:
        """Ask *meaning* for what words stand for."""
        self._meaning = meaning
        self._outbound = cache(self._find_outbound)
        self._is_proxied = cache(self._has_proxy)
        self._legs = list(IntendedRoads(meaning).legs())

    def admitted(self, endpoint: int, direction: str, point: Point) -> int:
        """Return who may connect to *endpoint* (Ingress), or whom it may connect to (Egress), at layer 3/4."""
        found = self._plumbing(endpoint, direction, point)
        for leg in self._legs:
            mine, others = (leg.servers, leg.clients) if direction == "Ingress" else (leg.clients, leg.servers)
            if mine >> endpoint & 1 and leg.is_open(point) and self._speaks_for(leg, endpoint, direction):
                found |= others
        return found

    def _speaks_for(self, leg: Leg, endpoint: int, direction: str) -> bool:
        """A flow opens the ends that this bundle secures; the far end of `rendered: false` is another's business."""
        peer = leg.server if direction == "Ingress" else leg.client
        if isinstance(peer, Waypoint):
            return bool(self._meaning.own_waypoints >> endpoint & 1)
        if isinstance(peer, AnyonePeer):
            return False  # anyone is whoever stands at the other end, none of our pods in particular
        if isinstance(peer, WorkloadPeer):
            return self._meaning.intent.workloads[peer.namespace, peer.workload].is_rendered
        return not isinstance(peer, GatewayPeer | RemotePeer) or bool(self._meaning.locked_gateways >> endpoint & 1)

    def _plumbing(self, endpoint: int, direction: str, point: Point) -> int:
        one = self._meaning.universe.endpoints[endpoint]
        namespace = self._meaning.intent.namespaces.get(one.namespace)
        is_gateway = bool(self._meaning.locked_gateways >> endpoint & 1)
        in_mesh = is_gateway or self._is_proxied(endpoint)
        if direction == "Egress":
            return self._outbound(point, in_mesh) | (self._webhooks(one, point) if is_gateway else 0)
        found = (
            self._meaning.universe.nodes if self._meaning.environment.cni.kubelet_exempt else self._probes(one, point)
        )
        if in_mesh and point == Point("TCP", METRICS) and (namespace is None or is_gateway or namespace.scrape):
            found |= self._meaning.mask(PrometheusPeer())
        if namespace is not None:
            found |= self._ambient_probes(one, namespace, point)
        return found | (self._public_door(one, point) if is_gateway else 0)

    def _has_proxy(self, endpoint: int) -> bool:
        """Tell whether the plumbing of proxies is for this pod: it has one, or its namespace knows no pods without."""
        one = self._meaning.universe.endpoints[endpoint]
        namespace = self._meaning.intent.namespaces.get(one.namespace)
        if namespace is None:
            return False
        if self._meaning.own_waypoints >> endpoint & 1:
            return True
        if one.mesh == SIDECAR:
            return self._meaning.has_sidecars(namespace)
        declared = list(self._meaning.rendered(namespace))
        everyone_has = all(workload.mesh is Mesh.SIDECAR for workload in declared)
        return namespace.mesh is Mesh.SIDECAR and everyone_has and namespace.isolation is Isolation.NAMESPACE

    def _find_outbound(self, point: Point, in_mesh: bool) -> int:
        found = 0
        dns = self._meaning.environment.dns
        is_lookup = point.transport in ("UDP", "TCP")
        if is_lookup and point.number in dns.ports:
            found |= self._meaning.pods(dns.pods)
        if is_lookup and point.number == LOOKUP:
            found |= self._meaning.where(lambda other: is_within(other.address, dns.node_local_addresses))
            found |= self._meaning.pods(dns.node_local_pods) if dns.node_local_pods else 0
        if in_mesh and point == Point("TCP", XDS):
            found |= self._meaning.pods(self._meaning.environment.istio.control_plane)
        return found

    def _webhooks(self, one: Endpoint, point: Point) -> int:
        """Return istiod where a gateway that joins clusters hands the injection of other clusters on to it."""
        joining = [gateway for gateway in self._locked(one) if gateway.role == "east-west"]
        if point != Point("TCP", WEBHOOKS) or not any(WEBHOOKS in gateway.ports for gateway in joining):
            return 0
        return self._meaning.pods(self._meaning.environment.istio.control_plane)

    def _locked(self, one: Endpoint) -> Iterator[Gateway]:
        """Yield the closed gateways that *one* serves."""
        for lockdown in self._meaning.intent.gateways:
            gateway = (self._meaning.environment.gateways or {})[lockdown.gateway]
            if gateway.pods.namespace == one.namespace and gateway.pods.labels.items() <= one.labels.items():
                yield gateway

    def _probes(self, one: Endpoint, point: Point) -> int:
        """Return the nodes on the ports that the kubelet probes, where the plugin does not exempt it."""
        own = set() if one.is_waypoint else {port.number for port in one.ports}
        if point.transport != "TCP" or (point.number not in {METRICS, READINESS} and point.number not in own):
            return 0
        return self._meaning.where(
            lambda other: is_within(other.address, self._meaning.environment.addresses.nodes or ())
        )

    def _ambient_probes(self, one: Endpoint, namespace: Namespace, point: Point) -> int:
        """Return whence ambient pods are probed, on the ports that they declare; on all where nobody declares any."""
        members = [each for each in self._meaning.rendered(namespace) if each.mesh is Mesh.AMBIENT]
        is_whole = namespace.isolation is Isolation.NAMESPACE
        if not is_whole:
            members = [each for each in members if covers(each, one)]
        declared = {port.number for each in members for port in each.ports if port.transport == "TCP"}
        is_anybody = is_whole and not members and namespace.mesh is Mesh.AMBIENT
        if point.transport != "TCP" or not (is_anybody or point.number in declared):
            return 0
        sources = {PROBE_SOURCES[family] for family in self._meaning.environment.ip_families}
        return self._meaning.where(lambda other: other.address in sources)

    def _public_door(self, one: Endpoint, point: Point) -> int:
        found = 0
        for lockdown in self._meaning.intent.gateways:
            gateway = (self._meaning.environment.gateways or {})[lockdown.gateway]
            if not gateway.pods.labels.items() <= one.labels.items() or point.transport != "TCP":
                continue
            if gateway.role == "egress":
                continue  # it is there for those within
            if point.number in gateway.ports:
                everyone = self._meaning.universe.everyone
                found |= self._meaning.mask(AddressesPeer(lockdown.sources)) if lockdown.sources else everyone
            if point.number == gateway.health_port:
                found |= self._meaning.universe.everyone
        return found
