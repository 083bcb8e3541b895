"""The universe that intent and manifests both talk about: who could open or accept a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SIDECAR, AMBIENT, OUTSIDE = "sidecar", "ambient", "none"
UNKNOWN = "unknown"
"""How pods take part in the mesh: what stands in ``Endpoint.mesh``."""
IN_MESH = frozenset({SIDECAR, AMBIENT})


@dataclass(frozen=True, slots=True)
class EndpointPort:
    """A port that a pod listens on; ``protocol`` is what it speaks, empty when nobody knows."""

    number: int
    protocol: str = ""
    name: str = ""
    transport: str = "TCP"

    @property
    def is_http(self) -> bool | None:
        """Whether a proxy can read requests there; None when nobody knows."""
        return self.protocol in ("http", "http2", "grpc", "grpc-web") if self.protocol else None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Pods that every policy treats alike, or an address outside the cluster.

    A pod has a namespace; what has none is known by its ``address``. ``is_node`` marks the
    node that a pod runs on (the kubelet), whose traffic the API exempts from policies;
    ``is_gateway`` a proxy that terminates traffic itself, which PeerAuthentication does not bind.
    """

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    account: str = ""
    mesh: str = "none"
    ports: tuple[EndpointPort, ...] = ()
    address: str = ""
    is_node: bool = False
    is_gateway: bool = False

    @property
    def is_pod(self) -> bool:
        """Whether policies can select it by labels."""
        return bool(self.namespace)

    @property
    def has_identity(self) -> bool:
        """Whether its connections carry a mesh certificate."""
        return self.is_pod and self.mesh in IN_MESH

    def port(self, number: int) -> EndpointPort | None:
        """Return the declared port *number*, if it is declared."""
        return next((port for port in self.ports if port.number == number), None)

    def has_named(self, name: str, point: Point) -> bool:
        """Tell whether *name* is that of the pod's port *point*: names belong to one transport (networking/v1)."""
        wanted = (name, point.number, point.transport)
        return any((port.name, port.number, port.transport) == wanted for port in self.ports)


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One port of one transport that stands for all that no policy tells apart from it."""

    transport: str
    number: int

    def __str__(self) -> str:
        return f"{self.number}/{self.transport}"
