"""What every isolated pod needs and no user should have to know: DNS, istiod, scraping, probes."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.frozen import dataclass
from generator.core.places import Place
from generator.environment.gateways import EAST_WEST
from generator.environment.model import Environment, Gateway
from generator.model.intent import Intent
from generator.model.peers import PrometheusPeer
from generator.model.terms import Isolation, Mesh, Port
from generator.model.workloads import Namespace, Workload
from generator.plan.peers import PeerNamer
from generator.plan.views.network_policy import NetworkRule, PeerView
from generator.plan.views.selection import Selector

ISTIOD_PORT = 15012
"""xDS and certificates over TLS; without it proxies never become ready (facts: injection template)."""

WEBHOOK_PORT = 15017
"""Where istiod injects sidecars; an east-west gateway hands that of clusters without an istiod of their own on."""

METRICS_PORT = 15020
"""Merged metrics of application and proxy; plaintext, not captured by the proxy (pilot-agent)."""

DNS_PORT = 53
"""What pods dial, and where a resolver on the node listens; the cluster's own may listen elsewhere."""

HEALTH_PORT = 15021
"""Readiness of proxies and gateways."""

PROBE_SOURCES = {"IPv4": "169.254.7.127/32", "IPv6": "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"}
"""Whence the kubelet probes ambient pods; no plugin need exempt it (istio 1.30.3 cni/pkg/nodeagent/options.go)."""

_ANY_PORT = (Port(1, "tcp", end=65535),)
INJECT_LABEL = "sidecar.istio.io/inject"
HEALTH_COMMENT = "the load balancer's health check comes from no address that a policy could name"


@dataclass(frozen=True, slots=True)
class NamespacePlumbing:
    """One policy that serves many pods of a namespace in one direction."""

    name: str
    direction: str
    pods: Selector
    rules: tuple[NetworkRule, ...]
    purpose: str


