"""What manifests say of one namespace in the words of an `app` profile, and what cannot be said from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.core.errors import MeshgenError
from generator.core.places import Place
from generator.manifests.network import NetworkPeer, NetworkPolicy, NetworkRule
from generator.manifests.workloads import WorkloadTemplate
from generator.semantics.cluster import Cluster
from generator.topology import Point

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
_GATEWAY = "the gateway "
_SPOKEN = frozenset({"http", "http2", "grpc", "tcp", "tls", "https", "mongo", "mysql", "redis", "udp", "sctp"})


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a workload; ``protocol`` is empty where no Service says what is spoken there."""

    name: str
    number: int
    transport: str
    protocol: str


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload of the namespace: how its pods are known, and which gateways may call it."""

    name: str
    labels: dict[str, str]
    account: str
    mesh: str
    ports: tuple[Port, ...]
    gateways: tuple[tuple[str, Port], ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """A connection that a policy names: a client of the namespace or of another one, a server, a port."""

    client: str
    client_namespace: str
    server: str
    port: Port


@dataclass(frozen=True, slots=True)
class Proposal:
    """Everything that is known of *namespace*; ``open_ones`` are workloads that no policy closes."""

    namespace: str
    workloads: tuple[Workload, ...]
    flows: tuple[Flow, ...]
    open_ones: tuple[str, ...]
    remarks: tuple[tuple[Place, str], ...]
    peers: dict[tuple[str, str], WorkloadTemplate]


def propose(cluster: Cluster, namespace: str | None) -> Proposal:
    """Return what *cluster* says of *namespace*, or of the only one that has workloads.

    Raises:
        MeshgenError: there are no workloads, or several namespaces and nobody says which.
    """
    found = sorted({one.namespace for one in cluster.workloads})
    if not found:
        raise MeshgenError(
            "there are no workloads here: a profile is proposed from Deployments, StatefulSets and so on"
        )
    if namespace is None and len(found) > 1:
        raise MeshgenError(
            f"there are workloads of several namespaces: choose one with --namespace: {', '.join(found)}"
        )
    chosen = namespace if namespace is not None else found[0]
    if chosen not in found:
        raise MeshgenError(f"there are no workloads in the namespace {chosen!r}, only in {', '.join(found)}")
    return _Reader(cluster, chosen).proposal()


class _Reader:
    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        named = [one for one in cluster.workloads if NAME.fullmatch(one.name)]
        self._templates = {f"{one.namespace}/{one.name}": one for one in named}
        self._own = [one for one in cluster.workloads if one.namespace == namespace and NAME.fullmatch(one.name)]
        self._numbers = cluster.index()
        self._endpoints = cluster.universe.endpoints

    def proposal(self) -> Proposal:
        workloads = tuple(self._workload(one) for one in sorted(self._own, key=lambda one: one.name))
        flows = tuple(sorted(set(self._flows(workloads)), key=lambda one: (one.client, one.server, one.port.number)))
        strangers = {(one.client_namespace, one.client) for one in flows if one.client_namespace != self._namespace}
        return Proposal(
            namespace=self._namespace,
            workloads=workloads,
            flows=flows,
            open_ones=tuple(one.name for one in workloads if one.ports and not self._policies(one.name, "Ingress")),
            remarks=tuple(sorted({*self._unnamed(), *self._unused()})),
            peers={key: self._templates["/".join(key)] for key in sorted(strangers)},
        )

    def _workload(self, one: WorkloadTemplate) -> Workload:
        ports = tuple(self._ports(one))
        spec = one.manifest.spec.get("selector")
        chosen = spec.get("matchLabels") if isinstance(spec, dict) else None
        labels = {key: str(value) for key, value in (chosen or one.labels).items()}
        gateways = tuple(self._gateways(one.name, ports))
        return Workload(one.name, labels, one.account, self._cluster.mode(one) or "", ports, gateways)

    def _ports(self, one: WorkloadTemplate) -> Iterator[Port]:
        transports = {port.number: port.transport for port in one.ports}
        for number, port in enumerate(self._cluster.ports(one)):
            transport = transports.get(port.number, "UDP" if port.protocol == "udp" else "TCP")
            spoken = port.protocol if port.protocol in _SPOKEN else ""
            if transport != "TCP":
                spoken = transport.lower()
            name = port.name if _PORT_NAME.fullmatch(port.name) else f"port-{number + 1}"
            yield Port(name, port.number, transport, spoken)

    def _policies(self, name: str, direction: str) -> Sequence[object]:
        return self._cluster.network.policies(self._numbers[f"{self._namespace}/{name}"], direction)

    def _flows(self, workloads: Sequence[Workload]) -> Iterator[Flow]:
        """Yield what policies name: at the server, and where that is open, at the client."""
        for server in workloads:
            for port in server.ports:
                for client in self._templates.values():
                    full = f"{client.namespace}/{client.name}"
                    if self._is_named(full, server.name, Point(port.transport, port.number)):
                        yield Flow(client.name, client.namespace, server.name, port)

    def _is_named(self, client: str, server: str, point: Point) -> bool:
        source, target = self._numbers[client], self._numbers[f"{self._namespace}/{server}"]
        network = self._cluster.network
        said = {
            "Ingress": (network.policies(target, "Ingress"), network.rules(target, "Ingress", source, point)),
            "Egress": (network.policies(source, "Egress"), network.rules(source, "Egress", target, point)),
        }
        closed = {direction: bool(policies) for direction, (policies, _) in said.items()}
        named = {
            "Ingress": self._names(said["Ingress"][1], source),
            "Egress": self._names(said["Egress"][1], target),
        }
        if source == target or not any(closed.values()):
            return False
        return all(named[direction] or not closed[direction] for direction in said) and any(named.values())

    def _names(self, rules: Iterator[tuple[NetworkPolicy, NetworkRule]], other: int) -> bool:
        """Tell whether a rule means *other* by its labels; an address or an open door means nobody in particular."""
        return any(
            not peer.cidr and self._cluster.universe.peer(peer, policy.namespace).sure >> other & 1
            for policy, rule in rules
            for peer in rule.peers or ()
        )

    def _gateways(self, server: str, ports: Sequence[Port]) -> Iterator[tuple[str, Port]]:
        target = self._numbers[f"{self._namespace}/{server}"]
        for number, one in enumerate(self._endpoints):
            for port in ports if one.name.startswith(_GATEWAY) else ():
                point = Point(port.transport, port.number)
                if self._names(self._cluster.network.rules(target, "Ingress", number, point), number):
                    yield one.name.removeprefix(_GATEWAY), port

    def _unnamed(self) -> Iterator[tuple[Place, str]]:
        """Yield what policies let through that is no workload here: nobody can say what it is meant for."""
        for policy in self._cluster.bundle.network_policies:
            if policy.namespace != self._namespace:
                continue
            for direction, rule in [
                *(("from", one) for one in policy.ingress),
                *(("to", one) for one in policy.egress),
            ]:
                if rule.peers is None:
                    yield rule.place, f"{policy.name} opens {direction} everybody"
                for peer in rule.peers or ():
                    if what := self._what(peer):
                        yield peer.place, f"{policy.name} opens {direction} {what}"

    def _what(self, peer: NetworkPeer) -> str:
        """Return what *peer* is, if it is nothing that a profile already says."""
        if peer.cidr:
            return f"the addresses {peer.cidr}"
        mask = self._cluster.universe.peer(peer, self._namespace).possible
        known = [one for number, one in enumerate(self._endpoints) if mask >> number & 1]
        return "" if known else "pods that are not here"

    def _unused(self) -> Iterator[tuple[Place, str]]:
        own = {(one.namespace, one.name) for one in self._own}
        for one in self._cluster.workloads:
            if one.namespace == self._namespace and (one.namespace, one.name) not in own:
                yield one.manifest.place("metadata", "name"), f"{one.name} is no name that a profile can have"
        kinds = {**dict.fromkeys(("Ingress", "VirtualService", "HTTPRoute", "ServiceEntry"), "is not read")}
        for kind, why in kinds.items():
            for manifest in self._cluster.others(kind):
                if manifest.namespace == self._namespace:
                    yield manifest.place(), f"{kind} {manifest.name} {why}: say what it opens with `expose` or `egress`"
        for policy in self._cluster.bundle.authorization_policies:
            if policy.manifest.namespace == self._namespace:
                yield (
                    policy.manifest.place(),
                    f"AuthorizationPolicy {policy.manifest.name} is not read: see the difference",
                )
