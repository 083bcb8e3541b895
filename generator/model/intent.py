"""Intent: who may talk to whom, and how it is protected; no word of NetworkPolicy or Istio kinds.

Every profile expands to this model, and every layer is projected from it. A *flow* is the
one source: client, server, ports, and for HTTP the requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum

from generator.core.frozen import dataclass
from generator.core.places import Json, Place
from generator.model.terms import Authorization, Isolation, Mesh, Mtls, Origin, Port
from generator.model.traffic import Traffic

WorkloadKey = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Waypoint:
    """The proxy through which ambient clients, and gateways, call Services; ``created`` by this bundle or there."""

    namespace: str
    name: str
    created: bool = False

    @property
    def title(self) -> str:
        """What comments call it."""
        return f"the waypoint {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Namespace:
    """What a namespace that this bundle secures shall be like.

    ``encrypted`` asks for mutual TLS at both ends of every flow from and to its pods, without exception.
    ``consent`` demands that a flow into it from another profile is declared by its own as well.
    No flow may join namespaces of different ``zone``.
    """

    name: str
    origin: Origin
    mesh: Mesh = Mesh.SIDECAR
    waypoint: Waypoint | None = None
    mtls: Mtls = Mtls.STRICT
    authorization: Authorization = Authorization.ENFORCED
    isolation: Isolation = Isolation.NAMESPACE
    directions: tuple[str, ...] = ("Ingress", "Egress")
    create: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    scrape: bool = True
    registry_only: bool = False
    encrypted: bool = False
    consent: bool = False
    zone: str = ""
    quota: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workload:
    """A set of pods that shares labels and identities.

    ``is_rendered`` is false for the far end of a flow whose own namespace is secured elsewhere.
    ``directions`` are those in which this bundle isolates its pods. With a ``waypoint``, calls of
    its ``service`` come through that; ``is_enrolled`` says that its namespace's label asks for one,
    whether its pods are ambient or not.
    """

    namespace: str
    name: str
    labels: Mapping[str, str]
    service_accounts: tuple[str, ...]
    ports: tuple[Port, ...]
    origin: Origin
    mesh: Mesh | None = None
    is_rendered: bool = True
    create_accounts: bool = False
    directions: tuple[str, ...] = ("Ingress", "Egress")
    service: str = ""
    waypoint: Waypoint | None = None
    is_enrolled: bool = False

    @property
    def key(self) -> WorkloadKey:
        """Namespace and name."""
        return (self.namespace, self.name)

    @property
    def in_mesh(self) -> bool:
        """Whether its pods are in the mesh."""
        return self.mesh is not None and self.mesh.is_member

    def covers(self, other: Workload) -> bool:
        """Tell whether every pod of *other* is one of this workload's too, by its labels."""
        return self.namespace == other.namespace and self.labels.items() <= other.labels.items()


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


