"""What a render may need to know about a cluster. None always means: unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from generator.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods of the platform: where they run and how they are labelled."""

    namespace: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dns:
    """The cluster's resolvers; ports are those of the *pods* (OpenShift 5353, Gardener 8053).

    What answers on the node itself (NodeLocal DNSCache, Cloud DNS, LocalDNS) is known by its
    addresses, or by its pods where they have a network of their own; its port is always 53.
    """

    pods: Pods
    ports: tuple[int, ...]
    node_local_addresses: tuple[str, ...]
    node_local_pods: Pods | None = None


@dataclass(frozen=True, slots=True)
class GatewayService:
    """How the mesh's own workloads reach a gateway: host and port of its Service, and the pod's port behind it."""

    host: str
    port: int
    target: int


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway; ports are those of its pods, not of its Service.

    ``routes`` is the API that attaches routes to it; ``gateway`` names its object of the Gateway API.
    ``service`` is known of egress gateways, which workloads of the mesh dial.
    """

    name: str
    install: str
    pods: Pods
    service_account: str
    ports: tuple[int, ...]
    health_port: int | None
    role: str = "ingress"
    routes: str = "istio"
    gateway: str = ""
    service: GatewayService | None = None


@dataclass(frozen=True, slots=True)
class Prometheus:
    """The metrics scraper, and whether it has a mesh identity."""

    pods: Pods
    service_account: str
    in_mesh: bool


@dataclass(frozen=True, slots=True)
class Istio:
    """The mesh: version, control plane, and how identities are spelled.

    ``ambient_dry_run`` says that istiod sends dry runs to ztunnel, and that every ztunnel only logs them.
    """

    version: tuple[int, ...] | None
    root_namespace: str
    control_plane: Pods
    revision: str
    trust_domain: str | None
    trust_domain_aliases: tuple[str, ...]
    ambient_dry_run: bool | None = None


@dataclass(frozen=True, slots=True)
class Cni:
    """The network plugin and its quirks (reference cases A13 to A24, B10)."""

    name: str | None
    policy_point: str | None
    ip_block_matches_pods: bool | None
    kubelet_exempt: bool | None
    match_expressions: bool


@dataclass(frozen=True, slots=True)
class Addresses:
    """Address ranges of the cluster, in canonical CIDR notation."""

    pods: tuple[str, ...] | None
    nodes: tuple[str, ...] | None
    services: tuple[str, ...] | None
    metadata: tuple[str, ...]
    api_server: tuple[str, ...] | None
    api_server_ports: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class CloudCredentials:
    """Where pods fetch credentials of their cloud, as a policy sees it."""

    addresses: tuple[str, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """How a client's address reaches the gateways."""

    external_traffic_policy: str | None
    trusted_proxies: int | None
    proxy_protocol: bool | None


@dataclass(frozen=True, slots=True)
class OwnCluster:
    """The name of this cluster in the mesh, and the network that its pods are in."""

    name: str | None
    network: str | None


@dataclass(frozen=True, slots=True)
class EastWestDoor:
    """Another cluster's east-west gateway as pods of this cluster dial it: CIDRs, and the port for mutual TLS."""

    addresses: tuple[str, ...]
    port: int


@dataclass(frozen=True, slots=True)
class OtherCluster:
    """Another cluster of the mesh, as far as this one must know it.

    ``pods`` are its pod ranges, which count on a shared network; ``door`` is for other networks.
    """

    name: str
    network: str | None
    trust_domain: str | None
    pods: tuple[str, ...] | None
    door: EastWestDoor | None


@dataclass(frozen=True, slots=True)
class Environment:
    """One cluster, as far as it is known."""

    name: str
    kubernetes_version: tuple[int, ...] | None
    cni: Cni
    dns: Dns
    addresses: Addresses
    ip_families: tuple[str, ...]
    istio: Istio
    mesh_namespaces: Mapping[str, str] = field(default_factory=dict)
    gateways: Mapping[str, Gateway] | None = None
    prometheus: Prometheus | None = None
    has_prometheus: bool | None = None
    cloud_credentials: CloudCredentials | None = None
    has_cloud_credentials: bool | None = None
    load_balancer: LoadBalancer = LoadBalancer(None, None, None)
    cluster: OwnCluster = OwnCluster(None, None)
    clusters: Mapping[str, OtherCluster] | None = None
