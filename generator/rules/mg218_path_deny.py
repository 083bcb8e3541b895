"""Access control by naming the paths that are forbidden.

Why:
    A DENY for `/admin*`, or an ALLOW for everything but `/admin*`, holds only if proxy and
    application agree on every spelling of a path. They differ in doubled slashes, `%2F`,
    `;parameters` and letter case, and one spelling that is not listed gets through. A list
    of what is allowed fails the other way: an odd spelling is refused.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: deny-admin, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: DENY
      rules:
        - to:
            - operation: {paths: [/admin*]}

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
            - operation: {paths: [/orders/*, /users/*]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.said import said, title

RULE = Rule("MG218", "path-deny", "paths that are forbidden by name", Severity.WARNING)

_FIX = "allow by name what may be asked for: ALLOW with `paths`"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first path of each operation that denies by path, or allows by the lack of one."""
    for policy in context.cluster.bundle.authorization_policies:
        wanted = {"ALLOW": True, "DENY": False}.get(policy.action)
        paths = [one for one in said(policy) if one.field == "paths" and one.value not in ("*", "/*")]
        listed = {(one.rule, one.part) for one in paths if not one.is_negative}
        seen: set[tuple[int, tuple[str, int]]] = set()
        for value in paths:
            where = (value.rule, value.part)
            is_bounded = policy.action == "ALLOW" and where in listed
            if value.is_negative == wanted and where not in seen and not is_bounded:
                seen.add(where)
                message = f"{title(policy)} forbids {value.value!r} by name: another spelling of the path gets through"
                yield RULE.finding(message, value.place, _FIX)
