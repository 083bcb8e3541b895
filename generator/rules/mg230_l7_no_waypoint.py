"""A policy about requests for ambient pods without a waypoint: ztunnel reads no HTTP.

Why:
    In ambient, a policy that selects pods is enforced by ztunnel, which sees connections.
    It omits an ALLOW rule that has any HTTP field, so what it allows is refused. A DENY
    rule with other fields too is applied without the HTTP ones, and denies more; one with
    HTTP fields only is skipped: nothing is denied at all. CUSTOM, AUDIT and tokens do not
    exist there. A waypoint reads HTTP, for policies that name it with `targetRefs`.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: deny-deletes, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      action: DENY
      rules:
        - to:
            - operation: {methods: [DELETE]}

Good:
    apiVersion: v1
    kind: Namespace
    metadata:
      name: shop
      labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}
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
    metadata: {name: cart, namespace: shop}
    spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: deny-deletes, namespace: shop}
    spec:
      targetRefs: [{group: "", kind: Service, name: cart}]
      action: DENY
      rules:
        - to:
            - operation: {methods: [DELETE]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.security import AuthorizationPolicy, Scope
from generator.rules.base import Context, Rule
from generator.rules.said import Said, said_by, title
from generator.rules.servers import ztunnel_serves

RULE = Rule("MG230", "l7-no-waypoint", "a policy about requests where only ztunnel enforces", Severity.ERROR)

_FIX = "attach it with `targetRefs` to a Service or Gateway that a waypoint serves, and keep only L4 fields here"
_L4_FIELDS = frozenset(
    {"principals", "namespaces", "serviceAccounts", "trustDomains", "ipBlocks", "ports"},
)
_L4_KEYS = frozenset({"source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port"})


def check(context: Context) -> Iterator[Finding]:
    """Yield what ztunnel cannot enforce, with the effect that follows."""
    for policy in context.cluster.bundle.authorization_policies:
        whom = ztunnel_serves(context, policy.scope)
        if not whom:
            continue
        if policy.action in ("CUSTOM", "AUDIT"):
            message = f"{title(policy)} has the action {policy.action}, unknown to ztunnel: for {whom} it does nothing"
            yield _finding(context, policy.scope, message, policy.manifest.place("spec", "action"))
            continue
        for number, rule in enumerate(policy.rules):
            values = list(said_by(policy, number, rule))
            first = next((one for one in values if not _is_l4(one)), None)
            if first:
                effect = _effect(policy, values)
                message = f"{title(policy)} reads `{first.name}`, which ztunnel cannot see, for {whom}: {effect}"
                yield _finding(context, policy.scope, message, first.place)
    for tokens in context.cluster.bundle.request_authentications:
        whom = ztunnel_serves(context, tokens.scope)
        if whom:
            name = f"RequestAuthentication {tokens.manifest.namespace}/{tokens.manifest.name}"
            message = f"{name} checks tokens of {whom}, which are behind ztunnel: no token is looked at"
            yield _finding(context, tokens.scope, message, tokens.manifest.place("spec", "jwtRules"))


def _finding(context: Context, scope: Scope, message: str, place: Place) -> Finding:
    """A policy of the whole mesh may be meant for the sidecars in it; one for this namespace is not."""
    is_mesh_wide = scope.namespace == context.environment.istio.root_namespace and not scope.labels
    return RULE.finding(message, place, _FIX, severity=Severity.WARNING if is_mesh_wide else Severity.ERROR)


def _is_l4(value: Said) -> bool:
    return value.key in _L4_KEYS if value.key else value.field in _L4_FIELDS


def _effect(policy: AuthorizationPolicy, values: list[Said]) -> str:
    if policy.action == "ALLOW":
        return "the whole rule is omitted, and what it allows is refused"
    if any(_is_l4(one) for one in values):
        return "the rule is applied without it, and denies more than it says"
    return "the rule is skipped, and denies nothing"