class Plumbing:
    """Computes the plumbing of namespaces, workloads and gateways from the environment."""

    def __init__(self, intent: Intent, environment: Environment, namer: PeerNamer) -> None:
        """Unknown facts are noted with *namer*."""
        self._intent = intent
        self._environment = environment
        self._namer = namer

    def for_namespace(self, namespace: Namespace) -> Iterator[NamespacePlumbing]:
        """Yield the policies that every pod of *namespace*, or every mesh pod, needs."""
        mesh_pods = self._mesh_pods(namespace)
        if "Egress" in namespace.directions:
            words = "Every pod may resolve names: UDP, and TCP for long answers."
            yield NamespacePlumbing("dns", "Egress", Selector(), self._dns(namespace.name), words)
            if mesh_pods is not None:
                words = "Every sidecar may fetch its configuration and certificates; without them no pod gets ready."
                yield NamespacePlumbing("istiod", "Egress", mesh_pods, self._istiod(namespace.name), words)
        if "Ingress" not in namespace.directions:
            return
        if (
            mesh_pods is not None
            and namespace.scrape
            and (rules := self._metrics(namespace.name, namespace.origin.place))
        ):
            words = "Prometheus may read the metrics of every sidecar, which carry those of the application."
            yield NamespacePlumbing("prometheus", "Ingress", mesh_pods, rules, words)
        if rules := self._probes(self._probe_ports(namespace), namespace.origin.place):
            words = "The kubelet may probe: this network plugin does not exempt the pod's own node."
            yield NamespacePlumbing("probes", "Ingress", Selector(), rules, words)
        if rules := self._ambient_probes(namespace):
            words = "The kubelet may probe ambient pods, to which its probes come from an address of their own."
            yield NamespacePlumbing("ambient-probes", "Ingress", Selector(), rules, words)

    def for_workload(self, namespace: Namespace, workload: Workload) -> Iterator[tuple[str, NetworkRule]]:
        """Yield the rules that *workload* needs in a namespace that is not isolated as a whole."""
        is_in_mesh = workload.mesh is Mesh.SIDECAR
        if "Egress" in workload.directions:
            yield from (("Egress", rule) for rule in self._dns(namespace.name))
            if is_in_mesh:
                yield from (("Egress", rule) for rule in self._istiod(namespace.name))
        if "Ingress" in workload.directions:
            if is_in_mesh and namespace.scrape:
                yield from (("Ingress", rule) for rule in self._metrics(namespace.name, workload.origin.place))
            ports = tuple(port for port in workload.ports if port.transport == "TCP")
            yield from (("Ingress", rule) for rule in self._probes(ports, workload.origin.place))
            if workload.mesh is Mesh.AMBIENT and ports:
                yield "Ingress", self._from_probes(ports)

    def for_gateway(self, gateway: Gateway, place: Place) -> list[tuple[str, NetworkRule]]:
        """Return the rules that a gateway's pods need beside their own ports and routes."""
        here = gateway.pods.namespace
        is_webhook = gateway.role == EAST_WEST and WEBHOOK_PORT in gateway.ports
        istiod = self._istiod(here, *([WEBHOOK_PORT] if is_webhook else []))
        outbound = [("Egress", rule) for rule in (*self._dns(here), *istiod)]
        inbound = [("Ingress", rule) for rule in (*self._metrics(here, place), *self._probes((), place))]
        return outbound + inbound

    def for_waypoint(self, namespace: Namespace) -> list[tuple[str, NetworkRule]]:
        """Return the rules that the pods of a waypoint in *namespace* need beside its callers and servers."""
        here, place = namespace.name, namespace.origin.place
        is_whole = namespace.isolation is Isolation.NAMESPACE  # then every pod may resolve names, and is probed
        has_dns = is_whole and "Egress" in namespace.directions
        outbound = [*(() if has_dns else self._dns(here)), *self._istiod(here)]
        inbound = [*(self._metrics(here, place) if namespace.scrape else ())]
        inbound += () if is_whole else self._probes((), place)
        return [("Egress", rule) for rule in outbound] + [("Ingress", rule) for rule in inbound]

    def _mesh_pods(self, namespace: Namespace) -> Selector | None:
        """Return the selector of the pods with a sidecar (injection truth table), None if there are none."""
        own = self._intent.rendered_in(namespace.name)
        if namespace.mesh is Mesh.SIDECAR:
            if all(workload.mesh is Mesh.SIDECAR for workload in own):
                return Selector()
            return Selector(expressions=((INJECT_LABEL, "NotIn", ("false",)),))
        if any(workload.mesh is Mesh.SIDECAR for workload in own):
            return Selector(expressions=((INJECT_LABEL, "In", ("true",)),))
        return None

    def _dns(self, seen_from: str) -> tuple[NetworkRule, ...]:
        """Return the rules for both kinds of resolvers, which may listen on different ports of theirs."""
        dns = self._environment.dns
        peers = {dns.ports: [self._namer.pods(dns.pods, seen_from, "the cluster's resolvers")]}
        local = [PeerView("the node's own resolver (NodeLocal DNSCache)", cidr=one) for one in dns.node_local_addresses]
        if dns.node_local_pods is not None:
            local.append(self._namer.pods(dns.node_local_pods, seen_from, "the nodes' caches (NodeLocal DNSCache)"))
        peers.setdefault((DNS_PORT,), []).extend(local)
        return tuple(
            NetworkRule(tuple(ones), tuple(Port(number, protocol) for protocol in ("udp", "tcp") for number in ports))
            for ports, ones in peers.items()
            if ones
        )

    def _istiod(self, seen_from: str, *more: int) -> tuple[NetworkRule, ...]:
        """Return the rule for istiod's port for proxies, and *more* of its ports."""
        peer = self._namer.pods(self._environment.istio.control_plane, seen_from, "istiod")
        return (NetworkRule((peer,), tuple(Port(number, "tcp") for number in (ISTIOD_PORT, *more))),)

    def _metrics(self, seen_from: str, place: Place) -> tuple[NetworkRule, ...]:
        if self._environment.has_prometheus is False:
            return ()
        peers = self._namer.views(PrometheusPeer(), seen_from, "Prometheus", place)
        return (NetworkRule(peers, (Port(METRICS_PORT, "tcp"),)),) if peers else ()

    def _probe_ports(self, namespace: Namespace) -> tuple[Port, ...]:
        """Return the ports that probes of declared workloads outside the mesh reach (others use 15020)."""
        own = self._intent.rendered_in(namespace.name)
        ports = {port for one in own if one.mesh is Mesh.NONE for port in one.ports if port.transport == "TCP"}
        return tuple(sorted(ports, key=lambda port: port.number))

    def _ambient_probes(self, namespace: Namespace) -> tuple[NetworkRule, ...]:
        """Return what lets probes into the ambient pods of *namespace*; without declared ports, into every one."""
        own = [one for one in self._intent.rendered_in(namespace.name) if one.mesh is Mesh.AMBIENT]
        if not own and namespace.mesh is not Mesh.AMBIENT:
            return ()
        numbers = {port.number for one in own for port in one.ports if port.transport == "TCP"}
        if own and not numbers:
            return ()
        return (self._from_probes(tuple(Port(number, "tcp") for number in sorted(numbers)) or _ANY_PORT),)

    def _from_probes(self, ports: tuple[Port, ...]) -> NetworkRule:
        families = self._environment.ip_families
        sources = [PeerView("the kubelet's probes", cidr=PROBE_SOURCES[family]) for family in families]
        return NetworkRule(tuple(sources), tuple(Port(one.number, "tcp", end=one.end) for one in ports))

    def _probes(self, application: tuple[Port, ...], place: Place) -> tuple[NetworkRule, ...]:
        exempt = self._environment.cni.kubelet_exempt
        if exempt:
            return ()
        if exempt is None:
            self._namer.unknown("cni.kubeletExempt", "it decides whether probes need a rule", place)
            return ()
        nodes = self._environment.addresses.nodes
        if nodes is None:
            self._namer.unknown("addresses.nodes", "the network plugin does not exempt the kubelet's probes", place)
            return ()
        peers = tuple(PeerView("the nodes", cidr=cidr) for cidr in nodes)
        ports = {Port(METRICS_PORT, "tcp"), Port(HEALTH_PORT, "tcp"), *(Port(one.number, "tcp") for one in application)}
        return (NetworkRule(peers, tuple(sorted(ports, key=lambda port: port.number))),)