@dataclass(frozen=True, slots=True)
class Request:
    """The HTTP requests of a flow; an empty field does not restrict.

    ``claims`` are those of the token that the flow asks for; ``a[b]`` is the claim b within a.
    """

    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    headers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    claims: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """How a gateway sends a flow's requests on: to a port of a Service, over TLS where it has a certificate.

    ``tls`` names the Secret with that certificate, in the namespace of the gateway's pods.
    """

    service: str
    port: int
    tls: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """One permission: this client may open connections to these ports of this server.

    ``ports`` None means every port. ``plaintext`` is the reason why this client may come
    without an identity to a server in the mesh. ``token`` names the issuer whose JWT each
    request must carry. ``tolerated`` says how long the client may still come in plaintext
    while the server's namespace moves into the mesh. ``host`` is that of a service outside, on
    both stretches of its way through an egress gateway.
    """

    client: Peer
    server: Peer
    ports: tuple[Port, ...] | None
    origin: Origin
    purpose: str = ""
    request: Request | None = None
    plaintext: str = ""
    token: str = ""
    tolerated: str = ""
    route: GatewayRoute | None = None
    host: str = ""
    request_place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Who issues the tokens that a workload accepts (RFC 7519 issuer, audience, key set), and where they stand.

    Without audiences any will do. ``forward`` hands the token on to the application.
    """

    name: str
    namespace: str
    workload: str
    issuer: str
    audiences: tuple[str, ...]
    origin: Origin
    jwks_uri: str = ""
    jwks: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    forward: bool = False
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)


class ExternalTls(StrEnum):
    """Who speaks TLS to a service outside: the application, or its proxy for it."""

    APPLICATION = "application"
    ORIGINATE = "originate"
    MUTUAL = "mutual"


@dataclass(frozen=True, slots=True)
class ExternalService:
    """A host outside the cluster, or addresses alone, that workloads of a namespace use.

    ``clients`` names those workloads; without it every workload of the namespace is meant.
    With ``through`` they reach it by that egress gateway of the environment alone.
    """

    name: str
    namespace: str
    host: str
    port: int
    protocol: str
    tls: ExternalTls
    origin: Origin
    addresses: tuple[str, ...] = ()
    local_port: int = 80
    certificates: Mapping[str, str] = field(default_factory=dict)
    clients: tuple[str, ...] = ()
    through: str = ""
    through_place: Place | None = field(default=None, compare=False, repr=False)
    client_places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    def client_place(self, name: str) -> Place:
        """Return where the client *name* stands in the profile, as near as is known."""
        return self.client_places.get(name, self.origin.place)


@dataclass(frozen=True, slots=True)
class GatewayLockdown:
    """A gateway whose own pods are to be closed, except for what it is there for.

    With ``is_routed_only`` its proxy answers requests for the hosts of its flows, and no others.
    """

    gateway: str
    origin: Origin
    sources: tuple[str, ...] = ()
    is_routed_only: bool = False


@dataclass(frozen=True, slots=True)
class MeshWide:
    """What holds for the whole mesh, written once in its root namespace."""

    origin: Origin
    mtls: Mtls = Mtls.STRICT
    deny_by_default: bool = False
    gateways: tuple[str, ...] = ()
    access_logs: bool = True
    gateway_places: tuple[Place, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A weakness that a person accepted, with the reason."""

    caveat: str
    reason: str
    profile: str
    place: Place


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything that one bundle is to allow: resolved, merged over all profiles, in canonical order."""

    namespaces: Mapping[str, Namespace]
    workloads: Mapping[WorkloadKey, Workload]
    flows: tuple[Flow, ...]
    tokens: tuple[TokenIssuer, ...] = ()
    externals: tuple[ExternalService, ...] = ()
    gateways: tuple[GatewayLockdown, ...] = ()
    traffic: Traffic = Traffic()
    mesh_wide: MeshWide | None = None
    acceptances: tuple[Acceptance, ...] = ()
    _rendered: dict[str, list[Workload]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for workload in self.workloads.values():
            if workload.is_rendered:
                self._rendered.setdefault(workload.namespace, []).append(workload)

    def rendered_in(self, namespace: str) -> Sequence[Workload]:
        """Return the workloads of *namespace* that this bundle secures, in order; found without a search."""
        return self._rendered.get(namespace, ())

    @property
    def waypoints(self) -> tuple[Waypoint, ...]:
        """The waypoints whose own pods this bundle secures: those it creates, and those in namespaces it closes."""
        known = [one.waypoint for one in self.namespaces.values()] + [one.waypoint for one in self.workloads.values()]
        found = {}
        for waypoint in known:
            home = self.namespaces.get(waypoint.namespace) if waypoint else None
            if waypoint and home and (waypoint.created or home.isolation is Isolation.NAMESPACE):
                found[waypoint.namespace, waypoint.name] = waypoint
        return tuple(one for _, one in sorted(found.items()))

    def accepts(self, caveat: str, profile: str) -> bool:
        """Tell whether *profile* accepted the weakness *caveat*."""
        return any(one.caveat == caveat and one.profile == profile for one in self.acceptances)
