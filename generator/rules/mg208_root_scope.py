"""A policy for the whole mesh that also binds gateways, or does not bind the waypoints.

Why:
    A policy without a selector in the root namespace speaks for every sidecar and for the
    ingress gateways, whose clients have no identity: without an ALLOW of their own they
    answer everybody with 403. It does not speak for waypoints, which follow policies with
    `targetRefs` only: what is denied everywhere else is open there.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: edge, namespace: istio-ingress}
    spec:
      selector: {matchLabels: {istio: ingressgateway}}
      template:
        metadata: {labels: {istio: ingressgateway}}
        spec: {containers: [{name: istio-proxy, image: auto, ports: [{containerPort: 8443}]}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: default-deny, namespace: istio-system}
    spec:
      action: ALLOW

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: edge, namespace: istio-ingress}
    spec:
      selector: {matchLabels: {istio: ingressgateway}}
      template:
        metadata: {labels: {istio: ingressgateway}}
        spec: {containers: [{name: istio-proxy, image: auto, ports: [{containerPort: 8443}]}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: default-deny, namespace: istio-system}
    spec:
      action: ALLOW
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-edge, namespace: istio-ingress}
    spec:
      selector: {matchLabels: {istio: ingressgateway}}
      action: ALLOW
      rules:
        - to:
            - operation: {ports: ["8443"]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.said import IDENTITY, said_by, title
from generator.rules.servers import is_gateway, is_selected
from generator.rules.targets import gateways, targets
from generator.semantics.waypoints import is_waypoint

RULE = Rule("MG208", "root-scope", "a mesh-wide policy that binds gateways and no waypoints", Severity.WARNING)

_CLASS = "GatewayClass"


def check(context: Context) -> Iterator[Finding]:
    """Yield mesh-wide ALLOW policies that shut a shown gateway, or pass a shown waypoint by."""
    root = context.environment.istio.root_namespace
    for policy in context.cluster.bundle.authorization_policies:
        scope = policy.scope
        is_mesh_wide = scope.namespace == root and not scope.labels and not scope.has_targets
        if not is_mesh_wide or policy.action != "ALLOW" or policy.is_dry_run:
            continue
        place = policy.manifest.place("metadata", "name")
        shut = [one for one in context.cluster.workloads if is_gateway(context, one) and _is_shut(context, one)]
        if shut:
            names = ", ".join(f"{one.namespace}/{one.name}" for one in shut)
            message = f"{title(policy)} speaks for the whole mesh, gateways too: {names} admits no client from outside"
            yield RULE.finding(message, place, "add an ALLOW policy for the gateway in its own namespace")
        passed = [one for one in gateways(context) if is_waypoint(one) and not _is_bound(context, one.namespace, root)]
        if passed:
            names = ", ".join(f"{one.namespace}/{one.name}" for one in passed)
            message = f"{title(policy)} speaks for the whole mesh, but for no waypoint: {names} has no policy"
            fix = f"add a policy in {root} with targetRefs to the GatewayClass istio-waypoint"
            yield RULE.finding(message, place, fix)


def _is_shut(context: Context, gateway: WorkloadTemplate) -> bool:
    """Tell whether nobody wrote a rule for *gateway*, and the mesh-wide ones ask for an identity of the mesh."""
    near = (gateway.namespace, context.environment.istio.root_namespace)
    return not any(
        policy.scope.labels or policy.scope.namespace == gateway.namespace or _admits_strangers(policy, number)
        for policy in context.cluster.bundle.authorization_policies
        if policy.action == "ALLOW" and policy.scope.namespace in near
        if policy.scope.has_targets or is_selected(policy.scope, gateway)
        for number in range(len(policy.rules))
    )


def _admits_strangers(policy: AuthorizationPolicy, number: int) -> bool:
    values = said_by(policy, number, policy.rules[number])
    return not any(one.field in IDENTITY and not one.is_negative for one in values)


def _is_bound(context: Context, namespace: str, root: str) -> bool:
    """Tell whether some policy with targets may speak for the waypoints of *namespace*."""
    policies = context.cluster.bundle.authorization_policies
    return any(
        policy.manifest.namespace == namespace or (policy.manifest.namespace == root and target.kind == _CLASS)
        for policy in policies
        for target in targets(policy.manifest)
    )
