"""What the intent wants at layer 3/4, the plumbing included."""

from __future__ import annotations

from generator.model.intent import AddressesPeer, AnyonePeer, Flow, GatewayPeer, Namespace, PrometheusPeer, WorkloadPeer
from generator.model.terms import Isolation, Mesh
from generator.topology import Endpoint, Point
from generator.verify.meaning import Meaning, is_at, is_within

LOOKUP, XDS, METRICS, READINESS = 53, 15012, 15020, 15021


class IntendedNetwork:
    """The connections that NetworkPolicies shall let through, each direction on its own."""

    def __init__(self, meaning: Meaning) -> None:
        """Ask *meaning* for what words stand for."""
        self._meaning = meaning

    def admitted(self, endpoint: int, direction: str, point: Point) -> int:
        """Return who may connect to *endpoint* (Ingress), or whom it may connect to (Egress), at layer 3/4."""
        found = self._plumbing(endpoint, direction, point)
        for flow, clients, servers in self._meaning.ends:
            mine, others = (servers, clients) if direction == "Ingress" else (clients, servers)
            if mine >> endpoint & 1 and is_at(flow, point) and self._speaks_for(flow, endpoint, direction):
                found |= others
        return found

    def _speaks_for(self, flow: Flow, endpoint: int, direction: str) -> bool:
        """A flow opens the ends that this bundle secures; the far end of `rendered: false` is another's business."""
        peer = flow.server if direction == "Ingress" else flow.client
        if isinstance(peer, AnyonePeer):
            return False  # anyone is whoever stands at the other end, none of our pods in particular
        if isinstance(peer, WorkloadPeer):
            return self._meaning.intent.workloads[peer.namespace, peer.workload].is_rendered
        return not isinstance(peer, GatewayPeer) or bool(self._meaning.locked_gateways >> endpoint & 1)

    def _plumbing(self, endpoint: int, direction: str, point: Point) -> int:
        one = self._meaning.universe.endpoints[endpoint]
        namespace = self._meaning.intent.namespaces.get(one.namespace)
        is_gateway = bool(self._meaning.locked_gateways >> endpoint & 1)
        in_mesh = is_gateway or self._is_mesh_pod(one, namespace)
        if direction == "Egress":
            return self._outbound(point, in_mesh)
        found = (
            self._meaning.universe.nodes if self._meaning.environment.cni.kubelet_exempt else self._probes(one, point)
        )
        if in_mesh and point == Point("TCP", METRICS) and (namespace is None or is_gateway or namespace.scrape):
            found |= self._meaning.mask(PrometheusPeer())
        return found | (self._public_door(one, point) if is_gateway else 0)

    def _is_mesh_pod(self, one: Endpoint, namespace: Namespace | None) -> bool:
        """Tell whether the plumbing of sidecars is for this pod: it has one, or its namespace knows no pods without."""
        if namespace is None:
            return False
        if one.has_identity:
            return self._meaning.has_sidecars(namespace)
        declared = list(self._meaning.rendered(namespace))
        everyone_has = all(workload.mesh is Mesh.SIDECAR for workload in declared)
        return namespace.mesh is Mesh.SIDECAR and everyone_has and namespace.isolation is Isolation.NAMESPACE

    def _outbound(self, point: Point, in_mesh: bool) -> int:
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

    def _probes(self, one: Endpoint, point: Point) -> int:
        """Return the nodes on the ports that the kubelet probes, where the plugin does not exempt it."""
        own = {port.number for port in one.ports}
        if point.transport != "TCP" or (point.number not in {METRICS, READINESS} and point.number not in own):
            return 0
        return self._meaning.where(
            lambda other: is_within(other.address, self._meaning.environment.addresses.nodes or ())
        )

    def _public_door(self, one: Endpoint, point: Point) -> int:
        found = 0
        for lockdown in self._meaning.intent.gateways:
            gateway = (self._meaning.environment.gateways or {})[lockdown.gateway]
            if not gateway.pods.labels.items() <= one.labels.items() or point.transport != "TCP":
                continue
            if point.number in gateway.ports:
                everyone = self._meaning.universe.everyone
                found |= self._meaning.mask(AddressesPeer(lockdown.sources)) if lockdown.sources else everyone
            if point.number == gateway.health_port:
                found |= self._meaning.universe.everyone
        return found
