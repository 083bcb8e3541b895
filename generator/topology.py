"""The universe that intent and manifests both talk about: who could open or accept a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from generator.core.frozen import dataclass

SIDECAR, AMBIENT, OUTSIDE = "sidecar", "ambient", "none"
UNKNOWN = "unknown"
"""How pods take part in the mesh: what stands in ``Endpoint.mesh``."""
IN_MESH = frozenset({SIDECAR, AMBIENT})
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""The label of the pods that istiod makes for a Gateway, waypoints among them."""


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One port of one transport that stands for all that no policy tells apart from it."""

    transport: str
    number: int

    def __str__(self) -> str:
        return f"{self.number}/{self.transport}"


HBONE = Point("TCP", 15008)
"""Where ztunnel, waypoints and HBONE-capable sidecars take connections to any port of the pod."""
PROBE_SOURCES = {"IPv4": "169.254.7.127", "IPv6": "fd16:9254:7127:1337:ffff:ffff:ffff:ffff"}
"""Where probes of ambient pods come from (istio 1.30.3 cni/pkg/nodeagent/options.go, HOST_PROBE_SNAT_IP)."""


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
class Waypoint:
    """The proxy that calls of a pod's Services come through, and the Services that it serves them for.

    Sidecars never take this way, gateways only with ``takes_gateways`` (the label
    ``istio.io/ingress-use-waypoint``). ``is_sure`` is false where nobody shows the waypoint.
    """

    namespace: str
    name: str
    services: tuple[str, ...]
    takes_gateways: bool = True
    is_sure: bool = True

    @property
    def title(self) -> str:
        """The name of its endpoint."""
        return f"the waypoint {self.namespace}/{self.name}"

    def pods(self, namespace_labels: Mapping[str, str]) -> Endpoint:
        """Return its pods as istiod makes them (istio 1.30.3 files/waypoint.yaml)."""
        labels = {GATEWAY_NAME: self.name, "istio.io/dataplane-mode": "none"}
        ports = (EndpointPort(HBONE.number),)
        return Endpoint(
            self.title, self.namespace, labels, namespace_labels, self.name, SIDECAR, ports, is_waypoint=True
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Pods that every policy treats alike, or an address outside the cluster.

    A pod has a namespace; what has none is known by its ``address``. ``is_node`` marks the
    node that a pod runs on (the kubelet), whose traffic the API exempts from policies;
    ``is_gateway`` a proxy that terminates traffic itself, which PeerAuthentication does not bind,
    ``is_waypoint`` one that decides for the Services behind it and not for itself. With a
    ``waypoint`` the endpoint is dialled by the name of its Service.

    With a ``cluster`` it is a caller in another cluster of the mesh as it arrives in this one:
    from its own address, or from the pods of an east-west gateway, which pass its mutual TLS
    on. ``home`` is then the namespace of its identity.
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
    is_waypoint: bool = False
    waypoint: Waypoint | None = None
    cluster: str = ""
    home: str = ""

    @property
    def is_pod(self) -> bool:
        """Whether policies can select it by labels."""
        return bool(self.namespace)

    @property
    def has_identity(self) -> bool:
        """Whether its connections carry a mesh certificate."""
        return self.mesh in IN_MESH and (self.is_pod or bool(self.home))

    @property
    def identity(self) -> tuple[str, str]:
        """Namespace and ServiceAccount that its certificate names."""
        return (self.home or self.namespace, self.account)

    def takes_waypoint_to(self, server: Endpoint) -> bool:
        """Tell whether its calls of *server*'s Service come through a waypoint: those of ztunnel, and some gateways'.

        Source: istio/istio#51445 (sidecars do not), istio 1.30.3 pilot/pkg/features/ambient.go.
        """
        if server.waypoint is None or self.is_waypoint:
            return False
        return self.mesh == AMBIENT or (self.is_gateway and server.waypoint.takes_gateways)

    def port(self, number: int) -> EndpointPort | None:
        """Return the declared port *number*, if it is declared."""
        return next((port for port in self.ports if port.number == number), None)

    def has_named(self, name: str, point: Point) -> bool:
        """Tell whether *name* is that of the pod's port *point*: names belong to one transport (networking/v1)."""
        wanted = (name, point.number, point.transport)
        return any((port.name, port.number, port.transport) == wanted for port in self.ports)


def is_tunnelled(client: Endpoint, server: Endpoint) -> bool:
    """Tell whether connections of *client* reach *server* in HBONE, whatever port they mean.

    Everybody in the mesh speaks it to an ambient server, an ambient client also to a sidecar;
    sidecars among themselves do not (istio 1.30.3 pilot/pkg/features/ambient.go, PreferHBONESend).
    """
    if not client.has_identity or not server.has_identity or server.is_gateway or server.is_waypoint:
        return False
    return AMBIENT in (client.mesh, server.mesh)
