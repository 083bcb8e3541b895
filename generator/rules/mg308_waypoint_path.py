"""A Service behind a waypoint whose pods shut the waypoint out, or whose rules for requests can be walked around.

Why:
    With a waypoint, the connection that reaches the pod is the waypoint's: its pods must be
    admitted on 15008, and what ztunnel enforces (policies by selector or for the namespace)
    sees the waypoint's ServiceAccount and address, not the client's. And the detour is not
    compulsory: whoever dials the pod, and every ingress gateway without
    `istio.io/ingress-use-waypoint`, comes past the waypoint and the policies attached to it.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: waypoint, namespace: shop}
    spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: cart, namespace: shop}
    spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      template:
        metadata: {labels: {app: cart}}
        spec: {containers: [{name: cart, image: cart, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/web]}}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: waypoint, namespace: shop}
    spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: cart, namespace: shop}
    spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      template:
        metadata: {labels: {app: cart}}
        spec: {containers: [{name: cart, image: cart, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/waypoint]}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy
from generator.manifests.workloads import Service
from generator.rules.base import Context, Rule
from generator.rules.layers import application_ports
from generator.rules.routes import legs
from generator.rules.said import title
from generator.rules.subjects import isolating_place, policy_names, some, workloads
from generator.rules.targets import attached_policies
from generator.rules.waypoints import Enrolment, enrolment
from generator.semantics.cluster import NAMESPACE_NAME
from generator.topology import Endpoint, Point

RULE = Rule("MG308", "waypoint-path", "a waypoint that is shut out, or walked around", Severity.ERROR)

_HBONE = Point("TCP", 15008)
_INGRESS_LABEL = "istio.io/ingress-use-waypoint"
_STRANGER = Endpoint("another pod in the mesh", "~", {}, {NAMESPACE_NAME: "~"}, "~", "ambient")


def check(context: Context) -> Iterator[Finding]:
    """Yield what keeps a waypoint from its pods, and ways past one that enforces policies."""
    behind: dict[str, Enrolment] = {}
    for workload, pod in workloads(context):
        found = enrolment(context.cluster, pod) if pod.mesh == "ambient" else None
        if found is None or not any(context.cluster.services_of(workload)):
            continue
        behind[pod.name] = found
        yield from _shut_out(context, pod, found)
        yield from _denied(context, pod, found)
        guarded = [policy for one in context.cluster.services_of(workload) for policy in _attached(context, one, found)]
        if guarded:
            yield from _unguarded(context, pod, found, guarded[0])
    yield from _past(context, behind)


def _shut_out(context: Context, pod: Endpoint, found: Enrolment) -> Iterator[Finding]:
    """Yield a finding if NetworkPolicies do not admit the waypoint's pods on 15008."""
    if context.cluster.admission.admits(pod, "Ingress", found.waypoint, _HBONE) is not False:
        return
    policies = context.cluster.admission.policies(pod, "Ingress")
    message = (
        f"nothing in {policy_names(policies)} lets {found.waypoint.name} reach {pod.name} on 15008, and all calls "
        "of its Service come from there: they time out"
    )
    fix = f"add an ingress rule from the pods of {found.waypoint.name} (label gateway-name) on TCP 15008"
    related = [(found.holder.place("metadata", "labels"), "the waypoint is chosen here")]
    yield RULE.finding(message, isolating_place(policies, "Ingress"), fix, related=related)


def _denied(context: Context, pod: Endpoint, found: Enrolment) -> Iterator[Finding]:
    """Yield a finding if the policies that ztunnel enforces deny the waypoint's identity on every port."""
    ports = application_ports(pod)
    verdicts = [context.cluster.access.admits(pod, found.waypoint, Point("TCP", port)) for port in ports]
    if not verdicts or any(verdict is not False for verdict in verdicts):
        return
    policies = context.cluster.access.policies(pod)
    if not policies:
        return
    identity = f"{found.waypoint.namespace}/{found.waypoint.account}"
    message = (
        f"ztunnel sees {found.waypoint.name} as the caller of {pod.name}, and nothing in "
        f"{some(title(one) for one in policies)} allows its ServiceAccount {identity}: every call gets a 503"
    )
    fix = (
        f"allow serviceAccounts: [{identity}] in a policy by selector, and move what names clients, addresses or "
        "requests into a policy with targetRefs to the Service"
    )
    policy = next((one for one in policies if one.rules), policies[0])
    place = policy.rules[0].place if policy.rules else policy.manifest.place("spec")
    yield RULE.finding(message, place, fix)


def _attached(context: Context, service: Service, found: Enrolment) -> Iterator[AuthorizationPolicy]:
    """Yield the policies that the waypoint enforces for *service*."""
    for policy, named in attached_policies(context.cluster):
        for target in named if policy.scope.namespace in (service.namespace, found.waypoint.namespace) else ():
            names = (policy.scope.namespace, target.name)
            is_service = target.kind == "Service" and names == (service.namespace, service.name)
            is_waypoint = target.kind == "Gateway" and names == (found.waypoint.namespace, found.waypoint.account)
            if is_service or is_waypoint:
                yield policy


def _unguarded(context: Context, pod: Endpoint, found: Enrolment, policy: AuthorizationPolicy) -> Iterator[Finding]:
    """Yield a finding if another pod of the mesh may dial *pod* itself, past the policies of the waypoint."""
    is_open = context.cluster.admission.admits(pod, "Ingress", _STRANGER, _HBONE) is True
    ports = application_ports(pod)
    if not is_open or not any(context.cluster.access.admits(pod, _STRANGER, Point("TCP", port)) for port in ports):
        return
    identity = f"{found.waypoint.namespace}/{found.waypoint.account}"
    message = (
        f"{title(policy)} is enforced at {found.waypoint.name} alone, and nothing keeps other pods from dialling "
        f"{pod.name} by its address, past the waypoint"
    )
    fix = (
        f"add an AuthorizationPolicy (ALLOW) that selects the pods and names serviceAccounts: [{identity}], or admit "
        "the waypoint's pods alone on 15008 in a NetworkPolicy"
    )
    yield RULE.finding(message, policy.manifest.place("metadata", "name"), fix, severity=Severity.WARNING)


def _past(context: Context, behind: dict[str, Enrolment]) -> Iterator[Finding]:
    """Yield the routes through which a gateway reaches pods behind a waypoint directly, past its policies."""
    for leg in legs(context) if behind else ():
        found = behind.get(leg.server.name)
        if found is None:
            continue
        services = [
            one
            for one in context.cluster.services
            if (one.namespace, one.name) == (leg.backend.namespace, leg.backend.service)
        ]
        attached = [policy for one in services for policy in _attached(context, one, found)]
        if not attached:
            continue
        namespaces = [one for one in context.cluster.others("Namespace") if one.name == leg.server.namespace]
        holders = [*(one.manifest for one in services), *namespaces]
        if any(one.labels.get(_INGRESS_LABEL) == "true" for one in holders):
            continue
        message = (
            f"{leg.gateway.name} sends requests straight to {leg.server.name}, past {found.waypoint.name} and the "
            "policies attached to it: gateways use a waypoint only where they are told to"
        )
        fix = f'label the Service or its namespace {_INGRESS_LABEL}: "true"'
        yield RULE.finding(message, leg.backend.place, fix, severity=Severity.WARNING)
