"""How connections of a flow travel: on the ports it names, in HBONE, or through a waypoint.

Members of the mesh reach an ambient server in HBONE (15008), whatever port they mean, and
ambient clients a sidecar too. Behind a waypoint, ambient clients and gateways reach the
waypoint first, and it the server; sidecars pass it by. Sources: istio 1.30.3
pilot/pkg/features/ambient.go, istio/istio#51445, istio.io ambient/usage/networkpolicy.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

from generator.core.frozen import dataclass
from generator.environment.model import Environment
from generator.model.intent import Flow, GatewayPeer, Intent, NamespacesPeer, Peer, Waypoint, WorkloadPeer
from generator.model.peers import modes
from generator.model.terms import Mesh, Port

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


def stretches(flow: Flow, intent: Intent, environment: Environment) -> tuple[Stretch, ...]:
    """Return every stretch on which NetworkPolicies must let *flow* pass, each once."""
    return tuple(dict.fromkeys(_stretches(flow, intent, environment)))


def _stretches(flow: Flow, intent: Intent, environment: Environment) -> Iterator[Stretch]:
    found: set[Way] = set()
    for server in modes(flow.server, intent, environment):
        for waypoint in waypoints_before(flow.server, intent):
            taken = ways(flow, server, waypoint, intent, environment)
            found |= taken
            if waypoint is not None and Way.WAYPOINT in taken:
                yield Stretch(flow.client, waypoint, _HBONE)
                yield Stretch(waypoint, flow.server, _HBONE)
    if Way.PLAIN in found:
        yield Stretch(flow.client, flow.server, flow.ports)
    datagrams = _DATAGRAMS if flow.ports is None else tuple(one for one in flow.ports if one.transport != "TCP")
    ports = (*(_HBONE if Way.TUNNEL in found else ()), *datagrams)
    if ports and found - {Way.PLAIN}:
        yield Stretch(flow.client, flow.server, ports)


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
