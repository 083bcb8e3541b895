"""The intended connections as a table, each with what the proof says of it at every layer."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

from generator.core.places import Place
from generator.environment.model import Environment
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.membership import has_identity
from generator.model.peers import GatewayPeer, NamespacesPeer, Peer, WorkloadPeer, describe
from generator.model.terms import Authorization, Mesh
from generator.verify.proof import Proof

OPEN = "-"
"""A layer that has no say: the server is secured elsewhere, or is not in the mesh."""

_UNPROVEN = "see below"
"""A layer of a bundle that is not proven: what it does stands in the list of disagreements."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One row: who may open which connection, and which layers hold it to exactly that."""

    client: str
    server: str
    ports: str
    requests: str
    network: str
    mesh: str
    place: Place


def connections(intent: Intent, environment: Environment, proof: Proof) -> tuple[Connection, ...]:
    """Return one row per flow of *intent*, sorted as a reader looks for it: by server, then client."""
    rows = [
        Connection(
            client=describe(flow.client),
            server=describe(flow.server),
            ports=_ports(flow),
            requests=_requests(flow),
            network=_network(flow, intent) if proof.holds else _UNPROVEN,
            mesh=_mesh(flow, intent, environment) if proof.holds else _UNPROVEN,
            place=flow.origin.place,
        )
        for flow in intent.flows
    ]
    shown = {astuple(replace(row, place=Place("", 0, 0))): row for row in reversed(rows)}  # two profiles, one row
    return tuple(sorted(shown.values(), key=lambda row: (row.server, row.ports, row.client, row.requests)))


def _ports(flow: Flow) -> str:
    if flow.ports is None:
        return "every port"
    return ", ".join(f"{port.number}{f'-{port.end}' if port.end else ''}/{port.transport}" for port in flow.ports)


def _requests(flow: Flow) -> str:
    if flow.host:
        return flow.host
    if flow.request is None:
        return "with a token" if flow.token else "any"
    request = flow.request
    parts = [", ".join(request.methods), ", ".join(request.hosts), ", ".join(request.paths)]
    parts += [f"{name}: {', '.join(values)}" for name, values in request.headers]
    claims = ", ".join(f"{name} {' or '.join(values)}" for name, values in request.claims)
    token = f"with a token of {claims}" if claims else "with a token"
    return " ".join([*(part for part in parts if part), *([token] if flow.token else [])])


def _network(flow: Flow, intent: Intent) -> str:
    """Return at which ends of the flow a NetworkPolicy of this bundle holds it to what was intended."""
    ends = [word for word, peer in (("egress", flow.client), ("ingress", flow.server)) if _is_secured(peer, intent)]
    return " and ".join(ends) or OPEN


def _is_secured(peer: Peer, intent: Intent) -> bool:
    if isinstance(peer, WorkloadPeer):
        return peer.namespace in intent.namespaces and intent.workloads[peer.key].is_rendered
    if isinstance(peer, NamespacesPeer):
        return any(name in intent.namespaces for name in peer.names)
    return isinstance(peer, GatewayPeer) and any(one.gateway == peer.gateway for one in intent.gateways)


def _mesh(flow: Flow, intent: Intent, environment: Environment) -> str:
    """Return what the server's proxy asks of the caller."""
    if flow.host and isinstance(flow.server, GatewayPeer):
        return "identity"
    authorization = _authorization(flow.server, intent)
    if authorization is None or authorization is Authorization.OFF:
        return OPEN
    if authorization is Authorization.DRY_RUN:
        return "logged only"
    if all(port.transport != "TCP" for port in flow.ports or ()) and flow.ports:
        return OPEN
    if flow.plaintext or not has_identity(flow.client, intent, environment):
        return "plaintext"
    return "identity"


def _authorization(server: Peer, intent: Intent) -> Authorization | None:
    if isinstance(server, WorkloadPeer):
        workload = intent.workloads[server.key]
        namespace = intent.namespaces.get(server.namespace)
        is_ours = namespace is not None and workload.is_rendered and workload.mesh is not Mesh.NONE
        return namespace.authorization if is_ours and namespace else None
    if isinstance(server, NamespacesPeer):
        named = [intent.namespaces[name] for name in server.names if name in intent.namespaces]
        return next((one.authorization for one in named if one.mesh is not Mesh.NONE), None)
    return None
