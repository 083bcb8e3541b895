"""A policy of Istio for a port that an annotation takes away from the sidecar.

Why:
    `traffic.sidecar.istio.io/excludeInboundPorts` lets connections past the proxy: no
    mutual TLS, no identity, no AuthorizationPolicy. A policy that names such a port reads
    like protection and is none.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata:
          labels: {app: api}
          annotations: {traffic.sidecar.istio.io/excludeInboundPorts: "8080,9090"}
        spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules: [{from: [{source: {serviceAccounts: [web]}}], to: [{operation: {ports: ["8080"]}}]}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata:
          labels: {app: api}
          annotations: {traffic.sidecar.istio.io/excludeInboundPorts: "9090"}
        spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules: [{from: [{source: {serviceAccounts: [web]}}], to: [{operation: {ports: ["8080"]}}]}]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.said import said, title
from generator.rules.subjects import workloads
from generator.semantics.mtls import STRICT
from generator.topology import SIDECAR, Endpoint

RULE = Rule("MG227", "excluded-port", "a policy for a port that the sidecar does not see", Severity.ERROR)

_EXCLUDED = "traffic.sidecar.istio.io/excludeInboundPorts"
_FIX = "take the port out of the annotation, or protect it by a NetworkPolicy and remove it from the policy"


def check(context: Context) -> Iterator[Finding]:
    """Yield the ports that annotations exclude and that policies for the same workload name."""
    for workload, pod in workloads(context):
        excluded = {one for one in re.split(r"[,\s]+", workload.annotations.get(_EXCLUDED, "")) if one.isdigit()}
        if not excluded or pod.mesh != SIDECAR:
            continue
        place = workload.manifest.place(*workload.template_route, "metadata", "annotations", _EXCLUDED)
        yield from _of_authorization(context, workload, pod, excluded, place)
        for port in sorted(excluded, key=int):
            policy = context.cluster.mtls.deciding(pod, int(port))
            if policy and policy.ports.get(int(port)) == STRICT:
                message = (
                    f"{pod.name} excludes port {port} from its sidecar, and {policy.manifest.name} makes it STRICT"
                )
                where = policy.manifest.place("spec", "portLevelMtls", port)
                yield RULE.finding(message, where, _FIX, related=[(place, "excluded here")])


def _of_authorization(
    context: Context, workload: WorkloadTemplate, pod: Endpoint, excluded: set[str], place: Place
) -> Iterator[Finding]:
    for policy in context.cluster.access.policies(pod):
        for value in said(policy):
            if value.field == "ports" and not value.is_negative and value.value in excluded:
                message = (
                    f"{title(policy)} is about port {value.value} of {pod.name}, which an annotation of the "
                    f"{workload.kind} excludes from the sidecar: nobody enforces it"
                )
                yield RULE.finding(message, value.place, _FIX, related=[(place, "excluded here")])
