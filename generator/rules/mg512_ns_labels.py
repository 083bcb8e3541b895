"""A Namespace's labels contradict the policies in it: policies of Istio where no pod can be in the mesh.

Why:
    AuthorizationPolicy and PeerAuthentication are enforced by proxies. In a namespace with
    `istio-injection: disabled`, or any other value than `enabled`, no pod gets a sidecar,
    whatever its own labels say: the policies are accepted and do nothing. And
    `kubernetes.io/metadata.name` is set by Kubernetes; another value in the manifest is
    not what selectors will see.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: disabled}}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/web]}}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/web]}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest
from generator.manifests.security import AuthorizationPolicy, PeerAuthentication
from generator.rules.base import Context, Rule
from generator.rules.roster import is_everything_shown
from generator.rules.servers import is_gateway_selector
from generator.rules.subjects import some, workloads
from generator.semantics.cluster import NAMESPACE_NAME
from generator.semantics.membership import DATAPLANE, INJECTION
from generator.topology import Endpoint

RULE = Rule("MG512", "ns-labels", "labels of a Namespace that contradict its policies", Severity.ERROR)

_FIX = "bring the namespace into the mesh by its label, or protect these pods by NetworkPolicy alone"


def check(context: Context) -> Iterator[Finding]:
    """Yield Namespaces whose labels make their policies idle, and those that claim another name."""
    bundle = context.cluster.bundle
    policies: dict[str, list[AuthorizationPolicy | PeerAuthentication]] = {}
    everything: tuple[AuthorizationPolicy | PeerAuthentication, ...] = bundle.authorization_policies
    for policy in (*everything, *bundle.peer_authentications):
        if not policy.scope.has_targets:
            policies.setdefault(policy.scope.namespace, []).append(policy)
    pods: dict[str, list[Endpoint]] = {}
    for _, pod in workloads(context):
        pods.setdefault(pod.namespace, []).append(pod)
    for namespace in context.of_kind("Namespace"):
        claimed = namespace.labels.get(NAMESPACE_NAME, namespace.name)
        if claimed != namespace.name:
            message = f"Namespace {namespace.name} claims to be called {claimed}: Kubernetes sets this label itself"
            place = namespace.place("metadata", "labels", NAMESPACE_NAME)
            yield RULE.finding(message, place, f"write {namespace.name}, or leave the label out")
        if namespace.name != context.environment.istio.root_namespace:
            for policy in policies.get(namespace.name, ()):
                yield from _idle(context, namespace, policy, pods.get(namespace.name, []))


def _idle(
    context: Context, namespace: Manifest, policy: AuthorizationPolicy | PeerAuthentication, pods: list[Endpoint]
) -> Iterator[Finding]:
    labels, is_off = policy.scope.labels, namespace.labels.get(INJECTION, "enabled") != "enabled"
    if not is_off and not is_everything_shown(context, namespace.name):
        return
    meant = [pod for pod in pods if labels.items() <= pod.labels.items()]
    if is_gateway_selector(context, namespace.name, labels) or DATAPLANE in {**namespace.labels, **labels}:
        return
    if any(pod.mesh != "none" or pod.is_gateway for pod in meant):
        return
    if not is_off and not meant:
        return
    one = policy.manifest
    why = f"{INJECTION}: {namespace.labels[INJECTION]}" if is_off else "no label that brings pods into the mesh"
    whom = f"none of {some(pod.name for pod in meant)}" if meant else "no pod there"
    message = (
        f"{one.kind} {one.namespace}/{one.name} is enforced by nobody: the namespace has {why}, {whom} has a proxy"
    )
    related = [(namespace.place("metadata", "labels"), "the labels of the namespace")]
    severity = Severity.ERROR if is_off else Severity.WARNING
    yield RULE.finding(message, one.place("metadata", "name"), _FIX, severity=severity, related=related)
