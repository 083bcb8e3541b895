"""What runs and how it is reached: pod templates of every kind, Services, Namespaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.core.frozen import dataclass
from generator.core.places import Json
from generator.manifests.objects import Manifest, mapping, sequence, texts

_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("template",),
    "StatefulSet": ("template",),
    "DaemonSet": ("template",),
    "ReplicaSet": ("template",),
    "ReplicationController": ("template",),
    "Job": ("template",),
    "CronJob": ("jobTemplate", "spec", "template"),
}
WORKLOAD_KINDS = frozenset({*_TEMPLATES, "Pod"})

DEFAULT_ACCOUNT = "default"


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container declares."""

    number: int
    transport: str
    name: str


@dataclass(frozen=True, slots=True)
class WorkloadTemplate:
    """The pods that one object makes: labels, identity, ports, and how they attach to the network."""

    manifest: Manifest
    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    account: str
    ports: tuple[ContainerPort, ...]
    has_probes: bool
    is_host_network: bool
    template_route: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service: its own number, and the pod's port by number or name that it leads to."""

    name: str
    number: int
    target: int | str
    transport: str
    application: str


@dataclass(frozen=True, slots=True)
class Service:
    """A Service; without a selector nobody can say where it leads."""

    manifest: Manifest
    namespace: str
    name: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]
    cluster_ips: tuple[str, ...]
    type: str
    external_traffic_policy: str

    @property
    def is_headless(self) -> bool:
        """Whether clients dial pods directly."""
        return "None" in self.cluster_ips


def read_workload(manifest: Manifest) -> WorkloadTemplate:
    """Read a workload of any kind in ``WORKLOAD_KINDS``."""
    route: tuple[str, ...] = () if manifest.kind == "Pod" else ("spec", *_TEMPLATES[manifest.kind])
    template = manifest.data
    for step in route:
        template = mapping(template.get(step))
    metadata, spec = mapping(template.get("metadata")), mapping(template.get("spec"))
    containers = [mapping(one) for key in ("containers", "initContainers") for one in sequence(spec.get(key))]
    return WorkloadTemplate(
        manifest=manifest,
        kind=manifest.kind,
        namespace=manifest.namespace,
        name=manifest.name,
        labels=texts(metadata.get("labels")),
        annotations=texts(metadata.get("annotations")),
        account=str(spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT_ACCOUNT),
        ports=tuple(dict.fromkeys(port for one in containers for port in _ports(one))),
        has_probes=any(
            one.get(probe) for one in containers for probe in ("livenessProbe", "readinessProbe", "startupProbe")
        ),
        is_host_network=spec.get("hostNetwork") is True,
        template_route=route,
    )


def _ports(container: dict[str, Json]) -> Iterator[ContainerPort]:
    for port in map(mapping, sequence(container.get("ports"))):
        number = port.get("containerPort")
        if isinstance(number, int):
            yield ContainerPort(number, str(port.get("protocol") or "TCP"), str(port.get("name") or ""))


def read_service(manifest: Manifest) -> Service:
    """Read a Service; a port without a targetPort leads to the pod's port of the same number."""
    spec = manifest.spec
    ips = [str(ip) for ip in (*sequence(spec.get("clusterIPs")), spec.get("clusterIP")) if ip]
    return Service(
        manifest=manifest,
        namespace=manifest.namespace,
        name=manifest.name,
        selector=texts(spec.get("selector")),
        ports=tuple(_service_ports(spec)),
        cluster_ips=tuple(dict.fromkeys(ips)),
        type=str(spec.get("type") or "ClusterIP"),
        external_traffic_policy=str(spec.get("externalTrafficPolicy") or "Cluster"),
    )


def _service_ports(spec: dict[str, Json]) -> Iterator[ServicePort]:
    for port in map(mapping, sequence(spec.get("ports"))):
        number = port.get("port")
        if not isinstance(number, int):
            continue
        target = port.get("targetPort")
        yield ServicePort(
            name=str(port.get("name") or ""),
            number=number,
            target=target if isinstance(target, int | str) and target != "" else number,
            transport=str(port.get("protocol") or "TCP"),
            application=str(port.get("appProtocol") or ""),
        )
