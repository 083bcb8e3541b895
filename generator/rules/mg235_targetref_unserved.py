"""A policy for a Service or Gateway that no waypoint or gateway serves: nobody enforces it.

Why:
    A policy with `targetRefs` is read by waypoints and gateways of the Gateway API alone.
    Sidecars and ztunnel skip it. Where the Service is not enrolled with
    `istio.io/use-waypoint`, or the Gateway does not exist, it protects nothing.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: cart, namespace: shop}
    spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      targetRefs: [{group: "", kind: Service, name: cart}]
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: waypoint, namespace: shop, labels: {istio.io/waypoint-for: service}}
    spec:
      gatewayClassName: istio-waypoint
      listeners: [{name: mesh, port: 15008, protocol: HBONE}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: cart, namespace: shop, labels: {istio.io/use-waypoint: waypoint}}
    spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      targetRefs: [{group: "", kind: Service, name: cart}]
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest
from generator.rules.base import Context, Rule
from generator.rules.targets import Target, gateway, gateways, targets
from generator.semantics.waypoints import USE_WAYPOINT, WAYPOINT_FOR, WAYPOINT_NAMESPACE

RULE = Rule("MG235", "targetref-unserved", "a policy whose target nobody serves", Severity.ERROR)

_GROUPS = {"Service": "", "ServiceEntry": "networking.istio.io"}
_FIX = "create a waypoint and label the {kind} or its Namespace `istio.io/use-waypoint: NAME`"


def check(context: Context) -> Iterator[Finding]:
    """Yield targets that are surely served by nobody; what is not shown is unknown."""
    bundle = context.cluster.bundle
    policies = [one.manifest for one in bundle.authorization_policies]
    policies += [one.manifest for one in bundle.request_authentications]
    for policy in policies:
        for target in targets(policy):
            if target.kind == "Gateway":
                yield from _gateway(context, policy, target)
            elif target.kind in _GROUPS and target.group in ("", "core", _GROUPS[target.kind]):
                yield from _behind_waypoint(context, policy, target)


def _title(policy: Manifest) -> str:
    return f"{policy.kind} {policy.namespace}/{policy.name}"


def _gateway(context: Context, policy: Manifest, target: Target) -> Iterator[Finding]:
    if gateway(context, policy.namespace, target.name):
        return
    elsewhere = sorted({one.namespace for one in gateways(context) if one.name == target.name})
    if _is_home_shown(context, policy.namespace):
        where = f"; there is one in {', '.join(elsewhere)}" if elsewhere else ""
        message = f"{_title(policy)} is for the Gateway {target.name}, which {policy.namespace} does not have{where}"
        severity = Severity.ERROR if context.is_complete else Severity.WARNING
        fix = "create the Gateway, or name one of the policy's own namespace"
        yield RULE.finding(message, target.place, fix, severity=severity)


def _is_home_shown(context: Context, namespace: str) -> bool:
    """Tell whether the manifests show what is in *namespace*: its Namespace and workloads, or all there is."""
    known = namespace in context.cluster.namespaces or context.is_complete
    return known and any(one.namespace == namespace for one in context.cluster.workloads)


def _behind_waypoint(context: Context, policy: Manifest, target: Target) -> Iterator[Finding]:
    namespace, what = policy.namespace, f"the {target.kind} {target.name}"
    shown = [one for one in context.of_kind(target.kind) if one.group == _GROUPS[target.kind]]
    holders = [one for one in shown if (one.namespace, one.name) == (namespace, target.name)]
    home = [one for one in context.of_kind("Namespace") if one.name == namespace]
    near = [one for one in shown if one.namespace == namespace]
    if not holders:
        if near and _is_home_shown(context, namespace):
            message = f"{_title(policy)} is for {what}, which {namespace} does not have"
            severity = Severity.ERROR if context.is_complete else Severity.WARNING
            fix = f"name a {target.kind} of the policy's own namespace"
            yield RULE.finding(message, target.place, fix, severity=severity)
        return
    label = next((one for one in (*holders, *home) if USE_WAYPOINT in one.labels), None)
    if label is None or label.labels[USE_WAYPOINT] in ("", "none"):
        if home or context.is_complete:
            message = f"{_title(policy)} is for {what}, which no waypoint serves: nobody enforces it"
            yield RULE.finding(message, target.place, _FIX.format(kind=target.kind))
        return
    yield from _waypoint(context, policy, target, label)


def _waypoint(context: Context, policy: Manifest, target: Target, label: Manifest) -> Iterator[Finding]:
    """Yield a waypoint that is named and does not exist, or that serves no Services."""
    name = label.labels[USE_WAYPOINT]
    namespace = label.labels.get(WAYPOINT_NAMESPACE) or policy.namespace
    found = gateway(context, namespace, name)
    related = [(label.place("metadata", "labels", USE_WAYPOINT), "the label that names it")]
    if found is None and _is_home_shown(context, namespace):
        severity = Severity.ERROR if context.is_complete else Severity.WARNING
        message = f"{_title(policy)} is for {target.kind} {target.name}, whose waypoint {namespace}/{name} is not there"
        fix = "create the waypoint, or correct the label"
        yield RULE.finding(message, target.place, fix, severity=severity, related=related)
    elif found is not None and found.labels.get(WAYPOINT_FOR, "service") in ("workload", "none"):
        message = f"{_title(policy)} is for the {target.kind} {target.name}, but its waypoint {name} serves no Services"
        fix = f"label the Gateway {WAYPOINT_FOR}: service, or all"
        yield RULE.finding(message, target.place, fix, related=related)
