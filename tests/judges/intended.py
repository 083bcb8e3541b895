"""Who may connect to whom at which layer, read from the intent alone: no word of generator.plan."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import replace

from generator.environment.model import Environment
from generator.model.intent import (
    AddressesPeer,
    AnyonePeer,
    ApiServerPeer,
    CloudCredentialsPeer,
    Flow,
    GatewayLockdown,
    GatewayPeer,
    Intent,
    Namespace,
    NamespacesPeer,
    Peer,
    PrometheusPeer,
    RemotePeer,
    Request,
    TokenIssuer,
    WorkloadPeer,
)
from generator.model.terms import Authorization, Isolation, Mesh
from tests.judges.grants import ALL, EVERYTHING, TCP, Conditions, Grant, Grants, Layer, canonical, meet, tcp
from tests.judges.topology import Address, Endpoint, Pod, Topology

ISTIOD = 15012
METRICS = 15020
WEBHOOKS = 15017
SNI = 15443
HEALTH = 15021
NOT_CAPTURED = (METRICS, HEALTH, 15090)
"""Ports that never pass the proxy's filters, so no identity rule decides there (Istio injection template)."""

CLAIM = "request.auth.claims"
PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
PRIVATE_6 = ("fc00::/7", "fe80::/10")


class Intended:
    """The answers that the intent gives for a topology."""

    def __init__(self, intent: Intent, environment: Environment, topology: Topology) -> None:
        self._intent = intent
        self._environment = environment
        self._topology = topology
        self._gateways = environment.gateways or {}

    def layers(self) -> dict[str, Layer]:
        """Return what is let through at layer 3/4, by each end of it alone, by proxies, and by everything.

        Proxies and everything are told for targets that have a proxy.
        """
        pairs = list(self._pairs())
        egress = {pair: self._egress(*pair) for pair in pairs}
        ingress = {pair: self._ingress(*pair) for pair in pairs}
        network = {pair: meet(egress[pair], ingress[pair]) for pair in pairs}
        mesh: Layer = {
            (source, target): self._admitted(source, target)
            for source, target in pairs
            if isinstance(target, Pod) and target.mesh
        }
        both: Layer = {pair: meet(grants, network[pair]) for pair, grants in mesh.items()}
        return {"network": network, "ingress": ingress, "egress": egress, "mesh": mesh, "both": both}

    def _pairs(self) -> Iterator[tuple[Endpoint, Endpoint]]:
        endpoints = self._topology.endpoints
        for source in endpoints:
            for target in endpoints:
                if source != target and (isinstance(source, Pod) or isinstance(target, Pod)):
                    yield source, target

    # Layer 3/4

    def _egress(self, source: Endpoint, target: Endpoint) -> Grants:
        if not isinstance(source, Pod) or not self._is_closed(source, "Egress"):
            return EVERYTHING
        flows = (one for one in self._intent.flows if not isinstance(one.client, AnyonePeer))
        return frozenset((*self._grants(flows, source, target), *self._needed_out(source, target)))

    def _ingress(self, source: Endpoint, target: Endpoint) -> Grants:
        if not isinstance(target, Pod) or not self._is_closed(target, "Ingress"):
            return EVERYTHING
        flows = (one for one in self._intent.flows if not isinstance(one.server, AnyonePeer))
        return frozenset((*self._grants(flows, source, target), *self._needed_in(source, target)))

    def _is_closed(self, pod: Pod, direction: str) -> bool:
        if any(self._is_gateway(pod, one.gateway) for one in self._intent.gateways):
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

    def _is_gateway(self, pod: Pod, name: str) -> bool:
        pods = self._gateways[name].pods
        return pod.namespace == pods.namespace and pod.carries(pods.labels)

    def _grants(self, flows: Iterable[Flow], source: Endpoint, target: Endpoint) -> Iterator[Grant]:
        """Yield what *flows* open at one end; "anyone" opens the door of the other end, and nobody's own."""
        for flow in flows:
            if self._is_at(source, flow.client) and self._is_at(target, flow.server, is_server=True):
                yield from self._between_networks(flow.server) or _ports(flow)

    def _is_at(self, endpoint: Endpoint, peer: Peer, *, is_server: bool = False) -> bool:
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
            return self._is_gateway(endpoint, peer.gateway)
        return isinstance(peer, PrometheusPeer) and self._is_prometheus(endpoint)

    def _is_at_remote(self, endpoint: Endpoint, peer: RemotePeer, *, is_server: bool) -> bool:
        """Whether connections of another cluster come from *endpoint*, or go to it."""
        cluster = (self._environment.clusters or {})[peer.cluster]
        if cluster.network == self._environment.cluster.network:
            return isinstance(endpoint, Address) and _is_within(endpoint, cluster.pods or ())
        if is_server:
            return isinstance(endpoint, Address) and _is_within(endpoint, self._doors(peer))
        joining = (one for one in self._gateways.values() if one.role == "east-west" and SNI in one.ports)
        return isinstance(endpoint, Pod) and any(self._is_gateway(endpoint, one.name) for one in joining)

    def _doors(self, peer: RemotePeer) -> tuple[str, ...]:
        door = (self._environment.clusters or {})[peer.cluster].door
        return door.addresses if door else ()

    def _between_networks(self, server: Peer) -> list[Grant]:
        """Return the port that stands for all of *server*'s on another network; nothing on this one."""
        if not isinstance(server, RemotePeer):
            return []
        cluster = (self._environment.clusters or {})[server.cluster]
        is_near = cluster.network == self._environment.cluster.network
        return [] if is_near or cluster.door is None else [tcp(cluster.door.port)]

    def _is_prometheus(self, pod: Pod) -> bool:
        prometheus = self._environment.prometheus
        return (
            prometheus is not None
            and pod.namespace == prometheus.pods.namespace
            and pod.carries(prometheus.pods.labels)
        )

    def _is_address_of(self, address: Address, peer: Peer) -> bool:
        if isinstance(peer, ApiServerPeer):
            return _is_within(address, self._environment.addresses.api_server or ())
        if isinstance(peer, CloudCredentialsPeer):
            credentials = self._environment.cloud_credentials
            return credentials is not None and _is_within(address, credentials.addresses)
        if not isinstance(peer, AddressesPeer):
            return False
        if peer.is_public:
            families = {"IPv4": 4, "IPv6": 6}
            known = {families[family] for family in self._environment.ip_families}
            return _network(address.name).version in known and not self._is_inside(address, 0)
        return any(
            _is_within(address, (block,)) and not self._is_inside(address, _network(block).prefixlen)
            for block in peer.cidrs
        )

    def _is_inside(self, address: Address, wider_than: int) -> bool:
        """Whether *address* is in a private range that a block of that prefix length contains but does not name."""
        addresses = self._environment.addresses
        known = (*(addresses.pods or ()), *(addresses.nodes or ()), *(addresses.services or ()))
        ranges = (*PRIVATE, *PRIVATE_6, *addresses.metadata, *known)
        return _is_within(address, [one for one in ranges if _network(one).prefixlen > wider_than])

    def _needed_out(self, source: Pod, target: Endpoint) -> Iterator[Grant]:
        dns, istiod = self._environment.dns, self._environment.istio.control_plane
        is_resolver = isinstance(target, Pod) and target.namespace == dns.pods.namespace
        is_resolver = is_resolver and isinstance(target, Pod) and target.carries(dns.pods.labels)
        is_cache = isinstance(target, Address) and _is_within(target, dns.node_local_addresses)
        if isinstance(target, Pod) and dns.node_local_pods and target.namespace == dns.node_local_pods.namespace:
            is_cache = target.carries(dns.node_local_pods.labels)
        numbers = {*(dns.ports if is_resolver else ()), *([53] if is_cache else [])}
        yield from (Grant(frozenset({"TCP", "UDP"}), (port, port)) for port in sorted(numbers))
        if isinstance(target, Pod) and target.namespace == istiod.namespace and target.carries(istiod.labels):
            yield from [tcp(ISTIOD)] if source.mesh else []
            joining = [self._gateways[one.gateway] for one in self._intent.gateways]
            joining = [one for one in joining if one.role == "east-west" and WEBHOOKS in one.ports]
            yield from [tcp(WEBHOOKS)] if any(self._is_gateway(source, one.name) for one in joining) else []

    def _needed_in(self, source: Endpoint, target: Pod) -> Iterator[Grant]:
        namespace = self._intent.namespaces.get(target.namespace)
        lockdowns = [one for one in self._intent.gateways if self._is_gateway(target, one.gateway)]
        for lockdown in lockdowns:
            gateway = self._gateways[lockdown.gateway]
            if not lockdown.sources or (isinstance(source, Address) and _is_within(source, lockdown.sources)):
                yield from map(tcp, gateway.ports)
            yield from [tcp(gateway.health_port)] if gateway.health_port is not None else []
        is_scraped = bool(lockdowns) or (namespace is not None and namespace.scrape)
        if is_scraped and target.mesh and isinstance(source, Pod) and self._is_prometheus(source):
            yield tcp(METRICS)
        nodes = self._environment.addresses.nodes or ()
        if not self._environment.cni.kubelet_exempt and isinstance(source, Address) and _is_within(source, nodes):
            yield from map(tcp, self._probed(target, namespace) if namespace else (METRICS, HEALTH))

    def _probed(self, target: Pod, namespace: Namespace) -> set[int]:
        """Return the ports that the kubelet may probe: the proxy's, and those of pods without one."""
        own = [one for one in self._intent.workloads.values() if one.namespace == namespace.name and one.is_rendered]
        if namespace.isolation is Isolation.WORKLOADS:
            own = [one for one in own if target.carries(one.labels)]
        else:
            own = [one for one in own if one.mesh is Mesh.NONE]
        return {METRICS, HEALTH, *(port.number for one in own for port in one.ports if port.transport == "TCP")}

    # Identity and layer 7

    def _admitted(self, source: Endpoint, target: Pod) -> Grants:
        if not self._asks_identity(target):
            return EVERYTHING
        flows = [flow for flow in self._intent.flows if self._serves(target, flow.server)]
        welcome = [flow for flow in flows if self._comes_as(source, flow)]
        allowed = [grant for flow in welcome for needed in self._conditions(flow) for grant in _requests(flow, needed)]
        allowed += self._open_doors(target)
        return frozenset((Grant(ALL - TCP), *allowed))

    def _asks_identity(self, pod: Pod) -> bool:
        if self._intent.mesh_wide is not None and self._intent.mesh_wide.deny_by_default:
            return True
        if any(self._is_held(pod, lockdown) for lockdown in self._intent.gateways):
            return True
        namespace = self._intent.namespaces.get(pod.namespace)
        if namespace is None or namespace.authorization is not Authorization.ENFORCED:
            return False
        return self._is_closed(pod, "Ingress")

    def _serves(self, pod: Pod, server: Peer) -> bool:
        namespace = self._intent.namespaces.get(pod.namespace)
        enforced = namespace is not None and namespace.authorization is Authorization.ENFORCED
        return enforced and not isinstance(server, GatewayPeer) and self._is_at(pod, server)

    def _comes_as(self, source: Endpoint, flow: Flow) -> bool:
        """Whether a proxy sees *source* as the client of *flow*: by its certificate, unless none is asked for."""
        client = flow.client
        if flow.plaintext or isinstance(client, AnyonePeer):
            return True
        if isinstance(source, Address):
            return False
        if isinstance(client, NamespacesPeer):
            return self._is_at(source, client)
        return (source.namespace, source.account) in self._identities(client)

    def _identities(self, client: Peer) -> list[tuple[str, str]]:
        """Return namespace and ServiceAccount of everybody that *client* stands for."""
        if isinstance(client, WorkloadPeer):
            workload = self._intent.workloads[client.namespace, client.workload]
            return [(client.namespace, account) for account in workload.service_accounts]
        if isinstance(client, RemotePeer):
            return [(client.namespace, account) for account in client.service_accounts]
        if isinstance(client, GatewayPeer):
            gateway = self._gateways[client.gateway]
            return [(gateway.pods.namespace, gateway.service_account)]
        prometheus = self._environment.prometheus
        if isinstance(client, PrometheusPeer) and prometheus is not None:
            return [(prometheus.pods.namespace, prometheus.service_account)]
        return []

    def _conditions(self, flow: Flow) -> list[Conditions]:
        """Return what requests of *flow* must carry: its headers, and a token of one of its issuers."""
        request = flow.request or Request()
        headers = [(f"request.headers[{name.lower()}]", values) for name, values in request.headers]
        if not flow.token:
            return [canonical(headers)]
        claims = [(f"{CLAIM}{_in_brackets(name)}", values) for name, values in request.claims]
        return [
            canonical([*headers, *claims, (f"{CLAIM}[iss]", (token.issuer,)), *_audiences(token)])
            for token in self._intent.tokens
            if WorkloadPeer(token.namespace, token.workload) == flow.server and token.name == flow.token
        ]

    def _is_held(self, pod: Pod, lockdown: GatewayLockdown) -> bool:
        """Tell whether *pod* is of a gateway that answers for the hosts of its flows alone."""
        return lockdown.is_routed_only and self._is_gateway(pod, lockdown.gateway)

    def _open_doors(self, target: Pod) -> Iterator[Grant]:
        """Yield the hosts of gateways that are held to them, and ports that a mesh-wide default deny leaves open."""
        for lockdown in self._intent.gateways:
            if self._is_held(target, lockdown):
                flows = (one for one in self._intent.flows if one.client == GatewayPeer(lockdown.gateway))
                hosts = sorted({host for one in flows if one.request for host in one.request.hosts})
                spelled = tuple(text for host in hosts for text in (host, f"{host}:*"))
                yield from (replace(tcp(port), hosts=spelled) for port in self._gateways[lockdown.gateway].ports)
        wanted = self._intent.mesh_wide
        for name in wanted.gateways if wanted and wanted.deny_by_default else ():
            gateway = self._gateways[name]
            # In the root namespace a selector chooses pods of every namespace; a person has to accept that.
            is_root = gateway.pods.namespace == self._environment.istio.root_namespace
            if self._is_gateway(target, name) or (is_root and target.carries(gateway.pods.labels)):
                yield from map(tcp, gateway.ports)


