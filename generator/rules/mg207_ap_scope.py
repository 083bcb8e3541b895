"""A policy whose selector matches nothing in its own namespace, such as one for a gateway that lives elsewhere.

Why:
    Istio's policies select pods of their own namespace only (the root namespace: of the
    whole mesh). A policy for the ingress gateway that lies in the application's namespace
    is accepted and does nothing, and so does one with a slip in a label.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: apis}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.names import nearest
from generator.manifests.objects import Manifest
from generator.manifests.security import Scope
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.roster import is_everything_shown
from generator.rules.servers import is_gateway, is_gateway_selector, is_selected, neighbours, seems_whole

RULE = Rule("MG207", "ap-scope", "a selector that matches nothing in its namespace", Severity.WARNING)

_CLOSE = 2


def check(context: Context) -> Iterator[Finding]:
    """Yield policies that select nothing, where the namespace's workloads are shown."""
    bundle = context.cluster.bundle
    policies = [(one.manifest, one.scope) for one in bundle.authorization_policies]
    policies += [(one.manifest, one.scope) for one in bundle.request_authentications]
    policies += [(one.manifest, one.scope) for one in bundle.peer_authentications]
    for manifest, scope in policies:
        if scope.labels and not scope.has_targets and not _has_subject(context, scope):
            yield from _elsewhere(context, manifest, scope) or _nowhere(context, manifest, scope)


def _has_subject(context: Context, scope: Scope) -> bool:
    """Tell whether *scope* selects something: a workload, or a gateway that the environment knows there."""
    if any(is_selected(scope, one) for one in neighbours(context, scope)):
        return True
    known = (context.environment.gateways or {}).values()
    spaces = (scope.namespace,) if scope.namespace != context.environment.istio.root_namespace else None
    pods = [one.pods for one in known if spaces is None or one.pods.namespace in spaces]
    return any(scope.labels.items() <= one.labels.items() for one in pods)


def _elsewhere(context: Context, policy: Manifest, scope: Scope) -> list[Finding]:
    """Return a finding if the selector is that of a gateway in another namespace."""
    homes = {
        one.namespace
        for one in context.cluster.workloads
        if scope.labels.items() <= one.labels.items() and is_gateway(context, one)
    }
    homes |= {
        one.pods.namespace
        for one in (context.environment.gateways or {}).values()
        if scope.labels.items() <= one.pods.labels.items()
    }
    if not homes:
        return []
    home = sorted(homes)[0]
    message = (
        f"{policy.kind} {policy.namespace}/{policy.name} selects a gateway that lives in the namespace {home}; "
        f"a policy reaches only pods of its own namespace, so it does nothing"
    )
    fix = f"move it to the namespace {home}"
    return [RULE.finding(message, policy.place("spec", "selector"), fix, severity=Severity.ERROR)]


def _nowhere(context: Context, policy: Manifest, scope: Scope) -> Iterator[Finding]:
    near = neighbours(context, scope)
    if not near or is_gateway_selector(context, scope.namespace, scope.labels):
        return  # no workload is shown at all; or a gateway's pods, which controllers make
    shown = ", ".join(f"{key}={value}" for key, value in sorted(scope.labels.items()))
    is_known = is_everything_shown(context, scope.namespace) or seems_whole(context, scope.namespace)
    if not is_known:
        message = f"whether {policy.kind} {policy.namespace}/{policy.name} selects anything ({shown})"
        yield RULE.unknown(message, policy.place("spec", "selector"), f"the workloads of {scope.namespace}")
        return
    message = f"{policy.kind} {policy.namespace}/{policy.name} selects no workload that is shown: none has {shown}"
    yield RULE.finding(message, policy.place("spec", "selector", "matchLabels"), _hint(near, scope))


def _hint(near: list[WorkloadTemplate], scope: Scope) -> str:
    """Return the label that was probably meant, if a workload has one that differs by a slip."""
    for key, value in sorted(scope.labels.items()):
        values = {one.labels[key] for one in near if key in one.labels}
        close = None if value in values else nearest(value, values)
        if close and abs(len(close) - len(value)) <= _CLOSE:
            return f"did you mean {key}: {close!r}?"
    return "correct the labels, or remove the policy"
