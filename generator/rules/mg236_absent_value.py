"""An ALLOW rule that compares a header or claim with `notValues` alone: without the header it holds.

Why:
    A negative comparison is true of what is not there. "The header is not empty", written as
    `notValues`, lets in every request that does not carry the header, and a claim that must
    not be `guest` lets in tokens without that claim. Asking for presence is `values: ["*"]`.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: payment, namespace: shop}
    spec:
      selector: {matchLabels: {app: payment}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [checkout]}
          when:
            - key: request.headers[x-tenant]
              notValues: [guest]

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: payment, namespace: shop}
    spec:
      selector: {matchLabels: {app: payment}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [checkout]}
          when:
            - key: request.headers[x-tenant]
              values: ["*"]
              notValues: [guest]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.said import title

RULE = Rule("MG236", "absent-value", "a condition that holds when its header or claim is missing", Severity.WARNING)

_OPTIONAL = ("request.headers[", "request.auth.")
"""What a request may lack; it always has a path, a method and a source."""


def check(context: Context) -> Iterator[Finding]:
    """Yield conditions of ALLOW rules that are negative only, unless another one asks for the same key."""
    for policy in context.cluster.bundle.authorization_policies:
        for number, rule in enumerate(policy.rules if policy.action == "ALLOW" else ()):
            asked = {one.key for one in rule.conditions if one.values}
            for index, condition in enumerate(rule.conditions):
                if condition.not_values and condition.key.startswith(_OPTIONAL) and condition.key not in asked:
                    message = (
                        f"{title(policy)} admits requests by {condition.key} compared with `notValues` alone: a "
                        "request without it is admitted too"
                    )
                    place = policy.manifest.place("spec", "rules", number, "when", index, "notValues")
                    fix = 'name the values that are admitted, or demand that it is there with values: ["*"]'
                    yield RULE.finding(message, place, fix)
