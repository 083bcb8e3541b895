"""A policy that is attached in a way its proxy does not follow.

Why:
    A waypoint applies only policies with `targetRefs`: one that selects its pods is ignored.
    A gateway of the Gateway API still follows selectors, by a compatibility switch. An
    istiod before 1.22 does not know `targetRefs` and takes such a policy for one of the
    whole namespace. A target in another namespace is refused.

Bad:
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: waypoint, namespace: shop}
    spec:
      gatewayClassName: istio-waypoint
      listeners: [{name: mesh, port: 15008, protocol: HBONE}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: waypoint, namespace: shop}
    spec:
      selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: waypoint}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}

Good:
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: waypoint, namespace: shop}
    spec:
      gatewayClassName: istio-waypoint
      listeners: [{name: mesh, port: 15008, protocol: HBONE}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: waypoint, namespace: shop}
    spec:
      targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}]
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest
from generator.manifests.security import Scope
from generator.rules.base import Context, Rule
from generator.rules.targets import gateway, targets
from generator.semantics.waypoints import is_waypoint

RULE = Rule("MG231", "targetref", "a policy attached in a way that is not followed", Severity.ERROR)

_SINCE = (1, 22)
_NAMES = ("gateway.networking.k8s.io/gateway-name", "istio.io/gateway-name")


def check(context: Context) -> Iterator[Finding]:
    """Yield selectors where targets are needed, and targets that are not understood."""
    bundle = context.cluster.bundle
    policies = [(one.manifest, one.scope) for one in bundle.authorization_policies]
    policies += [(one.manifest, one.scope) for one in bundle.request_authentications]
    for policy, scope in policies:
        yield from _selector(context, policy, scope)
        yield from _targets(context, policy)


def _selector(context: Context, policy: Manifest, scope: Scope) -> Iterator[Finding]:
    name = next((scope.labels[key] for key in _NAMES if key in scope.labels), None)
    if name is None or scope.has_targets:
        return
    title, place = f"{policy.kind} {policy.namespace}/{policy.name}", policy.place("spec", "selector")
    fix = f"write targetRefs: [{{group: gateway.networking.k8s.io, kind: Gateway, name: {name}}}]"
    found = gateway(context, policy.namespace, name)
    if found is not None and is_waypoint(found):
        message = f"{title} selects the pods of the waypoint {name}, which follows `targetRefs` only: it is ignored"
        yield RULE.finding(message, place, fix)
    elif found is not None:
        message = f"{title} selects the pods of the Gateway {name}; Istio follows that by a compatibility switch only"
        yield RULE.finding(message, place, fix, severity=Severity.WARNING)


def _targets(context: Context, policy: Manifest) -> Iterator[Finding]:
    version, found = context.environment.istio.version, list(targets(policy))
    title = f"{policy.kind} {policy.namespace}/{policy.name}"
    if found and version and version[:2] < _SINCE:
        shown = ".".join(map(str, version))
        message = (
            f"{title} has `targetRefs`, which Istio {shown} does not know: it speaks for the whole namespace there"
        )
        yield RULE.finding(message, found[0].place, "upgrade to Istio 1.22 or later, or use a selector")
    for target in found:
        if target.namespace and target.namespace != policy.namespace:
            message = f"{title} is for {target.kind} {target.name} of {target.namespace}: another namespace is refused"
            yield RULE.finding(message, target.place, f"put the policy into the namespace {target.namespace}")
