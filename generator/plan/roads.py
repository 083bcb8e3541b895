"""How connections of a flow travel: on the ports it names, in HBONE, or through a waypoint.

Members of the mesh reach an ambient server in HBONE (15008), whatever port they mean, and
ambient clients a sidecar too. Behind a waypoint, ambient clients and gateways reach the
waypoint first, and it the server; sidecars pass it by. To another network they go to its
east-west gateway, whatever port they mean. Sources: istio 1.30.3
pilot/pkg/features/ambient.go, istio/istio#51445, istio.io ambient/usage/networkpolicy.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

from generator.core.frozen import dataclass
from generator.environment.model import Environment
from generator.model.crossings import is_flat, other_cluster
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.membership import modes
from generator.model.peers import GatewayPeer, NamespacesPeer, Peer, RemotePeer, WorkloadPeer
from generator.model.terms import Authorization, Isolation, Mesh, Port
from generator.model.workloads import Waypoint

_HBONE = (Port(15008, "tcp"),)
_DATAGRAMS = (Port(1, "sctp", end=65535), Port(1, "udp", end=65535))

End = Peer | Waypoint


class Way(Enum):
    """One way to a server: on its own port, in HBONE, or in HBONE through the waypoint of its Service."""

    PLAIN = auto()
    TUNNEL = auto()
    WAYPOINT = auto()


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of the road: who connects to whom on the network, and on which ports (None: every port)."""

    client: End
    server: End
    ports: tuple[Port, ...] | None


def ways(flow: Flow, server: Mesh, waypoint: Waypoint | None, intent: Intent, environment: Environment) -> set[Way]:
    """Return the ways on which clients of *flow* come to those of its servers that are of this mode.

    Of a whole namespace nobody knows which of its pods are dialled by the name of a Service,
    so there ambient clients come both ways.
    """
    if not isinstance(flow.server, WorkloadPeer | NamespacesPeer) or not _has_tcp(flow):
        return {Way.PLAIN}
    found: set[Way] = set()
    for client in modes(flow.client, intent, environment):
        takes_waypoint = client is Mesh.AMBIENT or isinstance(flow.client, GatewayPeer)
        if not (client.is_member and server.is_member and Mesh.AMBIENT in (client, server)):
            found.add(Way.PLAIN)
        elif waypoint is None or server is not Mesh.AMBIENT or not takes_waypoint:
            found.add(Way.TUNNEL)
        else:
            found |= {Way.WAYPOINT, Way.TUNNEL} if isinstance(flow.server, NamespacesPeer) else {Way.WAYPOINT}
    return found


def _is_moving(server: Peer, intent: Intent) -> bool:
    """Tell whether a namespace of *server* is on its way into the mesh: no rule of identity decides there yet.

    Until all pods are enrolled their callers come in plaintext too, and the network must not cut them.
    """
    if not isinstance(server, WorkloadPeer | NamespacesPeer):
        return False
    names = (server.namespace,) if isinstance(server, WorkloadPeer) else server.names
    homes = [intent.namespaces[name] for name in names if name in intent.namespaces]
    return any(one.authorization is not Authorization.ENFORCED for one in homes)


def stretches(flow: Flow, intent: Intent, environment: Environment) -> tuple[Stretch, ...]:
    """Return every stretch on which NetworkPolicies must let *flow* pass, each once."""
    return tuple(dict.fromkeys(_stretches(flow, intent, environment)))


def _stretches(flow: Flow, intent: Intent, environment: Environment) -> Iterator[Stretch]:
    if isinstance(flow.server, RemotePeer) and (ports := _ports_between_networks(flow.server, environment)):
        yield Stretch(flow.client, flow.server, ports)
        return
    found: set[Way] = set()
    for server in modes(flow.server, intent, environment):
        for waypoint in waypoints_before(flow.server, intent):
            taken = ways(flow, server, waypoint, intent, environment)
            found |= taken
            if waypoint is not None and Way.WAYPOINT in taken:
                if not (Way.TUNNEL in taken and _is_one_of(waypoint, flow.server, intent)):
                    yield Stretch(flow.client, waypoint, _HBONE)
                if not (Way.TUNNEL in taken and _is_one_of(waypoint, flow.client, intent)):
                    yield Stretch(waypoint, flow.server, _HBONE)
    if Way.PLAIN in found or (_has_tcp(flow) and _is_moving(flow.server, intent)):
        yield Stretch(flow.client, flow.server, flow.ports)
    datagrams = _DATAGRAMS if flow.ports is None else tuple(one for one in flow.ports if one.transport != "TCP")
    ports = (*(_HBONE if Way.TUNNEL in found else ()), *datagrams)
    if ports and found - {Way.PLAIN}:
        yield Stretch(flow.client, flow.server, ports)


def _ports_between_networks(server: RemotePeer, environment: Environment) -> tuple[Port, ...]:
    """Return where the east-west gateway before *server* listens; nothing on a shared network."""
    door = other_cluster(server, environment).door
    return () if is_flat(server, environment) or door is None else (Port(door.port, "tcp"),)


def _is_one_of(waypoint: Waypoint, peer: Peer, intent: Intent) -> bool:
    """Tell whether *peer* means the pods of *waypoint* as well, as every pod of a closed namespace."""
    home = intent.namespaces.get(waypoint.namespace)
    is_whole = home is not None and home.isolation is Isolation.NAMESPACE
    return is_whole and isinstance(peer, NamespacesPeer) and waypoint.namespace in peer.names


def waypoints_before(server: Peer, intent: Intent) -> list[Waypoint | None]:
    """Return the waypoints of the workloads and namespaces that *server* means; None for those without."""
    if isinstance(server, WorkloadPeer):
        return [intent.workloads[server.key].waypoint]
    if isinstance(server, NamespacesPeer):
        homes = [intent.namespaces.get(name) for name in server.names]
        return list(dict.fromkeys(home.waypoint if home is not None else None for home in homes))
    return [None]


def _has_tcp(flow: Flow) -> bool:
    return flow.ports is None or any(port.transport == "TCP" for port in flow.ports)
