"""A change that cuts a connection which the other end still names.

Why:
    A connection that is closed at both ends was given up. One that is closed at one end
    only, while a rule of the other end still names it, was cut by mistake: the peer was
    renamed, a label has changed, a policy of identities forgot a caller. Needs what there was
    before: `--against OLD`; without it, MG123 and MG305 tell what they can.

Before:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Egress]
      egress:
        - to: [{podSelector: {matchLabels: {app: api}}}]
          ports: [{protocol: TCP, port: 8080}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: web}}}]
          ports: [{protocol: TCP, port: 8080}]

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Egress]
      egress:
        - to: [{podSelector: {matchLabels: {app: api}}}]
          ports: [{protocol: TCP, port: 8080}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: frontend}}}]
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Egress]
      egress:
        - to: [{podSelector: {matchLabels: {app: api}}}]
          ports: [{protocol: TCP, port: 8080}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: web}}}, {podSelector: {matchLabels: {app: frontend}}}]
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.layers import HBONE
from generator.rules.subjects import peer_pods, policy_pods
from generator.rules.written import EGRESS, INGRESS, WrittenRule, port_words, written_rules
from generator.topology import AMBIENT, Endpoint, Point

RULE = Rule("MG406", "cuts", "a change that cuts what the other end still names", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield peers that a rule names, and that got through before and do not now."""
    previous = context.previous
    if previous is None:
        return
    for rule in written_rules(context):
        for position, peer in enumerate(rule.peers):
            if peer.pods is not None and not peer.pods.is_empty:
                others = peer_pods(context, rule.policy, peer)
                yield from _of_peer(context, previous, rule, position, others)


def _of_peer(
    context: Context, previous: Context, rule: WrittenRule, position: int, others: list[Endpoint]
) -> Iterator[Finding]:
    for own in policy_pods(context, rule.policy) if others else ():
        for other in others:
            client, server = (other, own) if rule.direction == INGRESS else (own, other)
            for port in rule.rule.ports or ():
                point = Point(port.protocol, port.first)
                is_one = not port.name and port.first == port.last
                layer = _refusal(context, client, server, point) if is_one else ""
                if layer and not _may_have_been_refused(previous, client, server, point):
                    message = (
                        f"the change cuts {client.name} -> {server.name} on {port_words(port)} ({layer}), which {rule} "
                        "still names"
                    )
                    fix = "open it at both ends and both layers, or remove it at both"
                    yield RULE.finding(message, rule.at_peer(position), fix)
                    return


def _refusal(context: Context, client: Endpoint, server: Endpoint, point: Point) -> str:
    """Return which layer surely refuses the connection, in words; empty if none does."""
    admission = context.cluster.admission
    ways = (point, HBONE) if server.mesh == AMBIENT else (point,)
    if all(admission.admits(client, EGRESS, server, way) is False for way in ways):
        return f"egress of {client.name}"
    if all(admission.admits(server, INGRESS, client, way) is False for way in ways):
        return f"ingress of {server.name}"
    return "authorization" if context.cluster.access.admits(server, client, point) is False else ""


def _may_have_been_refused(previous: Context, client: Endpoint, server: Endpoint, point: Point) -> bool:
    admission = previous.cluster.admission
    ways = (point, HBONE) if server.mesh == AMBIENT else (point,)
    is_open = any(
        admission.admits(client, EGRESS, server, way) and admission.admits(server, INGRESS, client, way) for way in ways
    )
    return not is_open or previous.cluster.access.admits(server, client, point) is False
