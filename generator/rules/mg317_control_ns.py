"""A NetworkPolicy denies everything in a namespace that the cluster itself lives on, and nothing lets its traffic in.

Why:
    kube-system holds the cluster's resolvers, the root namespace istiod, a network plugin's
    namespace the plugin. A default deny that a loop over all namespaces puts there stops name
    resolution, certificates or pod networking for everybody.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: kube-system}
    spec: {podSelector: {}, policyTypes: [Ingress]}

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: kube-system}
    spec: {podSelector: {}, policyTypes: [Ingress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-resolvers, namespace: kube-system}
    spec:
      podSelector: {matchLabels: {k8s-app: kube-dns}}
      policyTypes: [Ingress]
      ingress:
        - ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.semantics.cluster import NAMESPACE_NAME
from generator.topology import Endpoint, Point

RULE = Rule("MG317", "control-ns", "a default deny where the cluster itself lives", Severity.ERROR)

_PLUGINS = frozenset(
    {"calico-system", "calico-apiserver", "tigera-operator", "cilium", "kube-flannel", "kube-ovn", "antrea-system"}
)
_STRANGER = Endpoint("pods elsewhere", "~", {}, {NAMESPACE_NAME: "~"}, "~", "sidecar")
_XDS = Point("TCP", 15012)


def check(context: Context) -> Iterator[Finding]:
    """Yield the policies that deny everything to the pods which all others need."""
    for policy in context.cluster.bundle.network_policies:
        if not policy.pods.is_empty or any(policy.rules(direction) for direction in policy.types):
            continue
        if what := _lost(context, policy.namespace, policy.types):
            message = f"{policy.namespace}/{policy.name} denies everything in {policy.namespace}: {what}"
            fix = "leave this namespace out, or admit what its pods serve before everything else is denied"
            yield RULE.finding(message, policy.manifest.place("metadata", "namespace"), fix)


def _lost(context: Context, namespace: str, types: tuple[str, ...]) -> str:
    """Return what stops working; empty if other policies let the essential traffic through."""
    environment = context.environment
    if namespace in _PLUGINS:
        return "" if len(context.cluster.admission.in_namespace(namespace)) > 1 else "the network plugin runs there"
    if "Ingress" not in types:
        return ""
    control_plane, dns = environment.istio.control_plane, environment.dns
    for pods, words, points in (
        (dns.pods, "nobody can resolve names", [Point("UDP", port) for port in dns.ports]),
        (control_plane, "istiod serves no proxy", [_XDS]),
    ):
        if namespace == pods.namespace:
            server = Endpoint("the pods", namespace, pods.labels, context.cluster.namespace_labels(namespace))
            admission = context.cluster.admission
            if all(admission.admits(server, "Ingress", _STRANGER, point) is False for point in points):
                return words
    return ""
