"""Two rules where one was meant: the first says only who, the next only what.

Why:
    Rules are alternatives. One dash too many turns "this caller may do that" into "this
    caller may do anything, or anybody may do that". YAML is valid either way, and nothing
    is denied that used to work, so nobody notices.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}
        - to:
            - operation: {methods: [GET], paths: [/orders/*]}

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}
          to:
            - operation: {methods: [GET], paths: [/orders/*]}
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule
from generator.rules.base import Context, Rule
from generator.rules.said import is_public, title
from generator.rules.servers import serves_only_gateways

RULE = Rule("MG203", "stray-dash", "a rule cut in two by a dash", Severity.ERROR)

_FIX = "remove the dash in front of `{part}`, so that both stand in one rule; or write a `from` for it"


def check(context: Context) -> Iterator[Finding]:
    """Yield rules that only say what, right after a rule that only says who."""
    for policy in context.cluster.bundle.authorization_policies:
        for who, what in itertools.pairwise(policy.rules):
            if _says_who(who) and _says_what(what) and not _is_meant(policy, what):
                yield _finding(context, policy, who, what)


def _finding(context: Context, policy: AuthorizationPolicy, who: AuthorizationRule, what: AuthorizationRule) -> Finding:
    part = "to" if what.operations else "when"
    verb = "may do" if policy.action == "ALLOW" else "is refused"
    message = (
        f"{title(policy)} has a rule with only `from` and then one with only `{part}`: rules are alternatives, so the "
        f"first caller {verb} everything, and everybody {verb} the second"
    )
    is_open = policy.action == "ALLOW" and not policy.is_dry_run and not _names_callers(what)
    is_open = is_open and not serves_only_gateways(context, policy.scope)  # there, anybody may be meant
    severity = Severity.ERROR if is_open else Severity.WARNING
    related = [(who.place, "the rule it was probably a part of")]
    return RULE.finding(message, what.place, _FIX.format(part=part), severity=severity, related=related)


def _says_who(rule: AuthorizationRule) -> bool:
    return rule.sources is not None and rule.operations is None and not rule.conditions


def _says_what(rule: AuthorizationRule) -> bool:
    return rule.sources is None and (rule.operations is not None or bool(rule.conditions))


def _names_callers(rule: AuthorizationRule) -> bool:
    return any(one.key.startswith(("source.", "request.auth.")) for one in rule.conditions)


def _is_meant(policy: AuthorizationPolicy, rule: AuthorizationRule) -> bool:
    """Tell whether *rule* makes sense for everybody: probes, metrics, public files; or one more reason to refuse."""
    if policy.action == "DENY" and rule.operations is None:
        return True
    return is_public(rule)
