"""Probes that a NetworkPolicy or an AuthorizationPolicy keeps from the pod.

Why:
    The kubelet probes from the node and has no identity. NetworkPolicy's own contract lets
    it in, but some plugins do not keep it, and then a rule for the nodes is needed. A
    sidecar answers HTTP probes on port 15020, past every policy, unless the pod switches
    that off: then the probe is a request like others, and is refused like others. The pods
    are restarted over and over.

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
          annotations: {sidecar.istio.io/rewriteAppHTTPProbers: "false"}
        spec:
          containers:
            - name: api
              image: api
              ports: [{containerPort: 8080}]
              livenessProbe: {httpGet: {path: /healthz, port: 8080}}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-web, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/web]}}]
          to: [{operation: {ports: ["8080"]}}]

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
        metadata: {labels: {app: api}}
        spec:
          containers:
            - name: api
              image: api
              ports: [{containerPort: 8080}]
              livenessProbe: {httpGet: {path: /healthz, port: 8080}}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-web, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/web]}}]
          to: [{operation: {ports: ["8080"]}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.addresses import holds
from generator.core.findings import Finding, Severity
from generator.manifests.probes import Probe, probes
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.subjects import isolating_place, policy_names, workloads
from generator.rules.written import INGRESS
from generator.topology import SIDECAR, Endpoint, Point

RULE = Rule("MG316", "probe-path", "probes that a policy keeps from the pod", Severity.WARNING)

_REWRITE = "sidecar.istio.io/rewriteAppHTTPProbers"
_AGENT = 15020
"""Where the sidecar answers the probes that were rewritten to it (istio 1.30.3 pkg/kube/inject/app_probe.go)."""


def check(context: Context) -> Iterator[Finding]:
    """Yield the workloads whose probes no policy lets in, where the plugin applies policies to them."""
    is_exempt = context.environment.cni.kubelet_exempt is not False
    for workload, pod in workloads(context):
        found = list(probes(workload)) if workload.has_probes and not workload.is_host_network else []
        if found and not is_exempt and pod.mesh != "ambient":  # MG304 speaks of ambient pods
            yield from _cut_off(context, workload, pod, found)
        if found and pod.mesh == SIDECAR and _is_as_written(workload):
            yield from _refused(context, pod, found)


def _is_as_written(workload: WorkloadTemplate) -> bool:
    """Tell whether the pod's probes reach its own ports, and not the sidecar's."""
    return workload.annotations.get(_REWRITE, "true") == "false"


def _cut_off(context: Context, workload: WorkloadTemplate, pod: Endpoint, found: list[Probe]) -> Iterator[Finding]:
    policies = context.cluster.admission.policies(pod, INGRESS)
    is_rewritten = pod.mesh == SIDECAR and not _is_as_written(workload)
    wanted = {_AGENT} if is_rewritten else {one.port for one in found if one.port is not None}
    nodes = [Endpoint("the node", address=one.partition("/")[0]) for one in context.environment.addresses.nodes or ()]
    cut = sorted(port for port in wanted if policies and not _is_open(context, pod, port, nodes))
    if cut:
        message = (
            f"nothing in {policy_names(policies)} lets the kubelet's probes of {pod.name} in on "
            f"{', '.join(map(str, cut))}, and this cluster's network plugin does not exempt them"
        )
        fix = "add an ingress rule from the nodes' addresses on that port, or the plugin's own policy for the host"
        yield RULE.finding(message, isolating_place(policies, INGRESS), fix)


def _is_open(context: Context, pod: Endpoint, port: int, nodes: list[Endpoint]) -> bool:
    """Tell whether a node may get in; of unknown nodes, any rule for addresses may be for them."""
    point, admission = Point("TCP", port), context.cluster.admission
    if nodes:
        return any(admission.admits(pod, INGRESS, one, point) is not False for one in nodes)
    blocks = [
        peer
        for policy in admission.policies(pod, INGRESS)
        for rule in policy.ingress
        for peer in rule.peers or ()
        if peer.cidr
    ]
    samples = [Endpoint("a node", address=one.cidr.partition("/")[0]) for one in blocks if _first(one.cidr)]
    anywhere = Endpoint("a node", address="192.0.2.1")
    return any(admission.admits(pod, INGRESS, one, point) is not False for one in [*samples, anywhere])


def _first(cidr: str) -> bool:
    return holds(cidr, (), cidr.partition("/")[0])


def _refused(context: Context, pod: Endpoint, found: list[Probe]) -> Iterator[Finding]:
    """Yield the probes that the pod's own sidecar refuses, as a request without an identity."""
    kubelet = Endpoint("the kubelet", address="192.0.2.1", is_node=True)
    for probe in found:
        if probe.port is not None:
            point = Point("TCP", probe.port)
            if context.cluster.access.admits(pod, kubelet, point) is False:
                message = (
                    f"this {probe.kind} reaches {pod.name} on {probe.port} as an ordinary request ({_REWRITE} is "
                    "false), and its policies admit no caller without an identity there"
                )
                fix = "let the sidecar answer probes (remove the annotation), or probe a port that no policy is about"
                yield RULE.finding(message, probe.place, fix)
