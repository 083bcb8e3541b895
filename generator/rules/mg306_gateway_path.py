"""A route sends a gateway to a workload that does not let the gateway in, or that the gateway may not reach.

Why:
    A VirtualService or HTTPRoute only tells the gateway where to go. The workload's
    NetworkPolicy must admit the gateway's pods on the *pod's* port (the Service's targetPort),
    the gateway's own egress must lead there, and an AuthorizationPolicy must allow the
    gateway's ServiceAccount. If one is missing, users see 503 or 403.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: public, namespace: ingress}
    spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: api, namespace: shop}
    spec:
      parentRefs: [{name: public, namespace: ingress}]
      rules:
        - backendRefs: [{name: api, port: 80}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: api, namespace: shop}
    spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: public, namespace: ingress}
    spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: api, namespace: shop}
    spec:
      parentRefs: [{name: public, namespace: ingress}]
      rules:
        - backendRefs: [{name: api, port: 80}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: api, namespace: shop}
    spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}
              podSelector: {matchLabels: {gateway.networking.k8s.io/gateway-name: public}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.routes import Leg, legs
from generator.rules.said import title
from generator.rules.subjects import policy_names, some
from generator.rules.waypoints import enrolment
from generator.topology import Point

RULE = Rule("MG306", "gateway-path", "a route to a workload that the gateway cannot reach", Severity.ERROR)

_HBONE = Point("TCP", 15008)
_FIX = (
    "admit the gateway's pods on the pod's port in the workload's NetworkPolicy and in the gateway's egress, and its "
    "ServiceAccount in the AuthorizationPolicy"
)


def check(context: Context) -> Iterator[Finding]:
    """Yield the destinations of routes that policies of either layer cut off."""
    for leg in legs(context):
        if why := list(_obstacles(context, leg)):
            manifest = leg.route.manifest
            message = (
                f"{manifest.kind} {manifest.namespace}/{manifest.name} sends {leg.gateway.name} to {leg.server.name} "
                f"on port {leg.port}, but {'; '.join(why)}"
            )
            yield RULE.finding(message, leg.backend.place, _FIX)


def _obstacles(context: Context, leg: Leg) -> Iterator[str]:
    """Yield what keeps the gateway out, a sentence for each layer and end."""
    admission, access = context.cluster.admission, context.cluster.access
    waypoint = enrolment(context.cluster, leg.server)
    ways = [Point("TCP", leg.port), _HBONE] if leg.server.mesh == "ambient" else [Point("TCP", leg.port)]
    if waypoint is not None:
        return  # whether the waypoint takes the gateway's traffic is another question
    if all(admission.admits(leg.server, "Ingress", leg.gateway, way) is False for way in ways):
        names = policy_names(admission.policies(leg.server, "Ingress"))
        yield f"nothing in {names} lets it in"
    if all(admission.admits(leg.gateway, "Egress", leg.server, way) is False for way in ways):
        names = policy_names(admission.policies(leg.gateway, "Egress"))
        yield f"nothing in {names} lets the gateway out to it"
    if access.admits(leg.server, leg.gateway, ways[0]) is False:
        names = some(title(one) for one in access.policies(leg.server)) or "mutual TLS"
        yield f"nothing in {names} allows {leg.gateway.namespace}/{leg.gateway.account or leg.gateway.name}"
