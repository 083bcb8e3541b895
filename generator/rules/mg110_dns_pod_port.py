"""A rule for the resolvers that names port 53 where their pods listen on another one.

Why:
    Clients ask the Service on port 53; policies see the port of the pod. OpenShift's resolvers
    listen on 5353 and Gardener's on 8053: there a rule for port 53 lets no query through.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: coredns, namespace: kube-system}
    spec:
      selector: {matchLabels: {k8s-app: kube-dns}}
      template:
        metadata: {labels: {k8s-app: kube-dns}}
        spec: {containers: [{name: coredns, image: coredns, ports: [{containerPort: 8053, protocol: UDP}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-dns, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
              podSelector: {matchLabels: {k8s-app: kube-dns}}
          ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: coredns, namespace: kube-system}
    spec:
      selector: {matchLabels: {k8s-app: kube-dns}}
      template:
        metadata: {labels: {k8s-app: kube-dns}}
        spec: {containers: [{name: coredns, image: coredns, ports: [{containerPort: 8053, protocol: UDP}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-dns, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
              podSelector: {matchLabels: {k8s-app: kube-dns}}
          ports: [{protocol: UDP, port: 8053}, {protocol: TCP, port: 8053}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.resolvers import DNS, dns_ports, resolvers
from generator.rules.written import EGRESS, WrittenRule, numbers, written_rules
from generator.topology import Endpoint

RULE = Rule("MG110", "dns-pod-port", "port 53 for resolvers whose pods listen elsewhere", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield ports 53 in rules that name the resolvers' pods, and in rules of the resolvers' own policies."""
    ports = dns_ports(context)
    if DNS in ports:
        return
    pods = resolvers(context)
    for rule in written_rules(context):
        if not _is_about(context, rule, pods):
            continue
        for position, port in enumerate(rule.rule.ports or ()):
            is_dns = not port.name and port.first == port.last == DNS
            if is_dns and not any(one in numbers(rule.rule, port.protocol) for one in ports):
                listed = " and ".join(str(one) for one in ports)
                message = f"{rule} names port 53, and the resolvers' pods listen on {listed}: no query gets through"
                yield RULE.finding(message, rule.at_port(position, "port"), f"write port: {ports[0]}")


def _is_about(context: Context, rule: WrittenRule, pods: list[Endpoint]) -> bool:
    admission = context.cluster.admission
    for one in pods:
        if rule.direction == EGRESS:
            if any(admission.peer(peer, rule.policy.namespace, one) for peer in rule.peers if not peer.cidr):
                return True
        elif rule.policy in admission.policies(one, rule.direction) and not rule.policy.pods.is_empty:
            return True
    return False
