"""The objects of a bundle, ready to be written: each with its name, its place, its purpose and its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from generator.core.frozen import dataclass
from generator.model.terms import Origin
from generator.plan.views.kubernetes import (
    AuditView,
    ClusterRoleBindingView,
    ClusterRoleView,
    KustomizationView,
    LimitRangeView,
    QuotaView,
)
from generator.plan.views.network_policy import NetworkPolicyView
from generator.plan.views.security import AuthorizationPolicyView, PeerAuthenticationView, RequestAuthenticationView
from generator.plan.views.telemetry import TelemetryView
from generator.plan.views.traffic import (
    DestinationRuleView,
    GatewayView,
    HttpRouteView,
    RateLimitView,
    RelayView,
    ServiceEntryView,
    SidecarView,
    VirtualServiceView,
    WaypointView,
)

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


class Layer(StrEnum):
    """Which half of the bundle an object belongs to; a folder of its own per namespace."""

    NAMESPACE = "namespace"
    NETWORK = "network"
    MESH = "mesh"


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
