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
from generator.manifests.network import NetworkPeer, NetworkRule
from generator.manifests.security import AuthorizationPolicy
from generator.rules.base import Context, Rule
from generator.rules.layers import accounts, application_ports, opened_ports, selected_servers
from generator.rules.said import Said, said, title
from generator.rules.subjects import everyone, peer_pods, policy_names, some
from generator.rules.waypoints import enrolment
from generator.rules.written import INGRESS, WrittenRule, ports_words, written_rules
from generator.topology import IN_MESH, Endpoint, Point

RULE = Rule("MG305", "one-layer", "a caller that only one layer lets in", Severity.WARNING)

HBONE = Point("TCP", 15008)


def check(context: Context) -> Iterator[Finding]:
    """Yield callers that NetworkPolicies name and AuthorizationPolicies deny, then the reverse."""
    servers: dict[str, list[Endpoint]] = {}
    for one in selected_servers(context):
        if context.cluster.access.policies(one) and enrolment(context.cluster, one) is None:
            servers.setdefault(one.namespace, []).append(one)
    for written in written_rules(context, INGRESS):
        near = [
            one
            for one in servers.get(written.policy.namespace, ())
            if written.policy in context.cluster.admission.policies(one, INGRESS)
        ]
        for position, peer in enumerate(written.peers if near else ()):
            yield from _denied(context, written, position, peer, near)
    for policy in context.cluster.bundle.authorization_policies:
        namesakes = servers.get(policy.scope.namespace, ())
        near = [one for one in namesakes if policy in context.cluster.access.policies(one)]
        if near and policy.action == "ALLOW":
            for value in said(policy):
                yield from _blocked(context, policy, value, near)


def _denied(
    context: Context, written: WrittenRule, position: int, peer: NetworkPeer, servers: list[Endpoint]
) -> Iterator[Finding]:
    """Yield the callers that *peer* names and that no AuthorizationPolicy of any of *servers* lets in."""
    if peer.pods is None or peer.pods.is_empty:
        return
    callers = [one for one in peer_pods(context, written.policy, peer) if one.mesh in IN_MESH and one.account]
    if not callers:
        return
    verdicts = [
        context.cluster.access.admits(server, caller, Point("TCP", number))
        for server in servers
        for caller in callers
        for number in _ports(written.rule, server)
    ]
    if not verdicts or any(verdict is not False for verdict in verdicts):
        return
    policies = {title(one) for server in servers for one in context.cluster.access.policies(server)}
    message = (
        f"{written} lets {some(one.name for one in callers)} reach {some(one.name for one in servers)} on "
        f"{ports_words(written.rule)}, but {some(policies)} let no request of it in: it gets 403 or a closed connection"
    )
    fix = "allow its ServiceAccount in the AuthorizationPolicy, or remove the peer here"
    yield RULE.finding(message, written.at_peer(position), fix)


def _ports(rule: NetworkRule, server: Endpoint) -> list[int]:
    """Return the application's ports that *rule* opens; over HBONE, all of them."""
    ports = opened_ports(rule, server)
    tunnelled = server.mesh == "ambient" and HBONE.number in ports
    return application_ports(server) if tunnelled else [one for one in ports if one != HBONE.number]


def _blocked(context: Context, policy: AuthorizationPolicy, value: Said, servers: list[Endpoint]) -> Iterator[Finding]:
    """Yield the identity that *value* names, if NetworkPolicies keep all who have it from all of *servers*."""
    if value.is_negative or value.part[0] != "from" or value.field not in ("serviceAccounts", "principals"):
        return
    identity = accounts(value, policy.scope.namespace)
    callers = [
        one for one in everyone(context).values() if (one.namespace, one.account) == identity and one.mesh in IN_MESH
    ]
    pairs = [
        (caller, server, Point("TCP", number))
        for caller in callers
        for server in servers
        for number in _operation_ports(policy, value.rule, server)
        if caller != server
    ]
    if not pairs or not all(_is_cut(context, caller, server, point) for caller, server, point in pairs):
        return
    admission = context.cluster.admission
    keepers = {id(one): one for server in servers for one in admission.policies(server, "Ingress")}
    if not any(admission.admits(server, "Ingress", caller, point) is False for caller, server, point in pairs):
        keepers = {id(one): one for caller in callers for one in admission.policies(caller, "Egress")}
    message = (
        f"{title(policy)} allows {value.value}, which is {some(one.name for one in callers)}, but "
        f"{policy_names(keepers.values())} let no connection of it through to {some(one.name for one in servers)}: "
        "it times out"
    )
    fix = "name its pods in the NetworkPolicies of both ends on the same port, or remove the identity here"
    yield RULE.finding(message, value.place, fix)


def _operation_ports(policy: AuthorizationPolicy, number: int, server: Endpoint) -> list[int]:
    operations = policy.rules[number].operations or ()
    ports = [int(port) for one in operations for port in one.get("ports", ()) if port.isdigit()]
    return ports or application_ports(server)


def _is_cut(context: Context, caller: Endpoint, server: Endpoint, point: Point) -> bool:
    """Tell whether NetworkPolicies surely keep *caller* from *server*, directly and in a tunnel."""
    admission = context.cluster.admission
    ways = [point, HBONE] if server.mesh == "ambient" else [point]
    return all(
        admission.admits(server, "Ingress", caller, way) is False
        or admission.admits(caller, "Egress", server, way) is False
        for way in ways
    )
