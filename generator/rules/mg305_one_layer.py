"""A caller that one layer names and the other shuts out: NetworkPolicy and AuthorizationPolicy disagree.

Why:
    A connection needs both layers. When a NetworkPolicy names a caller whom no
    AuthorizationPolicy allows, or the other way round, one of the two was forgotten in a
    change: the caller gets 403 or a timeout, and the stale rule opens one layer for nothing.
    A rule for a whole namespace that the other layer narrows is no such case.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {serviceAccountName: api, containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {serviceAccountName: web, containers: [{name: web, image: web}]}
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
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/checkout]}}]
          to: [{operation: {ports: ["8080"]}}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {serviceAccountName: api, containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {serviceAccountName: web, containers: [{name: web, image: web}]}
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
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/web]}}]
          to: [{operation: {ports: ["8080"]}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.layers import (
    NamedIdentity,
    NamedPeer,
    is_cut,
    named_identities,
    named_peers,
    opened_ports,
    operation_ports,
)
from generator.rules.said import title
from generator.rules.subjects import policy_names, some
from generator.rules.written import ports_words
from generator.topology import Endpoint, Point

RULE = Rule("MG305", "one-layer", "a caller that only one layer lets in", Severity.WARNING)


def check(context: Context) -> Iterator[Finding]:
    """Yield callers that NetworkPolicies name and AuthorizationPolicies deny, then the reverse."""
    for peer in named_peers(context):
        yield from _denied(context, peer)
    for identity in named_identities(context):
        yield from _blocked(context, identity)


def _denied(context: Context, peer: NamedPeer) -> Iterator[Finding]:
    """Yield the callers that *peer* names and that no AuthorizationPolicy of any of its servers lets in."""
    verdicts = [
        context.cluster.access.admits(server, caller, Point("TCP", number))
        for server in peer.servers
        for caller in peer.callers
        for number in opened_ports(peer.written.rule, server)
    ]
    if not verdicts or any(verdict is not False for verdict in verdicts):
        return
    policies = {title(one) for server in peer.servers for one in context.cluster.access.policies(server)}
    message = (
        f"{peer.written} lets {_names(peer.callers)} reach {_names(peer.servers)} on "
        f"{ports_words(peer.written.rule)}, but by {some(policies)} its every request is denied"
    )
    fix = "allow its ServiceAccount in the AuthorizationPolicy, or remove the peer here"
    yield RULE.finding(message, peer.written.at_peer(peer.position), fix)


def _blocked(context: Context, identity: NamedIdentity) -> Iterator[Finding]:
    """Yield *identity*, if NetworkPolicies keep all who have it from all servers of its policy."""
    pairs = [
        (caller, server, Point("TCP", number))
        for caller in identity.callers
        for server in identity.servers
        for number in operation_ports(identity, server)
        if caller != server
    ]
    if not pairs or not all(is_cut(context, caller, server, point) for caller, server, point in pairs):
        return
    admission = context.cluster.admission
    keepers = {id(one): one for server in identity.servers for one in admission.policies(server, "Ingress")}
    if not any(admission.admits(server, "Ingress", caller, point) is False for caller, server, point in pairs):
        keepers = {id(one): one for caller in identity.callers for one in admission.policies(caller, "Egress")}
    message = (
        f"{title(identity.policy)} allows {identity.value.value}, which is {_names(identity.callers)}, but nothing in "
        f"{policy_names(keepers.values())} lets it connect to {_names(identity.servers)}: it times out"
    )
    fix = "name its pods in the NetworkPolicies of both ends on the same port, or remove the identity here"
    yield RULE.finding(message, identity.value.place, fix)


def _names(pods: tuple[Endpoint, ...]) -> str:
    return some(one.name for one in pods)
