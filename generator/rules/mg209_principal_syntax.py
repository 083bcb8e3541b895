"""A pattern that cannot match: a principal with `spiffe://`, not of its form, or a `*` where it is no wildcard.

Why:
    A principal is `TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`, without `spiffe://`. A `*` is a
    wildcard only as the first or the last character, and only one of them; elsewhere it
    is an ordinary character. Such a rule is accepted, and never matches: an ALLOW rule
    refuses the callers it means, a DENY rule lets them through.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {principals: ["spiffe://cluster.local/ns/shop/sa/web"]}

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {principals: [cluster.local/ns/shop/sa/web]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.said import Said, said, title

RULE = Rule("MG209", "principal-syntax", "a pattern that can match nothing", Severity.ERROR)

_SCHEME = "spiffe://"
_PATTERNS = frozenset({"principals", "requestPrincipals", "hosts", "methods", "paths", "trustDomains"})
_FORM = (None, "ns", None, "sa", None)


def check(context: Context) -> Iterator[Finding]:
    """Yield principals that are none, and patterns whose `*` is no wildcard."""
    for policy in context.cluster.bundle.authorization_policies:
        for value in said(policy):
            problem = _problem(value)
            if problem:
                what, fix = problem
                effect = "does not stop the callers it means" if policy.action == "DENY" else "never matches"
                effect = "excludes nobody" if value.is_negative else effect
                message = f"{title(policy)} has {value.name} {value.value!r}: {what}, so it {effect}"
                yield RULE.finding(message, value.place, fix)


def _problem(value: Said) -> tuple[str, str] | None:
    text = value.value
    is_template = value.field == "paths" and "{*" in text
    if value.field not in _PATTERNS or text == "*" or is_template:
        return None
    if value.field == "principals" and text.startswith(_SCHEME):
        return "a principal has no `spiffe://` in front", f'write "{text.removeprefix(_SCHEME)}"'
    if "*" in text.removeprefix("*") and (text.startswith("*") or "*" in text[:-1]):
        fix = "use the `*` as the first or the last character only, or list the values"
        return "a `*` is a wildcard only as the first or the last character", fix
    if value.field == "principals" and not _has_form(text):
        fix = "write TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT, or name the account in `serviceAccounts`"
        return "it is not of the form TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT", fix
    return None


def _has_form(text: str) -> bool:
    """Tell whether some identity matches *text*, which may begin or end with one `*`."""
    parts = text.strip("*").split("/")
    if len(parts) > len(_FORM):
        return False
    if text.startswith("*"):
        pairs = list(zip(reversed(parts), reversed(_FORM), strict=False))
        return all(_fits(part, wanted, last=n == len(parts) - 1, end=True) for n, (part, wanted) in enumerate(pairs))
    is_open = text.endswith("*")
    if not is_open and len(parts) != len(_FORM):
        return False
    pairs = list(zip(parts, _FORM, strict=False))
    return all(
        _fits(part, wanted, last=is_open and n == len(parts) - 1, end=False) for n, (part, wanted) in enumerate(pairs)
    )


def _fits(part: str, wanted: str | None, *, last: bool, end: bool) -> bool:
    """Tell whether *part* can be the segment *wanted* (None: any name); the *last* one may be cut off by the `*`."""
    if wanted is None:
        return bool(part) or last
    if last:
        return wanted.endswith(part) if end else wanted.startswith(part)
    return part == wanted
