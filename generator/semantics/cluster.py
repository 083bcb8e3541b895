"""A cluster as far as a set of manifests shows it: workloads, Services, and what policies decide between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from generator.core.places import Document
from generator.environment.model import Environment, Pods
from generator.manifests.bundle import Bundle, bundle_of
from generator.manifests.objects import Manifest, manifests, texts
from generator.manifests.workloads import (
    WORKLOAD_KINDS,
    Service,
    ServicePort,
    WorkloadTemplate,
    read_service,
    read_workload,
)
from generator.semantics.admission import Admission
from generator.semantics.authorization import Authorization
from generator.semantics.exits import Exits
from generator.semantics.identified import IdentifiedAccess
from generator.semantics.membership import mesh_mode
from generator.semantics.mtls import MutualTls
from generator.semantics.network import NetworkReach, points_of
from generator.semantics.protocols import application_protocol
from generator.semantics.proxies import PROXY, containers, is_gateway
from generator.semantics.trial import Identities
from generator.semantics.universe import Facts, Universe
from generator.semantics.waypoints import is_waypoint, waypoint_of
from generator.topology import AMBIENT, GATEWAY_NAME, SIDECAR, UNKNOWN, Endpoint, EndpointPort, Point, Waypoint

NAMESPACE_NAME = "kubernetes.io/metadata.name"
_BUILT_IN = frozenset({"", "apps", "batch", "extensions"})
"""API groups of the objects that workloads, Services and Namespaces are read from."""


class Cluster:
    """Everything that manifests and environment say together. Built once, asked many times."""

    def __init__(self, documents: Iterable[Document], environment: Environment, extra: Sequence[Endpoint] = ()) -> None:
        """Read *documents*; *extra* endpoints (strangers, addresses) join the universe."""
        self.environment = environment
        self.manifests = tuple(manifests(documents))
        self.bundle: Bundle = bundle_of(self.manifests)
        self.workloads = tuple(read_workload(one) for kind in sorted(WORKLOAD_KINDS) for one in self._built_in(kind))
        self.services = tuple(map(read_service, self._built_in("Service")))
        self._services: dict[str, list[Service]] = {}
        for service in self.services:
            self._services.setdefault(service.namespace, []).append(service)
        self._extra = tuple(extra)
        self._ports: dict[int, tuple[EndpointPort, ...]] = {}

    @cached_property
    def namespaces(self) -> dict[str, dict[str, str]]:
        """Labels of every namespace that has an object of its own, with the label that Kubernetes sets itself."""
        return {one.name: {**one.labels, NAMESPACE_NAME: one.name} for one in self._built_in("Namespace")}

    def _built_in(self, kind: str) -> Iterator[Manifest]:
        """Yield the objects of *kind* that are Kubernetes' own: a Service of Knative is none."""
        return (one for one in self.bundle.others.get(kind, ()) if one.group in _BUILT_IN)

    @cached_property
    def _titles(self) -> dict[int, str]:
        """Return what messages call each workload, by the identity of its template."""
        kinds: dict[str, set[str]] = {}
        for one in self.workloads:
            kinds.setdefault(f"{one.namespace}/{one.name}", set()).add(one.kind)
        plain = {id(one): f"{one.namespace}/{one.name}" for one in self.workloads}
        return {
            id(one): plain[id(one)] if len(kinds[plain[id(one)]]) == 1 else f"{plain[id(one)]} ({one.kind})"
            for one in self.workloads
        }

    def title(self, workload: WorkloadTemplate) -> str:
        """Return what the endpoint of *workload* is called: two of one name and different kinds are two endpoints."""
        return self._titles[id(workload)]

    def namespace_labels(self, name: str) -> dict[str, str]:
        """Return the labels of *name*; of an unknown namespace only its name is sure."""
        return self.namespaces.get(name, {NAMESPACE_NAME: name})

    def mode(self, workload: WorkloadTemplate) -> str | None:
        """Return how *workload* takes part in the mesh; None when nobody says."""
        labels = self.namespaces.get(workload.namespace)
        known = self.environment.mesh_namespaces.get(workload.namespace)
        if labels is None and known is not None:
            labels = {"sidecar": {"istio-injection": "enabled"}, "ambient": {"istio.io/dataplane-mode": "ambient"}}.get(
                known, {}
            )
        return mesh_mode(workload.namespace, labels, workload.labels, workload.annotations, workload.is_host_network)

    def services_of(self, workload: WorkloadTemplate) -> Iterator[Service]:
        """Yield the Services that select *workload*."""
        for service in self._services.get(workload.namespace, ()):
            if service.selector and service.selector.items() <= workload.labels.items():
                yield service

    def behind(self, service: Service) -> list[WorkloadTemplate]:
        """Return the workloads that *service* leads to."""
        chosen = service.selector.items()
        return [one for one in self._workloads.get(service.namespace, ()) if chosen and chosen <= one.labels.items()]

    @cached_property
    def _workloads(self) -> dict[str, list[WorkloadTemplate]]:
        found: dict[str, list[WorkloadTemplate]] = {}
        for one in self.workloads:
            found.setdefault(one.namespace, []).append(one)
        return found

    def target(self, port: ServicePort, workload: WorkloadTemplate) -> int | None:
        """Return the pod's port that a Service's *port* leads to; None for a name that the pod does not declare."""
        if isinstance(port.target, int):
            return port.target
        return next((one.number for one in workload.ports if one.name == port.target), None)

    def ports(self, workload: WorkloadTemplate) -> tuple[EndpointPort, ...]:
        """Return the ports that *workload* is known to listen on, with what they speak as far as Services say."""
        if id(workload) not in self._ports:  # the templates live as long as the cluster
            self._ports[id(workload)] = self._ports_of(workload)
        return self._ports[id(workload)]

    def _ports_of(self, workload: WorkloadTemplate) -> tuple[EndpointPort, ...]:
        found = {
            (one.number, one.transport): EndpointPort(one.number, "", one.name, one.transport) for one in workload.ports
        }
        for service in self.services_of(workload):
            for port in service.ports:
                number = self.target(port, workload)
                if number is not None:
                    new = EndpointPort(number, transport=port.transport)
                    declared = found.get((number, port.transport), new)
                    protocol = application_protocol(port) or declared.protocol
                    found[number, port.transport] = replace(declared, protocol=protocol)
        return tuple(found.values())

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The universe: workloads, the platform of the environment where no manifest shows it, and what was added."""
        found: dict[str, Endpoint] = {}
        for workload in self.workloads:
            one = self._endpoint(workload)
            found.setdefault(one.name, one)
        for one in (*self._platform(), *self._extra):
            found.setdefault(one.name, one)
        return tuple(found.values())

    def _endpoint(self, workload: WorkloadTemplate) -> Endpoint:
        mesh = (SIDECAR if PROXY in containers(workload) else self.mode(workload)) or UNKNOWN
        return Endpoint(
            name=self.title(workload),
            namespace=workload.namespace,
            labels=workload.labels,
            namespace_labels=self.namespace_labels(workload.namespace),
            account=workload.account,
            mesh=mesh,
            ports=self.ports(workload),
            is_gateway=is_gateway(workload, self.environment, self._gateway_selectors),
            is_waypoint=(workload.namespace, workload.labels.get(GATEWAY_NAME, "")) in self.waypoints,
            waypoint=self._waypoint(workload) if mesh == AMBIENT else None,
        )

    def _waypoint(self, workload: WorkloadTemplate) -> Waypoint | None:
        services = list(self.services_of(workload))
        labels = self.namespaces.get(workload.namespace, {})
        return waypoint_of(workload.namespace, services, labels, self._gateways)

    @cached_property
    def _gateways(self) -> tuple[Manifest, ...]:
        """The Gateways of the Gateway API."""
        return tuple(one for one in self.others("Gateway") if one.group == "gateway.networking.k8s.io")

    @cached_property
    def waypoints(self) -> frozenset[tuple[str, str]]:
        """Namespace and name of every waypoint that is shown."""
        return frozenset((one.namespace, one.name) for one in self._gateways if is_waypoint(one))

    @cached_property
    def _gateway_selectors(self) -> tuple[dict[str, str], ...]:
        """Which pods the Gateways of Istio's own API choose to serve them."""
        found = (one for one in self.others("Gateway") if one.group == "networking.istio.io")
        return tuple(texts(one.spec.get("selector")) for one in found)

    def _platform(self) -> Iterator[Endpoint]:
        """Yield pods of the platform that the environment knows and no manifest shows."""
        environment = self.environment
        known = [
            ("the cluster's resolver", environment.dns.pods, "", "none"),
            ("istiod", environment.istio.control_plane, "istiod", "none"),
        ]
        if environment.dns.node_local_pods:
            known.append(("the nodes' DNS cache", environment.dns.node_local_pods, "", "none"))
        if environment.prometheus:
            mesh = "sidecar" if environment.prometheus.in_mesh else "none"
            known.append(("Prometheus", environment.prometheus.pods, environment.prometheus.service_account, mesh))
        for name, pods, account, mesh in known:
            if not self._is_shown(pods):
                yield self._pod(name, pods, account, mesh)
        for gateway in (environment.gateways or {}).values():
            if not self._is_shown(gateway.pods):
                yield self._pod(
                    f"the gateway {gateway.name}", gateway.pods, gateway.service_account, "sidecar", is_gateway=True
                )

    def _pod(self, name: str, pods: Pods, account: str, mesh: str, *, is_gateway: bool = False) -> Endpoint:
        labels = self.namespace_labels(pods.namespace)
        return Endpoint(name, pods.namespace, pods.labels, labels, account, mesh, is_gateway=is_gateway)

    def _is_shown(self, pods: Pods) -> bool:
        return any(
            one.namespace == pods.namespace and pods.labels.items() <= one.labels.items() for one in self.workloads
        )

    @cached_property
    def universe(self) -> Universe:
        """The endpoints, numbered."""
        cni = self.environment.cni
        return Universe(self.endpoints, Facts(cni.ip_block_matches_pods, cni.kubelet_exempt))

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """One port of each class that no policy and no workload tells apart."""
        named = {Point("TCP", port.number) for one in self.endpoints for port in one.ports}
        named |= {
            Point(port.transport, port.number)
            for one in self.workloads
            for port in one.ports
            if port.transport in ("UDP", "SCTP")
        }
        return points_of(self.bundle.network_policies, named)

    @cached_property
    def network(self) -> NetworkReach:
        """Layer 3/4."""
        return NetworkReach(self.bundle.network_policies, self.universe, self.points)

    @cached_property
    def mtls(self) -> MutualTls:
        """What workloads accept."""
        return MutualTls(self.bundle.peer_authentications, self.environment.istio.root_namespace)

    @cached_property
    def identities(self) -> Identities:
        """How identities are spelled."""
        istio = self.environment.istio
        return Identities(istio.root_namespace, istio.trust_domain, istio.trust_domain_aliases)

    @cached_property
    def authorization(self) -> Authorization:
        """Identities and requests."""
        return Authorization(
            self.bundle.authorization_policies,
            self.bundle.request_authentications,
            self.mtls,
            self.universe,
            self.identities,
        )

    @cached_property
    def admission(self) -> Admission:
        """Layer 3/4, one pair at a time and three-valued: for what manifests show only in part."""
        shown = (*map(self.title, self.workloads), *(one.name for one in self._extra))
        matches_pods = self.environment.cni.ip_block_matches_pods
        return Admission(self.bundle.network_policies, self.namespaces, shown, matches_pods)

    @cached_property
    def access(self) -> IdentifiedAccess:
        """Identities alone, one pair at a time, before any request is read."""
        return IdentifiedAccess(self.bundle.authorization_policies, self.mtls, self.identities)

    @cached_property
    def exits(self) -> Exits:
        """Ways out through gateways."""
        return Exits(self.bundle, self.environment.istio.root_namespace)

    def others(self, kind: str) -> Sequence[Manifest]:
        """Return the objects of a kind that has no reader of its own here."""
        return self.bundle.others.get(kind, ())

    def index(self) -> Mapping[str, int]:
        """Return the number of each endpoint by its name."""
        return {one.name: number for number, one in enumerate(self.universe.endpoints)}
