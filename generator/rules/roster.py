"""Which of the shown workloads selectors mean, and whether there may be pods that nobody shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from generator.environment.model import Pods
from generator.manifests.network import LabelSelector, NetworkPeer, NetworkPolicy
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context
from generator.semantics.admission import selects
from generator.semantics.cluster import NAMESPACE_NAME, Cluster

_QUIET_GROUPS = frozenset(
    {
        "",
        "apps",
        "batch",
        "autoscaling",
        "policy",
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
        "storage.k8s.io",
        "scheduling.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "security.istio.io",
        "networking.istio.io",
        "telemetry.istio.io",
        "extensions.istio.io",
        "gateway.networking.k8s.io",
        "kustomize.config.k8s.io",
        "policy.networking.k8s.io",
        "external-secrets.io",
        "cilium.io",
        "crd.projectcalico.org",
        "projectcalico.org",
        "meshgen.dev",
    }
)
"""API groups whose objects make no pods of their own; the operators behind all others may."""

_MAKERS = frozenset({"Gateway"})
"""Kinds of those groups that do: a Gateway of the Gateway API gets a Deployment from its controller."""

_QUIET_KINDS = frozenset({"ServiceMonitor", "PodMonitor", "PrometheusRule", "ScrapeConfig", "Probe"})


class Roster:
    """The shown workloads by namespace, and the answers of selectors over them, each computed once."""

    def __init__(self, cluster: Cluster) -> None:
        """Index the workloads of *cluster*, the pods of its platform, and who may make pods unseen."""
        self._cluster = cluster
        self._by_namespace: dict[str, list[WorkloadTemplate]] = {}
        for one in cluster.workloads:
            self._by_namespace.setdefault(one.namespace, []).append(one)
        self._makers = {
            one.namespace
            for kind, found in cluster.bundle.others.items()
            for one in found
            if _may_make_pods(kind, one.group)
        }
        self._by_label: dict[tuple[str, str], list[WorkloadTemplate]] = {}
        for one in cluster.workloads:
            for label in one.labels.items():
                self._by_label.setdefault(label, []).append(one)
        self._found: dict[tuple[LabelSelector, str], tuple[WorkloadTemplate, ...]] = {}
        self._namespaces: dict[LabelSelector, tuple[str, ...]] = {}

    @property
    def everyone(self) -> Iterable[WorkloadTemplate]:
        """All workloads shown."""
        return self._cluster.workloads

    def of(self, namespace: str) -> list[WorkloadTemplate]:
        """Return the workloads shown in *namespace*."""
        return self._by_namespace.get(namespace, [])

    def has_makers(self, namespace: str) -> bool:
        """Tell whether an operator may make pods in *namespace* that no manifest shows."""
        return namespace in self._makers

    def namespaces(self, selector: LabelSelector) -> tuple[str, ...]:
        """Return the namespaces with shown workloads that *selector* may mean."""
        if selector not in self._namespaces:
            name = dict(selector.labels).get(NAMESPACE_NAME)  # the usual case, and only one can have it
            candidates = self._by_namespace if name is None else self._by_namespace.keys() & {name}
            self._namespaces[selector] = tuple(each for each in candidates if self._is_met(selector, each) is not False)
        return self._namespaces[selector]

    def _is_met(self, selector: LabelSelector, namespace: str) -> bool | None:
        labels = self._cluster.namespace_labels(namespace)
        return selects(selector, labels, is_partial=namespace not in self._cluster.namespaces)

    def selected(self, selector: LabelSelector, namespace: str) -> tuple[WorkloadTemplate, ...]:
        """Return the workloads of *namespace* that *selector* means, or may mean by a label added at run time."""
        key = (selector, namespace)
        if key not in self._found:
            self._found[key] = tuple(one for one in self.of(namespace) if selects(selector, one.labels) is not False)
        return self._found[key]

    def subjects(self, policy: NetworkPolicy) -> tuple[WorkloadTemplate, ...]:
        """Return the workloads that *policy* selects."""
        return self.selected(policy.pods, policy.namespace)

    def meant(self, peer: NetworkPeer, namespace: str) -> tuple[WorkloadTemplate, ...]:
        """Return the workloads that *peer*, in a policy of *namespace*, means; none for an address."""
        if peer.cidr or (peer.namespaces is None and peer.pods is None):
            return ()
        where = (namespace,) if peer.namespaces is None else self.namespaces(peer.namespaces)
        return tuple(one for each in where for one in self.selected(peer.pods or LabelSelector(), each))

    def elsewhere(self, selector: LabelSelector, namespace: str) -> tuple[WorkloadTemplate, ...]:
        """Return the workloads outside *namespace* that *selector* surely means."""
        labels = selector.labels
        candidates = self._by_label.get(labels[0], []) if labels else self._cluster.workloads
        return tuple(one for one in candidates if one.namespace != namespace and selects(selector, one.labels))


def _may_make_pods(kind: str, group: str) -> bool:
    if group in _QUIET_GROUPS:
        return kind in _MAKERS and group == "gateway.networking.k8s.io"
    return kind not in _QUIET_KINDS


@lru_cache(maxsize=2)
def _roster(cluster: Cluster) -> Roster:
    return Roster(cluster)


def roster(context: Context) -> Roster:
    """Return the roster of *context*, the same one for every rule."""
    return _roster(context.cluster)


def platform(context: Context) -> Mapping[str, Pods]:
    """Return the pods of the platform that the environment knows, by what messages call them."""
    environment = context.environment
    found = {"the cluster's resolver": environment.dns.pods, "istiod": environment.istio.control_plane}
    if environment.prometheus:
        found["Prometheus"] = environment.prometheus.pods
    for gateway in (environment.gateways or {}).values():
        found[f"the gateway {gateway.name}"] = gateway.pods
    return found


def is_everything_shown(context: Context, namespace: str) -> bool:
    """Tell whether a pod of *namespace* that no manifest shows does not exist.

    Manifests without a single workload of the namespace are about something else, whatever
    was said about their completeness; and operators make pods that nobody writes down.
    """
    known = roster(context)
    return context.is_complete and bool(known.of(namespace)) and not known.has_makers(namespace)
