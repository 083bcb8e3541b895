"""A NetworkPolicy rule that admits everybody: no peers, an empty peer list, every namespace, or 0.0.0.0/0.

Why:
    In a rule, an empty or missing `from` or `to` means every source or destination, not
    none. A chart value that renders to an empty list, or a peer list that was filtered
    down to nothing, opens the pod to the whole cluster and the internet.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: []
          ports: [{port: 8080}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPeer, NetworkPolicy, NetworkRule
from generator.rules.base import Context, Rule

RULE = Rule("MG101", "any-peer", "a rule that admits everybody", Severity.WARNING)

_FIX = "name the peers; where everybody is meant, say so with an ignore comment and its reason"
_DNS = 53


def check(context: Context) -> Iterator[Finding]:
    """Yield rules without peers, and peers that stand for everybody."""
    for policy in context.cluster.bundle.network_policies:
        for direction in policy.types:
            for rule in policy.rules(direction):
                yield from _of_rule(policy, direction, rule)


def _of_rule(policy: NetworkPolicy, direction: str, rule: NetworkRule) -> Iterator[Finding]:
    words = "from anyone" if direction == "Ingress" else "to anywhere"
    severity = _severity(rule)
    if rule.peers is None:
        message = f"{policy.namespace}/{policy.name} opens {_ports(rule)} {words}: the rule names no peer"
        yield RULE.finding(message, rule.place, _FIX, severity=severity)
    for peer in rule.peers or ():
        if _is_everybody(peer):
            what = peer.cidr or "an empty namespaceSelector"
            message = f"{policy.namespace}/{policy.name} opens {_ports(rule)} {words}: {what} is everybody"
            yield RULE.finding(message, peer.place, _FIX, severity=severity)


def _severity(rule: NetworkRule) -> Severity:
    if rule.ports is None:
        return Severity.ERROR
    is_dns = all(port.first == port.last == _DNS for port in rule.ports)
    return Severity.INFO if is_dns else Severity.WARNING


def _is_everybody(peer: NetworkPeer) -> bool:
    if peer.cidr:
        return peer.cidr.endswith("/0") and not peer.excluded
    return peer.namespaces is not None and peer.namespaces.is_empty and peer.pods is None


def _ports(rule: NetworkRule) -> str:
    if rule.ports is None:
        return "every port"
    return ", ".join(str(port.name or port.first) for port in rule.ports)
