"""Peers that dial each other's pods on a port that their headless Service does not have, under STRICT.

Why:
    A StatefulSet's members know each other by pod, not by Service. A sidecar knows the pods
    of a headless Service on the ports of the Service; a connection to any other port goes
    out as it is, in plaintext, and a STRICT peer resets it. The cluster never forms.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: library, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: search, namespace: library}
    spec:
      serviceName: search
      selector: {matchLabels: {app: search}}
      template:
        metadata: {labels: {app: search}}
        spec: {containers: [{name: search, image: search, ports: [{containerPort: 9200}, {containerPort: 9300}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: search, namespace: library}
    spec: {clusterIP: None, selector: {app: search}, ports: [{name: http, port: 9200}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: search, namespace: library}
    spec:
      podSelector: {matchLabels: {app: search}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: search}}}]
          ports: [{protocol: TCP, port: 9300}]
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: library}
    spec: {mtls: {mode: STRICT}}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: library, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: search, namespace: library}
    spec:
      serviceName: search
      selector: {matchLabels: {app: search}}
      template:
        metadata: {labels: {app: search}}
        spec: {containers: [{name: search, image: search, ports: [{containerPort: 9200}, {containerPort: 9300}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: search, namespace: library}
    spec:
      clusterIP: None
      selector: {app: search}
      ports: [{name: http, port: 9200}, {name: tcp-transport, port: 9300}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: search, namespace: library}
    spec:
      podSelector: {matchLabels: {app: search}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: search}}}]
          ports: [{protocol: TCP, port: 9300}]
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: library}
    spec: {mtls: {mode: STRICT}}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPolicy
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.servers import Server, mutual_tls, server
from generator.rules.written import INGRESS, written_in
from generator.semantics.admission import covers
from generator.semantics.mtls import STRICT
from generator.topology import Point

RULE = Rule("MG224", "headless", "peers of a headless Service that dial a port it does not have", Severity.WARNING)

_FIX = "give the headless Service that port, named by what it speaks (tcp-…), or make the port PERMISSIVE"


def check(context: Context) -> Iterator[Finding]:
    """Yield the ports that a policy opens among the pods of a headless Service, and that the Service lacks."""
    for service in context.cluster.services:
        if not service.is_headless or not service.selector:
            continue
        for workload in context.cluster.behind(service):
            one = server(context, workload)
            if one.mesh != "sidecar":
                continue
            for number in _unknown_to_clients(context, workload):
                policy = _opening(context, one, number)
                if policy and mutual_tls(context, one, number) == STRICT:
                    message = (
                        f"{policy.namespace}/{policy.name} opens {number} among the pods of {one.name}, and no Service "
                        f"of theirs has that port: they dial each other in plaintext, which STRICT refuses"
                    )
                    related = [(policy.manifest.place("metadata", "name"), "the policy that opens it")]
                    yield RULE.finding(message, service.manifest.place("spec", "ports"), _FIX, related=related)


def _unknown_to_clients(context: Context, workload: WorkloadTemplate) -> list[int]:
    """Return the TCP ports of *workload* that none of its Services leads to."""
    targets = {
        context.cluster.target(port, workload)
        for service in context.cluster.services_of(workload)
        for port in service.ports
    }
    return sorted({port.number for port in workload.ports if port.transport == "TCP"} - targets)


def _opening(context: Context, one: Server, number: int) -> NetworkPolicy | None:
    """Return the policy that names the pods themselves as callers of that port: so they dial each other."""
    admission, point = context.cluster.admission, Point("TCP", number)
    for policy in admission.policies(one.endpoint, INGRESS):
        for rule in written_in(policy, INGRESS):
            named = [peer for peer in rule.peers if peer.pods is not None and not peer.pods.is_empty]
            is_here = rule.rule.ports is not None and covers(rule.rule, point, one.endpoint)
            if is_here and any(admission.peer(peer, policy.namespace, one.endpoint) for peer in named):
                return policy
    return None
