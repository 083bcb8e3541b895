"""Whom the rules about both layers speak of: workloads as shown, or the pods that a policy must be written for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from generator.core.places import Place
from generator.environment.model import Pods
from generator.manifests.network import NetworkPolicy
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context
from generator.semantics.cluster import Cluster
from generator.semantics.membership import mesh_mode
from generator.topology import Endpoint

WAYPOINT_CLASS = "istio-waypoint"
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"

_MESH_LABELS = {"sidecar": {"istio-injection": "enabled"}, "ambient": {"istio.io/dataplane-mode": "ambient"}}


def workloads(cluster: Cluster) -> Iterator[tuple[WorkloadTemplate, Endpoint]]:
    """Yield every workload that manifests show, as the policies see it."""
    by_name = {one.name: one for one in cluster.endpoints}
    for workload in cluster.workloads:
        yield workload, by_name[f"{workload.namespace}/{workload.name}"]


def subjects(context: Context) -> Iterator[Endpoint]:
    """Yield the workloads, and a stand-in for each NetworkPolicy whose pods no manifest shows.

    A stand-in has the labels that the policy asks for and nothing else that is known. Where the
    manifests are all there is, such a policy selects nothing, and there is none.
    """
    shown = [endpoint for _, endpoint in workloads(context.cluster)]
    yield from shown
    if context.is_complete:
        return
    for policy in context.cluster.bundle.network_policies:
        if not any(one.namespace == policy.namespace and policy.pods.matches(one.labels) for one in shown):
            yield _stand_in(context.cluster, policy)


def _stand_in(cluster: Cluster, policy: NetworkPolicy) -> Endpoint:
    exact = {key: values[0] for key, operator, values in policy.pods.expressions if operator == "In" and len(values)}
    labels = {**exact, **dict(policy.pods.labels)}
    name = f"the pods of {policy.namespace}/{policy.name}"
    mesh = pod_mode(cluster, policy.namespace, labels) or "unknown"
    return Endpoint(name, policy.namespace, labels, cluster.namespace_labels(policy.namespace), "", mesh)


def pod_mode(cluster: Cluster, namespace: str, labels: dict[str, str]) -> str | None:
    """Return how a pod with *labels* in *namespace* takes part in the mesh; None when nobody says."""
    known = cluster.namespaces.get(namespace)
    stated = cluster.environment.mesh_namespaces.get(namespace)
    if known is None and stated is not None:
        known = _MESH_LABELS.get(stated, {})
    return mesh_mode(namespace, known, labels, {}, is_host_network=False)


def pods_of_platform(cluster: Cluster, pods: Pods) -> list[Endpoint]:
    """Return the endpoints that are *pods* of the environment: as manifests show them, or as it describes them."""
    return [
        one
        for one in cluster.endpoints
        if one.namespace == pods.namespace and pods.labels.items() <= one.labels.items()
    ]


def isolating_place(policies: Sequence[NetworkPolicy], direction: str) -> Place:
    """Return where the rule that *policies* lack would be written: in the one that lets the least through."""
    policy = min(policies, key=lambda one: len(one.rules(direction)))
    return policy.manifest.place("spec", direction.lower())


def policy_names(policies: Iterable[NetworkPolicy]) -> str:
    """Return the policies' names for a message."""
    return some(f"{one.namespace}/{one.name}" for one in policies)


def some(names: Iterable[str], limit: int = 3) -> str:
    """Return *names* for a message: sorted, each once, and no more than *limit* of them in full."""
    found = sorted(set(names))
    if len(found) <= limit:
        return ", ".join(found)
    return f"{', '.join(found[:limit])} and {len(found) - limit} more"
