"""Who can stand at an end of a flow, and how each is called in words."""

from __future__ import annotations

from generator.core.frozen import dataclass
from generator.model.terms import Mesh
from generator.model.workloads import WorkloadKey


@dataclass(frozen=True, slots=True)
class WorkloadPeer:
    """The pods of one workload."""

    namespace: str
    workload: str

    @property
    def key(self) -> WorkloadKey:
        """Namespace and name."""
        return (self.namespace, self.workload)


@dataclass(frozen=True, slots=True)
class RemotePeer:
    """The pods of a workload in another cluster of the mesh.

    No label of theirs can be selected from here: they are known by their identities, and by
    where their connections come from or go to, which the environment says.
    """

    cluster: str
    namespace: str
    workload: str
    service_accounts: tuple[str, ...]
    mesh: Mesh


@dataclass(frozen=True, slots=True)
class NamespacesPeer:
    """Every pod of the named namespaces; with ``labels``, of the namespaces that carry them."""

    names: tuple[str, ...]
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayPeer:
    """The pods of a gateway that the environment names."""

    gateway: str


@dataclass(frozen=True, slots=True)
class PrometheusPeer:
    """The metrics scraper that the environment names."""


@dataclass(frozen=True, slots=True)
class ApiServerPeer:
    """The Kubernetes API server, at the addresses that the environment names."""


@dataclass(frozen=True, slots=True)
class CloudCredentialsPeer:
    """What hands out credentials of the cloud to pods, at the addresses that the environment names."""


@dataclass(frozen=True, slots=True)
class AddressesPeer:
    """Addresses outside the cluster; ``is_public`` stands for all of them but private ranges."""

    cidrs: tuple[str, ...] = ()
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class AnyonePeer:
    """Everybody: asked for by name, never the meaning of an empty list."""


Peer = (
    WorkloadPeer
    | RemotePeer
    | NamespacesPeer
    | GatewayPeer
    | PrometheusPeer
    | ApiServerPeer
    | CloudCredentialsPeer
    | AddressesPeer
    | AnyonePeer
)


def namespaces_of(peer: Peer) -> tuple[str, ...]:
    """Return the namespaces of this cluster that *peer* names; of a gateway, Prometheus or addresses, none."""
    if isinstance(peer, WorkloadPeer):
        return (peer.namespace,)
    return peer.names if isinstance(peer, NamespacesPeer) else ()


def describe(peer: Peer) -> str:
    """Return the peer in words, as comments and messages name it."""
    if isinstance(peer, WorkloadPeer):
        return f"{peer.namespace}/{peer.workload}"
    if isinstance(peer, RemotePeer):
        return f"{peer.namespace}/{peer.workload} in the cluster {peer.cluster}"
    if isinstance(peer, NamespacesPeer):
        by_label = ", ".join(f"{key}={value}" for key, value in peer.labels)
        return f"every pod of {', '.join(peer.names)}" + (f" (namespaces with {by_label})" if by_label else "")
    if isinstance(peer, GatewayPeer):
        return f"the gateway {peer.gateway}"
    words = {"PrometheusPeer": "Prometheus", "ApiServerPeer": "the Kubernetes API server", "AnyonePeer": "anyone"}
    words["CloudCredentialsPeer"] = "the cloud's credentials"
    return words.get(type(peer).__name__, "an address outside the cluster")
