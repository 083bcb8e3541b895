"""Ambient pods with probes whose ingress is isolated, without a rule for the address that probes come from.

Why:
    In an ambient mesh the node rewrites the source of the kubelet's probes to 169.254.7.127
    (IPv6 fd16:9254:7127:1337:ffff:ffff:ffff:ffff). A network plugin that exempts the node's
    own address from policies need not know that one: the probes fail and pods restart.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      template:
        metadata: {labels: {app: cart}}
        spec:
          containers:
            - name: cart
              image: cart
              ports: [{name: http, containerPort: 8080}]
              readinessProbe: {httpGet: {path: /ready, port: http}}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: cart}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 15008}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      template:
        metadata: {labels: {app: cart}}
        spec:
          containers:
            - name: cart
              image: cart
              ports: [{name: http, containerPort: 8080}]
              readinessProbe: {httpGet: {path: /ready, port: http}}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: cart}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 15008}]
        - from:
            - ipBlock: {cidr: 169.254.7.127/32}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.environment.model import Environment
from generator.manifests.probes import Probe, probes
from generator.rules.base import Context, Rule
from generator.rules.subjects import isolating_place, policy_names, workloads
from generator.topology import Endpoint, Point

RULE = Rule("MG304", "ambient-probe", "ambient pods without a rule for their probes", Severity.ERROR)

_SOURCES = {"IPv4": "169.254.7.127", "IPv6": "fd16:9254:7127:1337:ffff:ffff:ffff:ffff"}
"""Istio 1.30.3 cni/pkg/nodeagent/options.go, HOST_PROBE_SNAT_IP."""


_PLUGIN_KINDS = ("CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy", "GlobalNetworkPolicy")


def check(context: Context) -> Iterator[Finding]:
    """Yield the isolated ambient workloads whose probes nothing lets in."""
    severity = _severity(context.environment)
    family = "IPv4" if "IPv4" in context.environment.ip_families else "IPv6"
    if severity is None or _has_exemption(context, _SOURCES[family]):
        return
    source = Endpoint("the kubelet's probes", address=_SOURCES[family])
    for workload, pod in workloads(context):
        policies = context.cluster.admission.policies(pod, "Ingress") if pod.mesh == "ambient" else []
        if not policies:
            continue
        cut = [probe for probe in probes(workload) if _is_cut(context, pod, source, probe)]
        if not cut:
            continue
        ports = ", ".join(str(number) for number in sorted({probe.port for probe in cut if probe.port is not None}))
        message = (
            f"nothing in {policy_names(policies)} lets the probes of {pod.name} in: in the ambient mesh they come from "
            f"{source.address} to port {ports}, and the pods never become ready or are restarted"
        )
        size = 32 if family == "IPv4" else 128
        fix = f"add an ingress rule from ipBlock {source.address}/{size} on port {ports}"
        related = [(probe.place, f"this {probe.kind}") for probe in cut]
        place = isolating_place(policies, "Ingress")
        yield RULE.finding(message, place, fix, severity=severity, related=related)


def _is_cut(context: Context, pod: Endpoint, source: Endpoint, probe: Probe) -> bool:
    if probe.port is None:
        return False
    return context.cluster.admission.admits(pod, "Ingress", source, Point("TCP", probe.port)) is False


def _has_exemption(context: Context, address: str) -> bool:
    """Tell whether a policy of a network plugin's own kind speaks of *address*, as Cilium needs it."""
    return any(address in repr(one.data) for kind in _PLUGIN_KINDS for one in context.cluster.others(kind))


def _severity(environment: Environment) -> Severity | None:
    """Return how sure it is that the plugin applies policies to probes; None if it is known to exempt the kubelet.

    That the API exempts the pod's own node says nothing of the rewritten address: only of a
    plugin that is known by name is it believed.
    """
    cni = environment.cni
    if cni.kubelet_exempt is False:
        return Severity.ERROR
    return Severity.WARNING if cni.kubelet_exempt is None or cni.name is None else None
