"""The objects of a bundle, ready to be written: one frozen view per Kubernetes kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from generator.core.frozen import dataclass
from generator.core.places import Json
from generator.model.terms import Origin, Port


class Layer(StrEnum):
    """Which half of the bundle an object belongs to; a folder of its own per namespace."""

    NAMESPACE = "namespace"
    NETWORK = "network"
    MESH = "mesh"


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector; empty selects everything, which only ``Selector()`` written on purpose does."""

    pairs: tuple[tuple[str, str], ...] = ()
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """``matchLabels``, sorted by key."""
        return dict(self.pairs)


def labelled(labels: Mapping[str, str]) -> Selector:
    """Return the selector for *labels*, of which there must be some: none would select everything.

    Raises:
        ValueError: no labels.
    """
    if not labels:
        raise ValueError("a selector without labels would select every pod")
    return Selector(tuple(sorted(labels.items())))


@dataclass(frozen=True, slots=True)
class PeerView:
    """One item of ``from``/``to``: selectors that are both meant (AND), or an address block."""

    comment: str
    namespaces: Selector | None = None
    pods: Selector | None = None
    cidr: str = ""
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """Peers and ports; None for peers is everyone, None for ports every port, both asked for by name."""

    peers: tuple[PeerView, ...] | None
    ports: tuple[Port, ...] | None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class NetworkPolicyView:
    """``spec`` of a NetworkPolicy (networking.k8s.io/v1)."""

    pods: Selector
    types: tuple[str, ...]
    ingress: tuple[NetworkRule, ...] = ()
    egress: tuple[NetworkRule, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizationRule:
    """One rule of an AuthorizationPolicy; without sources it takes any caller."""

    comment: str
    sources: Mapping[str, tuple[str, ...]]
    ports: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    conditions: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What a policy is attached to with ``targetRefs``: a waypoint or a gateway reads it, and nobody else."""

    group: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class AuthorizationPolicyView:
    """``spec`` of an AuthorizationPolicy; ALLOW without rules allows nothing."""

    labels: Mapping[str, str]
    rules: tuple[AuthorizationRule, ...] = ()
    action: str = "ALLOW"
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class PeerAuthenticationView:
    """``spec`` of a PeerAuthentication; ``ports`` are those of the container."""

    mode: str
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TokenRule:
    """One entry of ``jwtRules``."""

    issuer: str
    audiences: tuple[str, ...]
    jwks_uri: str
    jwks: str
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    forward: bool = False


@dataclass(frozen=True, slots=True)
class RequestAuthenticationView:
    """``spec`` of a RequestAuthentication."""

    labels: Mapping[str, str]
    rules: tuple[TokenRule, ...]
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class ServiceEntryView:
    """``spec`` of a ServiceEntry, visible in its own namespace alone: one external host, or bare addresses."""

    host: str
    port: int
    port_name: str
    protocol: str
    target_port: int | None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DestinationRuleView:
    """``spec`` of a DestinationRule that originates TLS to one host; with ``subsets``, under a name (SNI) for each."""

    host: str
    local_port: int
    mode: str
    certificates: Mapping[str, str]
    labels: Mapping[str, str]
    subsets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayView:
    """``spec`` of a Gateway (networking.istio.io): one host, served by the pods with these labels.

    ``mode`` is that of its TLS where no certificate of its own is served.
    """

    labels: Mapping[str, str]
    port: int
    protocol: str
    host: str
    credential: str
    mode: str = ""


@dataclass(frozen=True, slots=True)
class PathMatch:
    """A path of requests: exactly it, or everything that starts with it."""

    path: str
    is_prefix: bool


@dataclass(frozen=True, slots=True)
class VirtualServiceView:
    """``spec`` of a VirtualService for gateways; without matches it takes every path."""

    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    matches: tuple[PathMatch, ...]
    service: str
    port: int


@dataclass(frozen=True, slots=True)
class RelayView:
    """``spec`` of a VirtualService that sends connections for one host, on one port, on to one destination.

    ``protocol`` is the kind of its route: http, tls (told apart by SNI) or tcp.
    """

    host: str
    gateway: str
    protocol: str
    port: int
    destination: str
    destination_port: int
    subset: str = ""


@dataclass(frozen=True, slots=True)
class HttpRouteView:
    """``spec`` of an HTTPRoute attached to one Gateway of the Gateway API; without matches it takes every path."""

    gateway: str
    gateway_namespace: str
    hosts: tuple[str, ...]
    matches: tuple[PathMatch, ...]
    service: str
    port: int


@dataclass(frozen=True, slots=True)
class SidecarView:
    """``spec`` of the one Sidecar of a namespace, or of one workload."""

    hosts: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaypointView:
    """``spec`` of a Gateway (Gateway API) that is a waypoint; ``listeners`` are name, port and protocol."""

    class_name: str
    listeners: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class TelemetryView:
    """``spec`` of the one Telemetry of a namespace, or of the mesh; what is empty is left to Istio."""

    access_log_provider: str
    log_filter: str = ""
    tracing_provider: str = ""
    sampling: float | None = None
    metrics_provider: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RateLimitView:
    """``spec`` of an EnvoyFilter that limits requests on one port; ``interval`` is the time of ``requests``.

    It is for the pods with ``labels``, or for the Gateway that is its ``target``.
    """

    labels: Mapping[str, str]
    context: str
    port: int
    proxy_version: str
    statistic: str
    burst: int
    requests: int
    interval: str
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class QuotaView:
    """``spec`` of a ResourceQuota."""

    hard: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LimitRangeView:
    """The container limits of a LimitRange."""

    limits: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class AuditView:
    """``spec`` of a CronJob that lists ``kinds`` and checks them."""

    schedule: str
    image: str
    account: str
    kinds: tuple[str, ...]
    fail_on: str


@dataclass(frozen=True, slots=True)
class ClusterRoleView:
    """The rules of a ClusterRole: resources by API group, all with the same verbs."""

    resources: tuple[tuple[str, tuple[str, ...]], ...]
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterRoleBindingView:
    """Which ServiceAccount gets the ClusterRole."""

    role: str
    namespace: str
    account: str


@dataclass(frozen=True, slots=True)
class KustomizationView:
    """A kustomization: nothing but its resources."""

    resources: tuple[str, ...]


View = (
    NetworkPolicyView
    | AuthorizationPolicyView
    | PeerAuthenticationView
    | RequestAuthenticationView
    | ServiceEntryView
    | DestinationRuleView
    | GatewayView
    | VirtualServiceView
    | RelayView
    | HttpRouteView
    | SidecarView
    | WaypointView
    | TelemetryView
    | RateLimitView
    | QuotaView
    | LimitRangeView
    | AuditView
    | ClusterRoleView
    | ClusterRoleBindingView
    | KustomizationView
    | None
)


CLUSTER_SCOPED = frozenset({"Namespace", "ClusterRole", "ClusterRoleBinding"})
"""Kinds without a namespace of their own; ``Resource.namespace`` says in whose folder they are written."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One object: what it is, what it is for, and which profiles asked for it.

    ``annotations`` are those with a meaning for the mesh; provenance is added when written.
    """

    kind: str
    api_version: str
    name: str
    namespace: str
    layer: Layer
    spec: View
    purpose: str
    origins: tuple[Origin, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_cluster_scoped(self) -> bool:
        """Whether the object has no namespace."""
        return self.kind in CLUSTER_SCOPED


def network_policy(
    namespace: str, name: str, spec: NetworkPolicyView, purpose: str, origins: tuple[Origin, ...]
) -> Resource:
    """Return a NetworkPolicy."""
    return Resource("NetworkPolicy", "networking.k8s.io/v1", name, namespace, Layer.NETWORK, spec, purpose, origins)


def mesh_object(
    kind: str,
    namespace: str,
    name: str,
    spec: View,
    purpose: str,
    origins: tuple[Origin, ...],
    *,
    dry_run: bool = False,
) -> Resource:
    """Return an object of the mesh layer; *dry_run* makes an AuthorizationPolicy log and not decide."""
    networking = ("Sidecar", "ServiceEntry", "DestinationRule", "Gateway", "VirtualService", "EnvoyFilter")
    group = dict.fromkeys(networking, "networking") | {"Telemetry": "telemetry"}
    version = "v1alpha3" if kind == "EnvoyFilter" else "v1"
    api_version = f"{group.get(kind, 'security')}.istio.io/{version}"
    if kind == "HTTPRoute":
        api_version = "gateway.networking.k8s.io/v1"
    annotations = {"istio.io/dry-run": "true"} if dry_run else {}
    return Resource(kind, api_version, name, namespace, Layer.MESH, spec, purpose, origins, annotations=annotations)
