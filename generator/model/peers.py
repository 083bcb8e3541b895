"""What can be said of a peer: in words, and whether it has an identity."""

from __future__ import annotations

from generator.environment.model import Environment
from generator.model.intent import GatewayPeer, Intent, NamespacesPeer, Peer, PrometheusPeer, WorkloadPeer
from generator.model.terms import Mesh


def describe(peer: Peer) -> str:
    """Return the peer in words, as comments and messages name it."""
    if isinstance(peer, WorkloadPeer):
        return f"{peer.namespace}/{peer.workload}"
    if isinstance(peer, NamespacesPeer):
        by_label = ", ".join(f"{key}={value}" for key, value in peer.labels)
        return f"every pod of {', '.join(peer.names)}" + (f" (namespaces with {by_label})" if by_label else "")
    if isinstance(peer, GatewayPeer):
        return f"the gateway {peer.gateway}"
    words = {"PrometheusPeer": "Prometheus", "ApiServerPeer": "the Kubernetes API server", "AnyonePeer": "anyone"}
    words["CloudCredentialsPeer"] = "the cloud's credentials"
    return words.get(type(peer).__name__, "an address outside the cluster")


def has_identity(peer: Peer, intent: Intent, environment: Environment) -> bool:
    """Tell whether the peer's connections carry a mesh identity (a SPIFFE certificate)."""
    if isinstance(peer, WorkloadPeer):
        return intent.workloads[peer.namespace, peer.workload].mesh is Mesh.SIDECAR
    if isinstance(peer, NamespacesPeer):
        return all(_namespace_mesh(name, intent, environment) is Mesh.SIDECAR for name in peer.names)
    if isinstance(peer, PrometheusPeer):
        return environment.prometheus is not None and environment.prometheus.in_mesh
    return isinstance(peer, GatewayPeer)


def _namespace_mesh(name: str, intent: Intent, environment: Environment) -> Mesh:
    if name in intent.namespaces:
        return intent.namespaces[name].mesh
    return Mesh.NONE if environment.mesh_namespaces.get(name) == Mesh.NONE else Mesh.SIDECAR
