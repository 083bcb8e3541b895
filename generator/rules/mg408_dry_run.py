"""A dry run of an AuthorizationPolicy that shows nothing: Istio does not dry-run it, or drops it.

Why:
    `istio.io/dry-run: "true"` makes sidecars count what a policy of ALLOW or DENY would do.
    For CUSTOM and AUDIT there is no such thing. ztunnel gets a policy with this annotation
    only if istiod has AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY: otherwise nothing is
    enforced, and nothing is counted either, which looks like "no request would be refused".
    A ztunnel before 1.29 that gets one enforces it. An environment says `istio.ambientDryRun`.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: ask, namespace: shop, annotations: {istio.io/dry-run: "true"}}
    spec:
      selector: {matchLabels: {app: api}}
      action: CUSTOM
      provider: {name: opa}
      rules: [{to: [{operation: {ports: ["8080"]}}]}]

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-web, namespace: shop, annotations: {istio.io/dry-run: "true"}}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules: [{from: [{source: {serviceAccounts: [web]}}], to: [{operation: {ports: ["8080"]}}]}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.security import DRY_RUN
from generator.rules.base import Context, Rule
from generator.rules.said import title
from generator.rules.servers import ztunnel_serves

_FIRST = (1, 29)
"""The first Istio whose ztunnel knows dry runs (upgrade notes of 1.29)."""

RULE = Rule("MG408", "dry-run", "a dry run that shows nothing", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield the policies whose dry run is of no kind that is counted, or that ztunnel drops."""
    for policy in context.cluster.bundle.authorization_policies:
        if not policy.is_dry_run:
            continue
        place = policy.manifest.place("metadata", "annotations", DRY_RUN)
        if policy.action not in ("ALLOW", "DENY"):
            message = f"{title(policy)} has the action {policy.action}, which Istio cannot dry-run"
            yield RULE.finding(message, place, "compare what it would change with `meshgen diff` instead")
        elif whom := ztunnel_serves(context, policy.scope):
            yield from _at_ztunnel(context, title(policy), whom, place)


def _at_ztunnel(context: Context, name: str, whom: str, place: Place) -> Iterator[Finding]:
    istio = context.environment.istio
    words = f"{name} is a dry run for {whom}, where ztunnel enforces"
    if istio.ambient_dry_run:
        if istio.version is not None and istio.version < _FIRST:
            message = f"{words}: that of Istio {'.'.join(map(str, istio.version))} takes it for a rule, and refuses"
            yield RULE.finding(message, place, "wait for 1.29, or compare with `meshgen diff` instead")
        return
    is_known = istio.ambient_dry_run is False
    why = "istiod keeps it back" if is_known else "without a flag of istiod it drops the policy"
    fix = "compare what it would change with `meshgen diff`, or set AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY"
    fix += " and say istio.ambientDryRun in the environment"
    severity = Severity.ERROR if is_known else Severity.WARNING
    yield RULE.finding(f"{words}: {why} and counts nothing", place, fix, severity=severity)
