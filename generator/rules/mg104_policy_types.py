"""policyTypes that are missing, or that do not name a direction for which the policy has rules.

Why:
    What is not named is not in force: rules of a direction without its type are ignored, and
    some network plugins apply them all the same. Without `policyTypes` Kubernetes guesses
    once, when the object is created: a later `egress` section stays without effect, because
    an apply keeps the guess. An empty `egress: []` does not count as a section at all.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
      egress:
        - to:
            - podSelector: {matchLabels: {app: db}}
          ports: [{protocol: TCP, port: 5432}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress, Egress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
      egress:
        - to:
            - podSelector: {matchLabels: {app: db}}
          ports: [{protocol: TCP, port: 5432}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPolicy
from generator.rules.base import Context, Rule
from generator.rules.written import EGRESS, INGRESS, title

RULE = Rule("MG104", "policy-types", "policyTypes that are missing or incomplete", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield policies without types, and directions that have rules and no type."""
    for policy in context.cluster.bundle.network_policies:
        if policy.manifest.spec.get("policyTypes"):
            yield from _of_unlisted(policy)
        else:
            yield from _of_missing(policy)


def _of_unlisted(policy: NetworkPolicy) -> Iterator[Finding]:
    for direction in (INGRESS, EGRESS):
        if policy.rules(direction) and direction not in policy.types:
            key = direction.lower()
            place = policy.manifest.document.key_place((*policy.manifest.route, "spec", key))
            note = (policy.manifest.place("spec", "policyTypes"), "the types that are in force")
            message = f"{title(policy)} has {key} rules, and policyTypes does not name {direction}: they are ignored"
            fix = f"add {direction} to policyTypes, or remove the {key} rules"
            yield RULE.finding(message, place, fix, related=[note])


def _of_missing(policy: NetworkPolicy) -> Iterator[Finding]:
    spec = policy.manifest.spec
    if "egress" in spec and not spec["egress"]:
        place = policy.manifest.document.key_place((*policy.manifest.route, "spec", "egress"))
        message = f"{title(policy)} has an empty egress section and no policyTypes: egress stays open"
        yield RULE.finding(message, place, "add policyTypes: [Ingress, Egress]")
        return
    guess = ", ".join(policy.types)
    message = f"{title(policy)} has no policyTypes: Kubernetes takes [{guess}] when it is created, and keeps that"
    place = policy.manifest.document.key_place((*policy.manifest.route, "spec"))
    yield RULE.finding(message, place, f"write policyTypes: [{guess}]", severity=Severity.WARNING)
