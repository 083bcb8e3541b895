"""A rule for certain pods that names peers outside their namespace and no ports: it opens every port to them.

Why:
    Without `ports` a rule is about every port of every protocol: those of the application,
    and those of its debugger, its metrics and its proxy. Whoever writes it thinks of one.
    Where it speaks for a whole namespace, or for two ends within one, the space between may
    be meant to be open: that is information. A namespace that is open to itself, or open to the
    same others both ways, is one zone on purpose. A rule without peers is reported as such.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: frontend, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: frontend}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-ingress}}
              podSelector: {matchLabels: {istio: ingress}}

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: frontend, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: frontend}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-ingress}}
              podSelector: {matchLabels: {istio: ingress}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPeer
from generator.rules.base import Context, Rule
from generator.rules.written import EGRESS, INGRESS, WrittenRule, is_everybody, written_rules
from generator.semantics.cluster import NAMESPACE_NAME

RULE = Rule("MG122", "no-ports", "a rule that opens every port to its peers", Severity.WARNING)

_FIX = "list the ports under `ports`; those of the pods, not of their Service"


def check(context: Context) -> Iterator[Finding]:
    """Yield rules with peers and without ports, once for each rule."""
    for rule in written_rules(context):
        is_for_all = rule.policy.pods.is_empty
        if rule.rule.ports is not None or not rule.peers or any(map(is_everybody, rule.peers)):
            continue
        if is_for_all and _is_zone(context, rule):
            continue
        is_inside = is_for_all or all(_is_own_namespace(rule, peer) for peer in rule.peers)
        words = "to the peers of this rule" if rule.direction == INGRESS else "of the peers of this rule"
        message = f"{rule} opens every port {words}: it lists none"
        yield RULE.finding(message, rule.at(rule.side), _FIX, severity=Severity.INFO if is_inside else None)


def _is_own_namespace(rule: WrittenRule, peer: NetworkPeer) -> bool:
    """Tell whether *peer* surely means pods of the policy's own namespace alone."""
    if peer.namespaces is None:
        return not peer.cidr
    return dict(peer.namespaces.labels).get(NAMESPACE_NAME) == rule.policy.namespace


def _is_zone(context: Context, rule: WrittenRule) -> bool:
    """Tell whether *rule* opens the whole namespace to itself, or to whole namespaces that it is open to both ways."""
    if not all(not peer.cidr and (peer.pods is None or peer.pods.is_empty) for peer in rule.peers):
        return False
    labels = context.cluster.namespace_labels(rule.policy.namespace)
    if any(peer.namespaces is None or peer.namespaces.matches(labels) for peer in rule.peers):
        return True
    others = rule.policy.rules(EGRESS if rule.direction == INGRESS else INGRESS)
    return any(one.peers == rule.rule.peers and one.ports is None for one in others)