def _in_brackets(claim: str) -> str:
    """Return the claim ``a[b]`` as Istio writes it: ``[a][b]``."""
    first, _, rest = claim.partition("[")
    return f"[{first}][{rest}" if rest else f"[{first}]"


def _audiences(token: TokenIssuer) -> Conditions:
    return ((f"{CLAIM}[aud]", token.audiences),) if token.audiences else ()


def _ports(flow: Flow) -> list[Grant]:
    if flow.ports is None:
        return [Grant()]
    return [Grant(frozenset({port.transport}), (port.number, port.end or port.number)) for port in flow.ports]


def _requests(flow: Flow, conditions: Conditions) -> list[Grant]:
    """Return what the proxy of the server lets this flow do, if its requests fulfil the *conditions*."""
    request = flow.request or Request()
    spelled = tuple(text for host in request.hosts for text in (host, f"{host}:*"))
    ports = [Grant(TCP)] if flow.ports is None else [grant for grant in _ports(flow) if grant.protocols == TCP]
    fields = (request.methods or None, request.paths or None, spelled or None)
    return [Grant(TCP, grant.ports, *fields, conditions) for grant in ports]


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)


def _is_within(address: Address, blocks: Iterable[str]) -> bool:
    one = _network(address.name).network_address
    return any(one in _network(block) for block in blocks)
