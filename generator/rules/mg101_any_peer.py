"""A NetworkPolicy rule that admits everybody: no peers, an empty peer list, every namespace, or 0.0.0.0/0.

Why:
    In a rule, an empty or missing `from` or `to` means every source or destination, not
    none. A chart value that renders to an empty list, or a peer list that was filtered
    down to nothing, opens the pod to the whole cluster and the internet. The public door of
    a gateway or of a Service of type LoadBalancer is meant for everybody and is not reported.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: []
          ports: [{port: 8080}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.network import NetworkPolicy
from generator.rules.base import Context, Rule
from generator.rules.callers import backends
from generator.rules.roster import roster
from generator.rules.servers import is_gateway_selector
from generator.rules.written import EGRESS, INGRESS, WrittenRule, is_everybody, ports_words, written_rules

RULE = Rule("MG101", "any-peer", "a rule that admits everybody", Severity.WARNING)

_FIX = "name the peers; where everybody is meant, say so with an ignore comment and its reason"
_DNS = 53
_PUBLIC = ("LoadBalancer", "NodePort")
_ISTIO = {"istio": ("pilot", "istiod"), "app": ("istiod", "ztunnel"), "k8s-app": ("istio-cni-node",)}
"""Pods whose policies Istio's own charts leave broad on purpose (manifests/charts/*/templates/networkpolicy.yaml)."""


def check(context: Context) -> Iterator[Finding]:
    """Yield rules without peers, and peers that stand for everybody."""
    called = {(one.pods.namespace, one.point.number) for one in backends(context)}
    doors: dict[int, bool] = {}
    for rule in written_rules(context):
        for place, what in _everybody(rule):
            if doors.setdefault(id(rule.policy), _is_door(context, rule.policy)) and _is_listed(rule):
                continue
            words = "from anyone" if rule.direction == INGRESS else "to anywhere"
            message = f"{rule} opens {ports_words(rule.rule)} {words}: {what}"
            yield RULE.finding(message, place, _FIX, severity=_severity(rule, called))


def _everybody(rule: WrittenRule) -> Iterator[tuple[Place, str]]:
    if rule.rule.peers is None:
        yield rule.at(rule.side), "the rule names no peer"
    for position, peer in enumerate(rule.peers):
        if is_everybody(peer):
            what = peer.cidr or "an empty namespaceSelector"
            yield rule.at_peer(position, *(("ipBlock", "cidr") if peer.cidr else ())), f"{what} is everybody"


def _severity(rule: WrittenRule, called: set[tuple[str, int]]) -> Severity:
    if _is_of_istio(rule.policy):
        return Severity.INFO
    if rule.rule.ports is None:
        return Severity.WARNING if _is_idiom(rule) else Severity.ERROR
    is_dns = all(port.first == port.last == _DNS for port in rule.rule.ports)
    is_called = rule.direction == INGRESS and all(
        (rule.policy.namespace, port.first) in called and port.first == port.last for port in rule.rule.ports
    )  # the API server calls there, and no selector can name it
    return Severity.INFO if is_dns or is_called else Severity.WARNING


def _is_idiom(rule: WrittenRule) -> bool:
    """Tell whether *rule* is ``egress: [{}]``, which Kubernetes documents as the way to leave egress open."""
    return rule.direction == EGRESS and rule.policy.manifest.spec.get("egress") == [{}]


def _is_of_istio(policy: NetworkPolicy) -> bool:
    labels = dict(policy.pods.labels)
    return policy.manifest.labels.get("app.kubernetes.io/part-of") == "istio" or any(
        labels.get(key) in values for key, values in _ISTIO.items()
    )


def _is_listed(rule: WrittenRule) -> bool:
    """Tell whether *rule* lets in connections, on ports that it lists."""
    return rule.direction == INGRESS and rule.rule.ports is not None


def _is_door(context: Context, policy: NetworkPolicy) -> bool:
    """Tell whether the pods of *policy* are there for everybody: a gateway, or behind a public Service."""
    labels = {key: values[0] for key, operator, values in policy.pods.expressions if operator == "In" and values}
    labels |= dict(policy.pods.labels)
    if not labels:
        return False
    if is_gateway_selector(context, policy.namespace, labels):
        return True
    pods = roster(context).subjects(policy)
    return bool(pods) and all(
        any(service.type in _PUBLIC for service in context.cluster.services_of(one)) for one in pods
    )
