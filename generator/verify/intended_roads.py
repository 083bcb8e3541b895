"""How the intent's connections shall travel: which of them in HBONE, and which through a waypoint.

Written apart from `generator.plan` on purpose. What is said here is said pair by pair: a
client of one mode, a server of another, and whether a waypoint stands before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.core.frozen import dataclass
from generator.model.flows import Flow
from generator.model.peers import (
    AnyonePeer,
    GatewayPeer,
    NamespacesPeer,
    Peer,
    PrometheusPeer,
    RemotePeer,
    WorkloadPeer,
)
from generator.model.terms import Authorization, Mesh
from generator.model.workloads import Waypoint
from generator.topology import HBONE, Point
from generator.verify.meaning import Meaning, is_at


@dataclass(frozen=True, slots=True)
class Leg:
    """Connections on the network from some endpoints to others; a waypoint is nobody's peer but stands at an end."""

    clients: int
    servers: int
    is_open: Callable[[Point], bool]
    client: Peer | Waypoint
    server: Peer | Waypoint


class IntendedRoads:
    """Where the connections of each flow pass."""

    def __init__(self, meaning: Meaning) -> None:
        """Ask *meaning* for what words stand for."""
        self._meaning = meaning

    def legs(self) -> Iterator[Leg]:
        """Yield every stretch on which NetworkPolicies shall let a flow pass."""
        for flow, clients, servers in self._meaning.ends:
            yield from self._legs(flow, clients, servers)

    def _legs(self, flow: Flow, clients: int, servers: int) -> Iterator[Leg]:
        if isinstance(flow.server, RemotePeer) and not self._meaning.is_on_our_network(flow.server):
            door = (self._meaning.environment.clusters or {})[flow.server.cluster].door
            there = Point("TCP", door.port) if door else None
            yield Leg(clients, servers, lambda point: point == there, flow.client, flow.server)
            return
        pairs = [(one, other) for one in self._modes(flow.client) for other in self._modes(flow.server)]
        tunnelled = [pair for pair in pairs if self._is_tunnelled(flow, *pair)]
        if len(tunnelled) < len(pairs) or self._is_still_plain(flow):
            yield Leg(clients, servers, lambda point: is_at(flow, point), flow.client, flow.server)
        elif tunnelled:
            yield Leg(clients, servers, lambda point: _is_datagram(flow, point), flow.client, flow.server)
        if not _has_tcp(flow):
            return
        waypoints = self.waypoints_before(flow)
        for waypoint in waypoints if self.takes_waypoint(flow) else []:
            pods = self._meaning.waypoint(waypoint)
            yield Leg(clients, pods, _is_hbone, flow.client, waypoint)
            yield Leg(pods, servers, _is_hbone, waypoint, flow.server)
        if any(self._is_straight(flow, *pair) for pair in tunnelled):
            yield Leg(clients, servers, _is_hbone, flow.client, flow.server)

    def _is_tunnelled(self, flow: Flow, client: Mesh, server: Mesh) -> bool:
        if not isinstance(flow.server, WorkloadPeer | NamespacesPeer) or Mesh.NONE in (client, server):
            return False
        return Mesh.AMBIENT in (client, server)

    def _is_still_plain(self, flow: Flow) -> bool:
        """Tell whether the servers are being moved: whoever may call them may do so in plaintext until that is done."""
        names = {flow.server.namespace} if isinstance(flow.server, WorkloadPeer) else getattr(flow.server, "names", ())
        known = self._meaning.intent.namespaces
        return any(known[one].authorization is not Authorization.ENFORCED for one in names if one in known)

    def _is_straight(self, flow: Flow, client: Mesh, server: Mesh) -> bool:
        """Tell whether such clients reach such servers in HBONE without a waypoint in between."""
        if server is not Mesh.AMBIENT or isinstance(flow.server, NamespacesPeer) or not self.waypoints_before(flow):
            return True
        return client is Mesh.SIDECAR and not isinstance(flow.client, GatewayPeer)

    def comes_straight(self, flow: Flow) -> bool:
        """Tell whether some client of *flow* shall be let in by the proxy of an ambient server itself."""
        if not self.waypoints_before(flow) or isinstance(flow.server, NamespacesPeer):
            return True
        return not isinstance(flow.client, GatewayPeer) and bool(self._modes(flow.client) - {Mesh.AMBIENT})

    def takes_waypoint(self, flow: Flow) -> bool:
        """Tell whether some client of *flow* shall come through a waypoint, where there is one."""
        is_ambient = Mesh.AMBIENT in self._modes(flow.client) or isinstance(flow.client, GatewayPeer)
        return is_ambient and bool(self.waypoints_before(flow)) and Mesh.AMBIENT in self._modes(flow.server)

    def waypoints_before(self, flow: Flow) -> list[Waypoint]:
        """Return the waypoints of the flow's servers."""
        server, intent = flow.server, self._meaning.intent
        if isinstance(server, WorkloadPeer):
            own = intent.workloads[server.key].waypoint
            return [own] if own else []
        names = server.names if isinstance(server, NamespacesPeer) else ()
        return [own for name in names if name in intent.namespaces and (own := intent.namespaces[name].waypoint)]

    def _modes(self, peer: Peer) -> set[Mesh]:
        """Return how the pods that a peer means are said to take part in the mesh."""
        intent, environment = self._meaning.intent, self._meaning.environment
        if isinstance(peer, WorkloadPeer):
            return {intent.workloads[peer.key].mesh or Mesh.NONE}
        if isinstance(peer, RemotePeer):
            return {peer.mesh}
        if isinstance(peer, AnyonePeer):
            known = {one.mesh for one in intent.namespaces.values()} | {one.mesh for one in intent.workloads.values()}
            is_ambient = Mesh.AMBIENT in known or "ambient" in environment.mesh_namespaces.values()
            return set(Mesh) if is_ambient else {Mesh.SIDECAR, Mesh.NONE}
        if isinstance(peer, GatewayPeer):
            return {Mesh.SIDECAR}
        if isinstance(peer, PrometheusPeer):
            return {Mesh.SIDECAR if environment.prometheus and environment.prometheus.in_mesh else Mesh.NONE}
        found = set()
        for name in peer.names if isinstance(peer, NamespacesPeer) else ():
            home = intent.namespaces.get(name)
            found.add(home.mesh if home else Mesh(environment.mesh_namespaces.get(name, "sidecar")))
            found |= {one.mesh or Mesh.NONE for one in self._meaning.rendered(home)} if home else set()
        return found or {Mesh.NONE}


def _has_tcp(flow: Flow) -> bool:
    return flow.ports is None or any(port.transport == "TCP" for port in flow.ports)


def _is_datagram(flow: Flow, point: Point) -> bool:
    return point.transport != "TCP" and is_at(flow, point)


def _is_hbone(point: Point) -> bool:
    return point == HBONE
