"""A DENY rule with `notPrincipals: ["*"]` or `notRequestPrincipals: ["*"]`: it refuses whoever has no identity.

Why:
    Read aloud it says "deny those who are not everybody", which sounds like nobody. In fact
    `*` means any identity at all, so the rule refuses callers without mutual TLS, or
    requests without a valid token. That is a good rule; it is told so that nobody removes it
    as a mistake, or takes it for one that says *which* identity is needed.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: need-a-token, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: DENY
      rules:
        - from:
            - source: {notRequestPrincipals: ["*"]}

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: need-a-token, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: DENY
      rules:
        - from:
            - source: {notRequestPrincipals: ["https://login.example.com/*"]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.said import said, title

RULE = Rule("MG233", "not-star", "a DENY rule for callers without identity", Severity.INFO)

_WHOM = {
    "principals": ("callers without mutual TLS", "any certificate of the mesh passes it"),
    "requestPrincipals": ("requests without a valid token", "a token of any issuer passes it"),
}


def check(context: Context) -> Iterator[Finding]:
    """Yield the negated stars of DENY policies, each with what it means."""
    for policy in context.cluster.bundle.authorization_policies:
        for value in said(policy) if policy.action == "DENY" else ():
            if value.is_negative and value.value == "*" and value.field in _WHOM:
                whom, rest = _WHOM[value.field]
                message = f'{title(policy)} denies {whom}: that is what `{value.name}: ["*"]` means; {rest}'
                fix = "nothing to mend if that is meant; name the identities if only some may pass"
                yield RULE.finding(message, value.place, fix)
