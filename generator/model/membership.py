"""How the pods of a peer take part in the mesh, and whether they have an identity there."""

from __future__ import annotations

from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.model.peers import (
    AnyonePeer,
    GatewayPeer,
    NamespacesPeer,
    Peer,
    PrometheusPeer,
    RemotePeer,
    WorkloadPeer,
)
from generator.model.terms import Mesh


def has_identity(peer: Peer, intent: Intent, environment: Environment) -> bool:
    """Tell whether the peer's connections carry a mesh identity (a SPIFFE certificate)."""
    if isinstance(peer, NamespacesPeer):
        return all(_namespace_mesh(name, intent, environment).is_member for name in peer.names)
    if isinstance(peer, WorkloadPeer | RemotePeer | PrometheusPeer | GatewayPeer):
        return all(one.is_member for one in modes(peer, intent, environment))
    return False


def modes(peer: Peer, intent: Intent, environment: Environment) -> frozenset[Mesh]:
    """Return how the pods that *peer* means take part in the mesh; a gateway speaks as a sidecar does."""
    if isinstance(peer, WorkloadPeer):
        return frozenset({intent.workloads[peer.key].mesh or Mesh.NONE})
    if isinstance(peer, RemotePeer):
        return frozenset({peer.mesh})
    if isinstance(peer, NamespacesPeer):
        own = {_namespace_mesh(name, intent, environment) for name in peer.names}
        listed = {one.mesh or Mesh.NONE for name in peer.names for one in intent.rendered_in(name)}
        return frozenset(own | listed)
    if isinstance(peer, PrometheusPeer):
        in_mesh = environment.prometheus is not None and environment.prometheus.in_mesh
        return frozenset({Mesh.SIDECAR if in_mesh else Mesh.NONE})
    if isinstance(peer, AnyonePeer):
        return frozenset(Mesh) if _has_ambient(intent, environment) else frozenset({Mesh.SIDECAR, Mesh.NONE})
    return frozenset({Mesh.SIDECAR if isinstance(peer, GatewayPeer) else Mesh.NONE})


def _has_ambient(intent: Intent, environment: Environment) -> bool:
    stated = {one.mesh for one in intent.namespaces.values()} | {one.mesh for one in intent.workloads.values()}
    return Mesh.AMBIENT in stated or Mesh.AMBIENT in environment.mesh_namespaces.values()


def _namespace_mesh(name: str, intent: Intent, environment: Environment) -> Mesh:
    if name in intent.namespaces:
        return intent.namespaces[name].mesh
    return Mesh(environment.mesh_namespaces.get(name, Mesh.SIDECAR))
