"""`serviceAccounts` that this Istio does not read, or reads differently than written.

Why:
    The field exists since Istio 1.25; an older istiod drops it, and a source without its
    callers is everybody or an error. In the versions of CVE-2026-39350 a dot in the name is
    a wildcard: `cert-manager.io` also lets `cert-manager-io` in. It takes no `*`, at most 16
    names, and no principals or namespaces beside it.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: ["shop/*"]}

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [shop/web, shop/cart]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy
from generator.rules.base import Context, Rule
from generator.rules.said import Said, said, title

RULE = Rule("MG212", "sa-field", "serviceAccounts that Istio does not read as written", Severity.ERROR)

_SINCE = (1, 25)
_MOST = 16
_LATEST = 99
"""Stands for an unknown patch version: whoever states 1.27 may well have a corrected one."""

_VULNERABLE = (((1, 25, 0), (1, 27, 8)), ((1, 28, 0), (1, 28, 5)), ((1, 29, 0), (1, 29, 1)))
"""First and last versions of CVE-2026-39350."""


def check(context: Context) -> Iterator[Finding]:
    """Yield what the version of the environment, or any version, makes of service accounts."""
    version = context.environment.istio.version
    for policy in context.cluster.bundle.authorization_policies:
        lists: dict[tuple[int, tuple[str, int], bool], list[Said]] = {}
        for value in said(policy):
            if value.field == "serviceAccounts":
                lists.setdefault((value.rule, value.part, value.is_negative), []).append(value)
        for values in lists.values():
            yield from _of_list(policy, values, version)
            for value in values:
                yield from _of_value(policy, value, version)


def _of_list(policy: AuthorizationPolicy, values: list[Said], version: tuple[int, ...] | None) -> Iterator[Finding]:
    first = values[0]
    if version and version[:2] < _SINCE:
        message = f"{title(policy)} uses `{first.name}`, which Istio {_shown(version)} does not know and drops"
        yield RULE.finding(message, first.place, "name the callers by principals")
    if len(values) > _MOST and not first.key:
        message = f"{title(policy)} has {len(values)} names in `{first.name}`; {_MOST} are accepted"
        yield RULE.finding(message, values[_MOST].place, "split them over several `source` items")
    if not first.key:
        source = (policy.rules[first.rule].sources or ())[first.part[1]]
        others = {"principals", "notPrincipals", "namespaces", "notNamespaces"} & set(source)
        if others:
            message = (
                f"{title(policy)} has `{first.name}` beside {', '.join(sorted(others))} in one source: it is refused"
            )
            yield RULE.finding(message, first.place, "name the callers in one way")


def _of_value(policy: AuthorizationPolicy, value: Said, version: tuple[int, ...] | None) -> Iterator[Finding]:
    if "*" in value.value:
        message = f"{title(policy)} has {value.value!r} in `{value.name}`, which takes no wildcard: it is refused"
        yield RULE.finding(message, value.place, "list the accounts, or use principals or namespaces")
    elif "." in value.value and version and any(first <= _full(version) <= last for first, last in _VULNERABLE):
        message = (
            f"{title(policy)} has {value.value!r} in `{value.name}`: Istio {_shown(version)} reads the dots as "
            f"wildcards and lets other accounts in (CVE-2026-39350)"
        )
        yield RULE.finding(message, value.place, "name it by principals, or upgrade Istio")


def _full(version: tuple[int, ...]) -> tuple[int, ...]:
    return (*version, _LATEST)[:3]


def _shown(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
