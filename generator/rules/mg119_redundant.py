"""A rule that another one makes meaningless: the same pods, the same peers and ports, and more of them.

Why:
    NetworkPolicies only ever add up. One rule that opens a namespace to itself cancels every
    tier within it, and the narrow rules read as if they still protected something. A rule
    that repeats another one is only in the way.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: same-namespace, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: database, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: database}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: api}}
          ports: [{protocol: TCP, port: 5432}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: database, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: database}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: api}}
          ports: [{protocol: TCP, port: 5432}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.subjects import some
from generator.rules.within import is_rule_within
from generator.rules.written import EGRESS, INGRESS, WrittenRule, is_everybody, written_rules

RULE = Rule("MG119", "redundant", "a rule that another one makes meaningless", Severity.INFO)

_Key = tuple[str, tuple[str, str] | None]
_MOST = 5


def check(context: Context) -> Iterator[Finding]:
    """Yield the wide rules that hold others, and rules that stand twice."""
    for direction in (INGRESS, EGRESS):
        rules = list(written_rules(context, direction))
        by_label: dict[_Key, list[int]] = {}
        for number, rule in enumerate(rules):
            if rule.rule.peers is None or any(map(is_everybody, rule.peers)):
                continue  # it is for everybody: MG101
            by_label.setdefault(_key(rule), []).append(number)
        held: dict[int, list[WrittenRule]] = {}
        for number, rule in enumerate(rules):
            wider = _holder(rules, number, [other for key in _keys(rule) for other in by_label.get(key, ())])
            if wider is not None:
                held.setdefault(wider, []).append(rule)
        for number, narrow in held.items():
            yield _finding(rules[number], narrow)


def _key(rule: WrittenRule) -> _Key:
    """Return under which one label of its pods *rule* is looked up."""
    labels = rule.policy.pods.labels
    return rule.policy.namespace, labels[0] if labels else None


def _keys(rule: WrittenRule) -> Iterator[_Key]:
    """Yield where rules for the pods of *rule*, and perhaps more, are looked up."""
    yield rule.policy.namespace, None
    yield from ((rule.policy.namespace, label) for label in rule.policy.pods.labels)


def _holder(rules: list[WrittenRule], number: int, candidates: list[int]) -> int | None:
    """Return the first rule that holds rule *number*; of two that say the same, the later holds nothing."""
    for other in sorted(candidates):
        if (
            other != number
            and not _is_copy(rules[number], rules[other])
            and is_rule_within(rules[number], rules[other])
        ):
            is_same = is_rule_within(rules[other], rules[number])
            if not is_same or other < number:
                return other
    return None


def _is_copy(one: WrittenRule, other: WrittenRule) -> bool:
    """Tell whether both are of one object that was read twice, perhaps in two versions."""
    return one.policy is not other.policy and str(one) == str(other)


def _finding(wide: WrittenRule, narrow: list[WrittenRule]) -> Finding:
    names = some(str(one) for one in narrow)
    message = f"{wide} opens here all that {names} would open: policies add up, so the narrower rule limits nothing"
    fix = "narrow this rule if the other was meant to hold; else remove the other"
    related = [(one.at(), f"{one}: covered") for one in narrow[:_MOST]]
    return RULE.finding(message, wide.at(), fix, related=related)
