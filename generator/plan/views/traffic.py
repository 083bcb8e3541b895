"""The content of objects of networking.istio.io and of the Gateway API: where requests and connections go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.plan.views.selection import Target


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
