"""A rule for one end of a connection whose other end refuses all of it.

Why:
    A connection needs both ends: an egress rule of the client and an ingress rule of the
    server, once policies isolate them. An egress rule for pods whose own policies let nobody
    of the kind in, or an ingress rule for callers that may not call, opens nothing. Usually
    the twin was forgotten, or names another port.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Egress]
      egress:
        - to:
            - podSelector: {matchLabels: {app: api}}
          ports: [{protocol: TCP, port: 8080}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: jobs}}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Egress]
      egress:
        - to:
            - podSelector: {matchLabels: {app: api}}
          ports: [{protocol: TCP, port: 8080}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: jobs}}
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.layers import HBONE
from generator.rules.roster import is_everything_shown
from generator.rules.subjects import isolating_place, peer_pods, policy_names, policy_pods, some
from generator.rules.written import EGRESS, INGRESS, WrittenRule, port_words, written_rules
from generator.topology import Endpoint, Point

RULE = Rule("MG123", "one-end", "a rule whose other end refuses the connection", Severity.WARNING)

_OTHER = {INGRESS: EGRESS, EGRESS: INGRESS}


def check(context: Context) -> Iterator[Finding]:
    """Yield peers that name pods none of which may take the other end, on any port of the rule."""
    for rule in written_rules(context):
        named = [at for at, peer in enumerate(rule.peers) if peer.pods is not None and not peer.pods.is_empty]
        points = _points(rule) if named else []
        own = policy_pods(context, rule.policy) if points else []
        for position in named if own else ():
            others = peer_pods(context, rule.policy, rule.peers[position])
            if others and all(_is_refused(context, rule, one, other, points) for other in others for one in own):
                yield _finding(context, rule, position, own, others)


def _points(rule: WrittenRule) -> list[Point]:
    """Return the ports of *rule*, if all of them are told by number: of others the other end may know more."""
    ports = rule.rule.ports or ()
    if any(port.name or port.first != port.last for port in ports):
        return []
    return [Point(port.protocol, port.first) for port in ports]


def _is_refused(context: Context, rule: WrittenRule, own: Endpoint, other: Endpoint, points: list[Point]) -> bool:
    """Tell whether *other*'s policies surely refuse every port of *rule*, and the tunnel of the mesh as well."""
    side = _OTHER[rule.direction]
    return all(context.cluster.admission.admits(other, side, own, point) is False for point in (*points, HBONE))


def _finding(
    context: Context, rule: WrittenRule, position: int, own: list[Endpoint], others: list[Endpoint]
) -> Finding:
    side = _OTHER[rule.direction]
    policies = context.cluster.admission.policies(others[0], side)
    ports = ", ".join(dict.fromkeys(map(port_words, rule.rule.ports or ())))
    whom, names = some(one.name for one in others), policy_names(policies)
    if side == INGRESS:
        message = f"{rule} lets pods call {whom} on {ports}, and {names} does not let them in there"
        fix = f"add an ingress rule for these callers to {names}, or remove this one"
    else:
        message = f"{rule} lets {whom} in on {ports}, and {names} does not let them call there"
        fix = f"add an egress rule for these servers to {names}, or remove this one"
    shown = {one.namespace for one in (*own, *others)}
    is_proven = all(is_everything_shown(context, each) for each in shown)
    severity = Severity.ERROR if is_proven else Severity.WARNING
    related = [(isolating_place(policies, side), "this policy isolates the other end")]
    return RULE.finding(message, rule.at_peer(position), fix, severity=severity, related=related)
