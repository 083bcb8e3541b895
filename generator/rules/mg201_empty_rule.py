"""An ALLOW policy with an empty rule: it admits every request of everybody.

Why:
    A rule without `from`, `to` and `when` always matches. `rules: [{}]` in an ALLOW policy
    opens what it selects to everybody, with or without an identity; all other ALLOW
    policies for the same pods lose their effect. What denies everything is a policy
    without any rules.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: default-deny, namespace: shop}
    spec:
      action: ALLOW
      rules:
        - {}

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: default-deny, namespace: shop}
    spec:
      action: ALLOW
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule
from generator.rules.base import Context, Rule
from generator.rules.said import title
from generator.rules.servers import serves_only_gateways

RULE = Rule("MG201", "empty-rule", "an ALLOW policy with a rule that always matches", Severity.ERROR)

_FIX = "to deny everything leave `rules` out; to allow something name who and what"


def check(context: Context) -> Iterator[Finding]:
    """Yield the empty rules of ALLOW policies; a gateway is there for everybody, so there it is information."""
    for policy in context.cluster.bundle.authorization_policies:
        for rule in policy.rules if policy.action == "ALLOW" else ():
            if _is_empty(rule):
                message = f"{title(policy)} allows every request of everybody: an empty rule always matches"
                yield RULE.finding(message, rule.place, _FIX, severity=_severity(context, policy))


def _is_empty(rule: AuthorizationRule) -> bool:
    parts = (rule.sources, rule.operations)
    return not rule.conditions and all(part is None or not all(part) for part in parts)


def _severity(context: Context, policy: AuthorizationPolicy) -> Severity:
    if policy.scope.labels and serves_only_gateways(context, policy.scope):
        return Severity.INFO
    return Severity.WARNING if policy.is_dry_run else Severity.ERROR
