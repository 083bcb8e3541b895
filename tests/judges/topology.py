"""The pods that a bundle is judged with: its workloads, the platform, and strangers of every kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from generator.environment.model import Environment, Gateway, Pods
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.peers import AddressesPeer, WorkloadPeer
from generator.model.terms import Mesh
from generator.model.workloads import Workload

ELSEWHERE = "elsewhere"
REPLICAS = 2
INJECT = "sidecar.istio.io/inject"
NAMESPACE_NAME = "kubernetes.io/metadata.name"

# Public and private, the cloud's metadata service, both address families.
ADDRESSES = ("8.8.8.8/32", "10.1.2.3/32", "192.168.7.7/32", "169.254.169.254/32", "2001:4860::8888/128", "fd12::7/128")


@dataclass(frozen=True, slots=True)
class Pod:
    """Pods of one Deployment; ``mesh`` says whether they have a proxy."""

    namespace: str
    owner: str
    labels: tuple[tuple[str, str], ...]
    account: str
    mesh: bool
    workload: str = ""
    replica: int = 1

    @property
    def name(self) -> str:
        return f"{self.namespace}/{self.owner}-{self.replica}"

    def carries(self, labels: Mapping[str, str]) -> bool:
        return labels.items() <= dict(self.labels).items()


@dataclass(frozen=True, slots=True)
class Address:
    """One address outside the cluster, as a network of one."""

    name: str


Endpoint = Pod | Address


@dataclass(frozen=True, slots=True)
class Topology:
    """A small cluster."""

    namespaces: Mapping[str, Mapping[str, str]]
    pods: tuple[Pod, ...]
    addresses: tuple[Address, ...]

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return (*self.pods, *self.addresses)

    def documents(self) -> list[dict[str, Any]]:
        """Return Namespaces, then Deployments: the analyzer needs to know namespaces first."""
        documents: list[dict[str, Any]] = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels)}}
            for name, labels in self.namespaces.items()
        ]
        return documents + [_deployment(pod) for pod in self.pods if pod.replica == 1]


def _deployment(pod: Pod) -> dict[str, Any]:
    template = {
        "metadata": {"labels": dict(pod.labels)},
        "spec": {"serviceAccountName": pod.account, "containers": [{"name": "main", "image": "example.com/main"}]},
    }
    metadata = {"name": pod.owner, "namespace": pod.namespace}
    spec = {"replicas": REPLICAS, "selector": {"matchLabels": dict(pod.labels)}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def build(intent: Intent, environment: Environment) -> Topology:
    """Return the workloads of *intent*, the platform of *environment*, and strangers."""
    known = [*_workloads(intent), *_platform(environment), *_strangers(intent), *_platform_strangers(environment)]
    single = {(pod.namespace, pod.owner): pod for pod in known}
    pods = [replace(pod, replica=replica) for pod in single.values() for replica in range(1, REPLICAS + 1)]
    names = sorted({pod.namespace for pod in pods} | set(intent.namespaces))
    labels = {name: {**_declared_labels(intent, name), NAMESPACE_NAME: name} for name in names}
    return Topology(labels, tuple(pods), tuple(_addresses(intent.flows, environment)))


def _declared_labels(intent: Intent, namespace: str) -> Mapping[str, str]:
    return intent.namespaces[namespace].labels if namespace in intent.namespaces else {}


def _workloads(intent: Intent) -> Iterator[Pod]:
    """Yield one Deployment per workload and ServiceAccount of it."""
    for workload in intent.workloads.values():
        mesh = workload.mesh is Mesh.SIDECAR
        for number, account in enumerate(workload.service_accounts):
            owner = workload.name if number == 0 else f"{workload.name}-as-{account.replace('.', '-')}"
            labels = {**workload.labels, **_injection(intent, workload)}
            yield Pod(workload.namespace, owner, tuple(sorted(labels.items())), account, mesh, workload.name)


def _injection(intent: Intent, workload: Workload) -> dict[str, str]:
    """Return the label of pods that differ from their namespace."""
    namespace = intent.namespaces.get(workload.namespace)
    if namespace is None or namespace.mesh is workload.mesh:
        return {}
    return {INJECT: "true" if workload.mesh is Mesh.SIDECAR else "false"}


def _platform(environment: Environment) -> Iterator[Pod]:
    yield _platform_pod("dns", environment.dns.pods, "coredns", mesh=False)
    yield _platform_pod("istiod", environment.istio.control_plane, "istiod", mesh=False)
    if environment.prometheus is not None:
        prometheus = environment.prometheus
        yield _platform_pod("prometheus", prometheus.pods, prometheus.service_account, mesh=prometheus.in_mesh)
    for gateway in (environment.gateways or {}).values():
        yield _platform_pod(f"gateway-{gateway.name}", gateway.pods, gateway.service_account, mesh=True)
        yield from _half_labelled(gateway)
    unknown = Pods(environment.istio.control_plane.namespace, {"istio": "some-other-gateway"})
    yield _platform_pod("gateway-nobody-named", unknown, "some-other-gateway", mesh=True)


def _platform_strangers(environment: Environment) -> Iterator[Pod]:
    """Yield other pods in the namespaces of the platform, and pods elsewhere that are labelled like its own."""
    for pod in _platform(environment):
        yield replace(pod, namespace=ELSEWHERE, owner=f"twin-of-{pod.owner}", mesh=True)
        yield Pod(pod.namespace, "stranger", (("app", "stranger"),), "stranger", mesh=False)


def _half_labelled(gateway: Gateway) -> Iterator[Pod]:
    """Yield pods that carry all labels of *gateway* but one."""
    for missing in sorted(gateway.pods.labels) if len(gateway.pods.labels) > 1 else ():
        labels = {key: value for key, value in gateway.pods.labels.items() if key != missing}
        owner = f"gateway-{gateway.name}-without-{re.sub('[^a-z0-9]+', '-', missing)}"
        yield _platform_pod(owner, Pods(gateway.pods.namespace, labels), "some-other-gateway", mesh=True)


def _platform_pod(owner: str, pods: Pods, account: str, *, mesh: bool) -> Pod:
    return Pod(pods.namespace, owner, tuple(sorted(pods.labels.items())), account, mesh)


def _strangers(intent: Intent) -> Iterator[Pod]:
    """Yield pods that no flow speaks of, and pods that look almost like one that a flow does."""
    for namespace in intent.namespaces.values():
        mesh = namespace.mesh is Mesh.SIDECAR
        yield Pod(namespace.name, "stranger", (("app", "stranger"),), "stranger", mesh)
    yield Pod(ELSEWHERE, "stranger", (("app", "stranger"),), "stranger", True)
    for workload in _clients(intent):
        labels, account = tuple(sorted(workload.labels.items())), workload.service_accounts[0]
        yield Pod(ELSEWHERE, f"twin-of-{workload.name}", labels, account, True)
        if workload.is_rendered and workload.mesh is Mesh.SIDECAR:
            own = intent.namespaces.get(workload.namespace)
            injected = own is None or own.mesh is Mesh.SIDECAR
            yield Pod(workload.namespace, f"looks-like-{workload.name}", labels, "stranger", injected)
            yield Pod(workload.namespace, f"runs-as-{workload.name}", (("app", "impostor"),), account, injected)


def _clients(intent: Intent) -> list[Workload]:
    keys = {(one.client.namespace, one.client.workload) for one in intent.flows if isinstance(one.client, WorkloadPeer)}
    return [intent.workloads[key] for key in sorted(keys)]


def _addresses(flows: tuple[Flow, ...], environment: Environment) -> Iterator[Address]:
    """Yield some addresses of every kind, and the first of each range that anybody named."""
    names = set(ADDRESSES)
    ranges = [*(environment.addresses.nodes or ()), *(environment.addresses.api_server or ())]
    ranges += environment.dns.node_local_addresses
    for other in (environment.clusters or {}).values():
        ranges += [*(other.pods or ()), *(other.door.addresses if other.door else ())]
    for flow in flows:
        for peer in (flow.client, flow.server):
            ranges += peer.cidrs if isinstance(peer, AddressesPeer) else ()
    for block in ranges:
        address = block.partition("/")[0]
        names.add(f"{address}/{128 if ':' in address else 32}")
    yield from (Address(name) for name in sorted(names))
