"""A Job or CronJob that a default deny cuts off, and that no policy allows anything.

Why:
    Pods of Jobs carry labels of their own. In a namespace whose default deny isolates every
    pod, the policies for the application's pods do not help its migration or backup: the job
    can neither resolve a name nor connect, and hangs until its deadline.

Bad:
    apiVersion: batch/v1
    kind: Job
    metadata: {name: migrate, namespace: shop}
    spec:
      template:
        metadata: {labels: {job: migrate}}
        spec: {restartPolicy: Never, containers: [{name: migrate, image: migrate}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}

Good:
    apiVersion: batch/v1
    kind: Job
    metadata: {name: migrate, namespace: shop}
    spec:
      template:
        metadata: {labels: {job: migrate}}
        spec: {restartPolicy: Never, containers: [{name: migrate, image: migrate}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: migrate, namespace: shop}
    spec:
      podSelector: {matchLabels: {job: migrate}}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
              podSelector: {matchLabels: {k8s-app: kube-dns}}
          ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
        - to:
            - podSelector: {matchLabels: {app: db}}
          ports: [{protocol: TCP, port: 5432}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.subjects import policy_names
from generator.rules.written import EGRESS
from generator.semantics.admission import selects

RULE = Rule("MG120", "job-pods", "a job that no policy allows anything", Severity.WARNING)

_JOBS = ("Job", "CronJob")


def check(context: Context) -> Iterator[Finding]:
    """Yield jobs whose egress is isolated by policies for every pod, with nothing allowed that is theirs."""
    for workload in context.cluster.workloads:
        if workload.kind in _JOBS and not workload.is_host_network:
            yield from _of_job(context, workload)


def _of_job(context: Context, workload: WorkloadTemplate) -> Iterator[Finding]:
    policies = [
        one
        for one in context.cluster.admission.in_namespace(workload.namespace)
        if EGRESS in one.types and selects(one.pods, workload.labels) is not False
    ]
    denying = [one for one in policies if one.pods.is_empty and not one.egress]
    # A policy that selects the job and allows nothing was written for it: that is meant.
    if not denying or any(one.egress or not one.pods.is_empty for one in policies):
        return
    name = f"{workload.namespace}/{workload.name}"
    message = f"{policy_names(denying)} isolates the pods of the {workload.kind} {name}, and no policy lets them out"
    place = workload.manifest.place(*workload.template_route, "metadata", "labels")
    fix = "add a policy that selects the job's labels and allows what it needs, DNS first"
    note = (denying[0].manifest.place("spec", "podSelector"), "selects every pod of the namespace")
    yield RULE.finding(message, place, fix, related=[note])
