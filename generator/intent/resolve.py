"""Flows as written become flows between known peers on numbered ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.core.findings import Finding
from generator.core.names import suggestion
from generator.core.places import Place
from generator.environment.model import Environment
from generator.intent.clusters import Members
from generator.intent.declarations import Declarations, FlowDeclaration
from generator.intent.written import ClusterWorkload, SecuredNamespaces, ServicePeer, WrittenPeer, ZonePeer
from generator.model.flows import Flow
from generator.model.peers import (
    ApiServerPeer,
    CloudCredentialsPeer,
    GatewayPeer,
    NamespacesPeer,
    Peer,
    RemotePeer,
    WorkloadPeer,
)
from generator.model.terms import Port
from generator.model.workloads import Workload, WorkloadKey


class _Unresolved(Exception):
    is_absence = False

    def __init__(self, code: str, message: str, place: Place, fix: str) -> None:
        self.finding = Finding(code, message, place, fix, is_absence=self.is_absence)
        super().__init__(message)


class _Missing(_Unresolved):
    """Nobody declares what a flow speaks of, among those who could be read."""

    is_absence = True


class FlowResolver:
    """Resolves the flows of all profiles of a run.

    Mistakes collect in ``findings``, the profiles that made them in ``unresolved``.
    """

    def __init__(
        self,
        declared: Sequence[Declarations],
        workloads: Mapping[WorkloadKey, Workload],
        members: Members,
        environment: Environment,
    ) -> None:
        """Know the workloads by key, by the profile that declares them, in other clusters, and the gateways."""
        self._workloads = workloads
        self._members = members
        self._environment = environment
        self._by_profile: dict[str, list[WorkloadKey]] = {one.origin.profile: [] for one in declared}
        for one in declared:
            own = [item.key for item in one.workloads if item.fields.get("rendered", True)]
            self._by_profile[one.origin.profile] += own
        for key, known in members.spread.items():
            if not known.is_here:
                self._by_profile[known.profile].append(key)
        self._zones: dict[str, set[str]] = {}
        for item in (item for one in declared for item in one.namespaces if "zone" in item.fields):
            self._zones.setdefault(item.fields["zone"], set()).add(item.key[0])
        self._namespaces = {
            one.origin.profile: tuple(sorted({item.key[0] for item in one.namespaces})) for one in declared
        }
        self.findings: list[Finding] = []
        self.unresolved: set[str] = set()

    def resolve(self, written: FlowDeclaration) -> list[Flow]:
        """Return the flow, once for each pair of clusters that it joins; none after noting why it cannot be resolved.

        What passes between two other clusters is their business.
        """
        known = len(self.findings)
        flows = self._resolved(written)
        if len(self.findings) > known:
            self.unresolved.add(written.origin.profile)
        return flows

    def _resolved(self, written: FlowDeclaration) -> list[Flow]:
        clients = self._found_peers(written.client, written.client_place)
        servers = self._found_peers(written.server, written.server_place)
        try:
            return [
                self._flow(written, client, server)
                for client in clients
                for server in servers
                if _is_ours(client, server, written)
            ]
        except _Unresolved as error:
            self.findings.append(error.finding)
            return []

    def _flow(self, written: FlowDeclaration, client: Peer, server: Peer) -> Flow:
        return Flow(
            client=client,
            server=server,
            ports=self._ports(written, server),
            origin=written.origin,
            purpose=written.purpose,
            request=written.request,
            plaintext=written.plaintext,
            token=written.token,
            tolerated=written.tolerated,
            route=written.route,
            host=written.host,
            request_place=written.request_place,
        )

    def check_gateways(self, asked: Iterable[tuple[str, Place]]) -> list[Finding]:
        """Return a finding for each gateway that the environment does not name."""
        findings = []
        for name, place in asked:
            gateways = self._environment.gateways
            if gateways is None:
                message = f"the environment {self._environment.name!r} does not say which gateways there are"
                fix = "choose an environment that does (`meshgen env`), or write its gateways into a file of your own"
                findings.append(Finding("MG029", message, place, fix))
            elif name not in gateways:
                message = f"the environment {self._environment.name!r} has no gateway {name!r}"
                findings.append(Finding("MG023", message, place, suggestion(name, gateways)))
        return findings

    def _found_peers(self, written: WrittenPeer, place: Place) -> list[Peer]:
        """Return whom *written* means: a workload of several clusters is a peer in each of them."""
        try:
            if isinstance(written, ClusterWorkload):
                return [self._remote(written)]
            peer = self._peer(written, place)
        except _Unresolved as error:
            self.findings.append(error.finding)
            return []
        if isinstance(peer, WorkloadPeer) and (known := self._members.spread.get(peer.key)):
            elsewhere = [self._members.remotes[key].peer for key in known.elsewhere if key in self._members.remotes]
            return [*([peer] if known.is_here else []), *elsewhere]
        return [peer]

    def _remote(self, written: ClusterWorkload) -> Peer:
        key = (written.cluster, written.namespace, written.workload)
        if key not in self._members.remotes:
            known = [name for cluster, namespace, name in self._members.remotes if (cluster, namespace) == key[:2]]
            message = f"no profile of this run declares {written.namespace}/{written.workload} in {written.cluster!r}"
            raise _Missing("MG020", message, written.cluster_place, suggestion(written.workload, known))
        return self._members.remotes[key].peer

    def _peer(self, peer: Peer | ServicePeer | SecuredNamespaces | ZonePeer, place: Place) -> Peer:
        if isinstance(peer, ServicePeer):
            return self._service(peer) if peer.service else self._whole_profile(peer)
        if isinstance(peer, SecuredNamespaces):
            return self._secured(peer)
        if isinstance(peer, ZonePeer):
            return self._zone(peer)
        if isinstance(peer, GatewayPeer):
            for missing in self.check_gateways([(peer.gateway, place)]):
                raise _Unresolved(missing.code, missing.message, place, missing.fix)
        is_known = isinstance(peer, WorkloadPeer) and (peer.key in self._workloads or peer.key in self._members.spread)
        if isinstance(peer, WorkloadPeer) and not is_known:
            here = [name for namespace, name in self._workloads if namespace == peer.namespace]
            message = f"there is no workload {peer.workload!r} in the namespace {peer.namespace!r}"
            raise _Missing("MG020", message, place, suggestion(peer.workload, here))
        return peer

    def _secured(self, written: SecuredNamespaces) -> Peer:
        known = {name for names in self._namespaces.values() for name in names}
        for name, place in written.places:
            if name not in known:
                message = f"no profile of this run declares the namespace {name!r}"
                raise _Missing("MG021", message, place, suggestion(name, known))
        return written.peer

    def _zone(self, peer: ZonePeer) -> Peer:
        if peer.zone not in self._zones:
            message = f"no namespace of this run lies in {peer.zone!r}"
            raise _Missing("MG021", message, peer.place, suggestion(peer.zone, self._zones))
        return NamespacesPeer(tuple(sorted(self._zones[peer.zone])))

    def _whole_profile(self, peer: ServicePeer) -> Peer:
        self._check_profile(peer)
        names = self._namespaces[peer.profile]
        if not names:
            message = f"the profile {peer.profile!r} declares no namespace"
            raise _Missing("MG021", message, peer.profile_place, "name a workload and its namespace instead")
        return NamespacesPeer(names)

    def _check_profile(self, peer: ServicePeer) -> None:
        if peer.profile not in self._by_profile:
            fix = suggestion(peer.profile, self._by_profile, "render its file in the same run")
            raise _Missing("MG020", f"no profile of this run is named {peer.profile!r}", peer.profile_place, fix)

    def _service(self, peer: ServicePeer) -> Peer:
        self._check_profile(peer)
        keys = self._by_profile[peer.profile]
        matching = [key for key in keys if key[1] == peer.service]
        if not matching:
            message = f"the profile {peer.profile!r} has no workload {peer.service!r}"
            names = [name for _, name in keys]
            raise _Missing("MG020", message, peer.service_place, suggestion(peer.service, names))
        return WorkloadPeer(*matching[0])

    def _ports(self, written: FlowDeclaration, server: Peer) -> tuple[Port, ...] | None:
        """Return the numbered ports, or None where the flow asks for every port."""
        if isinstance(server, ApiServerPeer) and not written.ports_given:
            return self._api_server_ports(written)
        if isinstance(server, CloudCredentialsPeer):
            return self._credentials_ports(written)
        own = self._ports_of(server)
        if written.ports is None:
            return None if written.ports_given else _only_port(written, own)
        found = [_port(port, own, server, written.ports_place) for port in written.ports]
        return tuple(sorted(found, key=lambda port: (port.transport, port.number)))

    def _ports_of(self, server: Peer) -> tuple[Port, ...]:
        if isinstance(server, RemotePeer):
            return self._members.remotes[server.cluster, server.namespace, server.workload].ports
        return self._workloads[server.key].ports if isinstance(server, WorkloadPeer) else ()

    def _api_server_ports(self, written: FlowDeclaration) -> tuple[Port, ...]:
        ports = self._environment.addresses.api_server_ports
        if ports is None:
            message = f"the environment {self._environment.name!r} does not say addresses.apiServerPorts"
            fix = "write addresses.apiServer and addresses.apiServerPorts into an environment file of your own"
            raise _Unresolved("MG029", message, written.server_place, fix)
        return tuple(Port(number, "tcp") for number in ports)

    def _credentials_ports(self, written: FlowDeclaration) -> tuple[Port, ...]:
        """Return where the cloud hands out credentials; unknown, or nowhere, is MG029."""
        name, found = self._environment.name, self._environment.cloud_credentials
        if found is not None:
            return tuple(Port(number, "tcp") for number in found.ports)
        message = f"the environment {name!r} does not say cloudCredentials: where pods fetch them"
        fix = "write cloudCredentials with addresses and ports into an environment file of your own"
        if self._environment.has_cloud_credentials is False:
            message = f"the environment {name!r} says that no cloud hands out credentials there"
            fix = "drop cloudCredentials from `needs`, or choose the environment of the cloud"
        raise _Unresolved("MG029", message, written.server_place, fix)


def _is_ours(client: Peer, server: Peer, written: FlowDeclaration) -> bool:
    """Tell whether a connection has an end in this cluster; a gateway's, or Prometheus', stays within its own."""
    if isinstance(client, RemotePeer) and isinstance(server, RemotePeer):
        return False
    if isinstance(written.client, ClusterWorkload) or isinstance(written.server, ClusterWorkload):
        return True
    ends = (client, server)
    is_crossing = any(isinstance(one, RemotePeer) for one in ends)
    return not is_crossing or all(isinstance(one, WorkloadPeer | NamespacesPeer | RemotePeer) for one in ends)


def _only_port(written: FlowDeclaration, own: tuple[Port, ...]) -> tuple[Port, ...]:
    if len(own) == 1:
        return own
    listed = ", ".join(port.name or str(port.number) for port in own)
    if own:
        raise _Unresolved(
            "MG024", "the flow does not say which port", written.server_place, f"add port: one of {listed}"
        )
    fix = "declare the port it listens on"
    raise _Missing("MG024", "the server of the flow has no port", written.server_place, fix)


def _port(wanted: int | str | Port, own: tuple[Port, ...], server: Peer, place: Place) -> Port:
    if isinstance(wanted, Port):
        return next((known for known in own if known.number == wanted.number), wanted)
    for known in own:
        if wanted in (known.number, known.name):
            return known
    fix = suggestion(str(wanted), [port.name or str(port.number) for port in own])
    raise _Missing("MG024", f"{_who(server)} has no port {wanted!r}", place, fix)


def _who(peer: Peer) -> str:
    if isinstance(peer, WorkloadPeer | RemotePeer):
        return f"the workload {peer.workload!r}"
    if isinstance(peer, NamespacesPeer):
        return f"the server {', '.join(peer.names)}"
    return "the server of the flow"
