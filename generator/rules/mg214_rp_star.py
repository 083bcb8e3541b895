"""An ALLOW rule that accepts any token: `requestPrincipals: ["*"]`.

Why:
    `*` stands for every valid token of every issuer that any RequestAuthentication for
    these pods trusts, for whatever audience it was made. A second issuer that is added
    later gets in too. And it asks for a subject: tokens of machines without `sub` are
    refused.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {requestPrincipals: ["*"]}

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [istio-ingress/ingressgateway]}
          when:
            - {key: "request.auth.claims[iss]", values: ["https://issuer.example"]}
            - {key: "request.auth.claims[aud]", values: [shop-api]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationRule
from generator.rules.base import Context, Rule
from generator.rules.said import said_by, title

RULE = Rule("MG214", "rp-star", "an ALLOW rule for any token", Severity.WARNING)

_FIX = "ask for the issuer and the audience: `when` with request.auth.claims[iss] and request.auth.claims[aud]"


def check(context: Context) -> Iterator[Finding]:
    """Yield `*` for request principals where no condition pins the issuer."""
    for policy in context.cluster.bundle.authorization_policies:
        for number, rule in enumerate(policy.rules if policy.action == "ALLOW" else ()):
            if _pins_issuer(rule):
                continue
            for value in said_by(policy, number, rule):
                if value.field == "requestPrincipals" and value.value == "*" and not value.is_negative:
                    message = (
                        f"{title(policy)} accepts any token of any issuer that is trusted here: `{value.name}` is `*`"
                    )
                    yield RULE.finding(message, value.place, _FIX)


def _pins_issuer(rule: AuthorizationRule) -> bool:
    return any(one.key == "request.auth.claims[iss]" and one.values for one in rule.conditions)
