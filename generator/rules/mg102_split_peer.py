"""Two peers where one was meant: a namespaceSelector and a podSelector in list items of their own.

Why:
    Items of `from` and `to` are alternatives; both selectors inside one item must hold. One
    dash too many turns "the resolver's pods in kube-system" into "every pod of kube-system,
    or resolvers in this namespace". It works, and admits a whole namespace.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-ingress}}
            - podSelector: {matchLabels: {istio: ingressgateway}}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-ingress}}
              podSelector: {matchLabels: {istio: ingressgateway}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.roster import is_everything_shown
from generator.rules.split import Split, splits
from generator.rules.written import INGRESS, written_rules

RULE = Rule("MG102", "split-peer", "two peers where one was meant", Severity.WARNING)

_FIX = "write both selectors into one peer: remove the dash before podSelector"


def check(context: Context) -> Iterator[Finding]:
    """Yield pairs of peers that were probably meant as one."""
    for rule in written_rules(context):
        for split in splits(context, rule):
            if split.is_likely is False or (split.is_likely is None and _is_enumeration(split)):
                continue
            words = "admits every pod of" if rule.direction == INGRESS else "opens every pod of"
            message = f"{rule} {words} the namespaces in this peer: the podSelector below it is a peer of its own"
            message += _reason(split)
            note = (rule.at_peer(split.pods), "an alternative to it, in the policy's own namespace")
            severity = Severity.ERROR if _is_proven(context, split) else Severity.WARNING
            yield RULE.finding(message, rule.at_peer(split.namespaces), _FIX, severity=severity, related=[note])


def _is_enumeration(split: Split) -> bool:
    """Tell whether the two are not alone: a longer list is one of alternatives, unless the pods say otherwise."""
    return len(split.rule.peers) > len((split.namespaces, split.pods))


def _is_proven(context: Context, split: Split) -> bool:
    return bool(split.is_likely) and is_everything_shown(context, split.rule.policy.namespace)


def _reason(split: Split) -> str:
    if not split.is_likely:
        return ""
    where = split.rule.policy.namespace
    return f"; {split.example} fits both selectors, and nothing that is shown in {where} fits the second alone"
