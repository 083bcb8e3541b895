"""A workload listens on UDP or SCTP, and AuthorizationPolicies are all that protects it.

Why:
    Sidecars and ztunnel carry TCP alone. A UDP or SCTP port of a workload in the mesh is
    reached past every AuthorizationPolicy and without mutual TLS; only a NetworkPolicy that
    isolates the pod keeps callers away.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: games, namespace: shop}
    spec:
      selector: {matchLabels: {app: games}}
      template:
        metadata: {labels: {app: games}}
        spec: {containers: [{name: games, image: games, ports: [{containerPort: 7000, protocol: UDP}]}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: deny-all, namespace: shop}
    spec: {action: ALLOW}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-web, namespace: shop}
    spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: games, namespace: shop}
    spec:
      selector: {matchLabels: {app: games}}
      template:
        metadata: {labels: {app: games}}
        spec: {containers: [{name: games, image: games, ports: [{containerPort: 7000, protocol: UDP}]}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: deny-all, namespace: shop}
    spec: {action: ALLOW}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-games, namespace: shop}
    spec: {podSelector: {matchLabels: {app: games}}, policyTypes: [Ingress]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Json, Place
from generator.manifests.objects import mapping, sequence
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.said import title
from generator.rules.subjects import some, workloads
from generator.topology import IN_MESH

RULE = Rule("MG314", "udp", "a UDP port behind AuthorizationPolicies alone", Severity.WARNING)

_NOT_CARRIED = frozenset({"UDP", "SCTP"})


def check(context: Context) -> Iterator[Finding]:
    """Yield the UDP and SCTP ports of workloads that policies of Istio restrict and NetworkPolicies do not."""
    for workload, pod in workloads(context):
        ports = [one for one in workload.ports if one.transport in _NOT_CARRIED]
        if not ports or pod.mesh not in IN_MESH or context.cluster.admission.policies(pod, "Ingress"):
            continue
        restricting = [one for one in context.cluster.access.policies(pod) if one.action in ("ALLOW", "DENY", "CUSTOM")]
        has_policies = bool(context.cluster.admission.in_namespace(pod.namespace))
        if not restricting or not (context.is_complete or has_policies):
            continue
        words = ", ".join(f"{one.transport} {one.number}" for one in ports)
        message = (
            f"{pod.name} listens on {words}, which no proxy carries: nothing in "
            f"{some(title(one) for one in restricting)} applies there, and no NetworkPolicy isolates the pod"
        )
        fix = "isolate the pods by a NetworkPolicy that names who may use these ports"
        yield RULE.finding(message, _place(workload), fix)


def _place(workload: WorkloadTemplate) -> Place:
    """Return where the first such port is declared."""
    data: Json = workload.manifest.data
    for step in workload.template_route:
        data = mapping(data).get(str(step))
    route = (*workload.template_route, "spec", "containers")
    for index, container in enumerate(map(mapping, sequence(mapping(mapping(data).get("spec")).get("containers")))):
        for position, port in enumerate(map(mapping, sequence(container.get("ports")))):
            if port.get("protocol") in _NOT_CARRIED:
                return workload.manifest.place(*route, index, "ports", position)
    return workload.manifest.place(*route)
