"""Workloads that no NetworkPolicy isolates in some direction, in a namespace that has policies.

Why:
    A pod without a policy of a direction is open in that direction, to everybody. In a
    namespace where others are isolated that is usually a label which a policy does not
    match. Whether it is meant, only the intent says; profiles state it, and their proof
    demands it.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-web, namespace: shop}
    spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.subjects import some, workloads
from generator.rules.written import EGRESS, INGRESS

RULE = Rule("MG112", "not-isolated", "pods that no NetworkPolicy isolates", Severity.INFO)

_WORDS = {INGRESS: "in", EGRESS: "out"}


def check(context: Context) -> Iterator[Finding]:
    """Yield, for each namespace and direction that some policy is about, the workloads that none isolates."""
    admission = context.cluster.admission
    open_pods: dict[tuple[str, str], list[str]] = {}
    for workload, pod in workloads(context):
        types = {each for policy in admission.in_namespace(pod.namespace) for each in policy.types}
        for direction in (INGRESS, EGRESS) if not workload.is_host_network else ():
            if direction in types and not admission.policies(pod, direction):
                open_pods.setdefault((pod.namespace, direction), []).append(pod.name)
    for (namespace, direction), names in open_pods.items():
        policy = next(one for one in admission.in_namespace(namespace) if direction in one.types)
        message = (
            f"no NetworkPolicy isolates {some(names)} on the way {_WORDS[direction]}, while others of {namespace} "
            "are: everything gets through there"
        )
        fix = f"add a policy with podSelector: {{}} and policyTypes: [{direction}], and allow what is needed"
        yield RULE.finding(message, policy.manifest.place("spec", "podSelector"), fix)
