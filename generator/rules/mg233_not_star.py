"""A DENY for callers that are not `*`: it denies those without any identity.

Why:
    `*` means "some identity". `notPrincipals: ["*"]` therefore matches callers that have
    none, so plaintext ones, and `notRequestPrincipals: ["*"]` requests without a token.
    People read it as "deny everybody" and as "deny nobody"; it is neither. This is
    information, no mistake.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: deny-anonymous, namespace: shop}
    spec:
      action: DENY
      rules:
        - from:
            - source: {notPrincipals: ["*"]}

Good:
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.said import said, title

RULE = Rule("MG233", "not-star", "a DENY for callers without an identity", Severity.INFO)

_MEANING = {
    "principals": ("callers without a mesh identity", "where that is meant for all ports, STRICT mTLS says it shorter"),
    "requestPrincipals": ("requests without a valid token", "nothing to do if tokens are to be mandatory"),
}


def check(context: Context) -> Iterator[Finding]:
    """Explain every negated `*` of a DENY policy."""
    for policy in context.cluster.bundle.authorization_policies:
        for value in said(policy):
            is_star = value.is_negative and value.value == "*" and value.field in _MEANING
            if policy.action == "DENY" and is_star:
                whom, fix = _MEANING[value.field]
                yield RULE.finding(f"{title(policy)} denies {whom}: `{value.name}` is `*`", value.place, fix)
