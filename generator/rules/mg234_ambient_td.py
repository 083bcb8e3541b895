"""Trust domains in a policy that ztunnel enforces: they are dropped without a word.

Why:
    istiod does not hand `trustDomains` on to ztunnel. Beside another field they vanish, and
    callers of every trust domain get in; alone in an ALLOW rule they match nobody, alone in
    a DENY rule they stop nobody.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      action: ALLOW
      rules:
        - from:
            - source: {namespaces: [shop], trustDomains: [cluster.local]}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      action: ALLOW
      rules:
        - from:
            - source: {principals: [cluster.local/ns/shop/*]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy
from generator.rules.base import Context, Rule
from generator.rules.said import Said, said_by, title
from generator.rules.servers import ztunnel_serves

RULE = Rule("MG234", "ambient-td", "trust domains where ztunnel enforces", Severity.ERROR)

_FIX = "write complete principals: TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first trust domain of each source that ztunnel would have to read."""
    for policy in context.cluster.bundle.authorization_policies:
        whom = ztunnel_serves(context, policy.scope)
        for number, rule in enumerate(policy.rules if whom else ()):
            values = [one for one in said_by(policy, number, rule) if not one.key]
            seen: set[tuple[str, int]] = set()
            for value in values:
                if value.field == "trustDomains" and value.part not in seen:
                    seen.add(value.part)
                    message = f"{title(policy)} limits callers of {whom} by `{value.name}`, which ztunnel never gets: "
                    yield RULE.finding(message + _effect(policy, value, values), value.place, _FIX)


def _effect(policy: AuthorizationPolicy, value: Said, values: list[Said]) -> str:
    if any(one.part == value.part and one.field != "trustDomains" for one in values):
        return "the rest of the source decides alone"
    return "the rule stops nobody" if policy.action == "DENY" else "the rule matches nobody"
