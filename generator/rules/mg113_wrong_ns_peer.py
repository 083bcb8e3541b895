"""A peer with a podSelector alone whose pods run in another namespace.

Why:
    A podSelector without a namespaceSelector means pods of the policy's own namespace. Where
    the labels exist only elsewhere, the peer admits nobody, and the connection that the
    policy was written for is refused. So does a peer with the labels of an ingress gateway
    that runs under other labels, or in another namespace: that depends on how it was installed.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: reports, namespace: backoffice}
    spec:
      selector: {matchLabels: {app: reports}}
      template:
        metadata: {labels: {app: reports}}
        spec: {containers: [{name: reports, image: reports}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: reports}}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: reports, namespace: backoffice}
    spec:
      selector: {matchLabels: {app: reports}}
      template:
        metadata: {labels: {app: reports}}
        spec: {containers: [{name: reports, image: reports}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: backoffice}}
              podSelector: {matchLabels: {app: reports}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import LabelSelector, NetworkPeer
from generator.rules.base import Context, Rule
from generator.rules.ingress import gateway_words, is_ingress_gateway, is_no_gateway
from generator.rules.roster import is_everything_shown, platform, roster
from generator.rules.split import splits
from generator.rules.written import WrittenRule, written_rules
from generator.semantics.admission import selects
from generator.semantics.cluster import NAMESPACE_NAME

RULE = Rule("MG113", "wrong-ns-peer", "a podSelector for pods of another namespace", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield peers that mean pods of the own namespace, where such pods run only in others."""
    for rule in written_rules(context):
        torn = {one.pods for one in splits(context, rule) if one.is_likely is not False}  # that is MG102
        for position, peer in enumerate(rule.peers):
            if peer.pods is None or peer.pods.is_empty:
                continue
            found = _of_gateway(context, rule, position, peer, is_torn=position in torn)
            if not found and peer.namespaces is None and position not in torn:
                found = list(_of_peer(context, rule, position, peer.pods))
            yield from found


def _of_peer(context: Context, rule: WrittenRule, position: int, selector: LabelSelector) -> Iterator[Finding]:
    namespace = rule.policy.namespace
    known = roster(context)
    if known.selected(selector, namespace) or _is_platform_here(context, selector, namespace):
        return
    elsewhere = [(one.namespace, f"{one.namespace}/{one.name}") for one in known.elsewhere(selector, namespace)]
    # Labels of the platform say who is meant; any other may as well be those of pods that nobody shows.
    at_platform = _at_platform(context, selector)
    where = at_platform or (elsewhere if known.of(namespace) else [])
    if not where:
        return
    homes = sorted({one for one, _ in where})
    message = (
        f"{rule}: no pod of {namespace} fits this podSelector, which means that namespace alone; "
        f"{where[0][1]} runs in {homes[0]}"
    )
    key = f"namespaceSelector: {{matchLabels: {{{NAMESPACE_NAME}: {homes[0]}}}}}"
    severity = Severity.ERROR if is_everything_shown(context, namespace) else Severity.WARNING
    yield RULE.finding(message, rule.at_peer(position, "podSelector"), f"add {key} to this peer", severity=severity)


def _of_gateway(
    context: Context, rule: WrittenRule, position: int, peer: NetworkPeer, *, is_torn: bool
) -> list[Finding]:
    """Return a finding if *peer* means an ingress gateway, and none that the environment knows is there."""
    if peer.pods is None or not is_ingress_gateway(peer.pods) or roster(context).meant(peer, rule.policy.namespace):
        return []
    if not is_no_gateway(context, peer.pods, [] if is_torn else [_where(rule, peer)]):
        return []
    message = f"{rule}: this peer means an ingress gateway, and no gateway that is known fits it"
    fix = f"select the gateway by its namespace and labels: {gateway_words(context)}"
    return [RULE.finding(message, rule.at_peer(position, "podSelector"), fix, severity=Severity.WARNING)]


def _where(rule: WrittenRule, peer: NetworkPeer) -> LabelSelector:
    return peer.namespaces or LabelSelector(((NAMESPACE_NAME, rule.policy.namespace),))


def _is_platform_here(context: Context, selector: LabelSelector, namespace: str) -> bool:
    """Tell whether *selector* may mean pods of the platform in the policy's own namespace."""
    return any(
        pods.namespace == namespace and selects(selector, pods.labels, is_partial=True) is not False
        for pods in platform(context).values()
    )


def _at_platform(context: Context, selector: LabelSelector) -> list[tuple[str, str]]:
    """Return the pods that every cluster has once and that *selector* names: resolvers and istiod."""
    environment = context.environment
    known = {"the cluster's resolver": environment.dns.pods, "istiod": environment.istio.control_plane}
    return [(pods.namespace, name) for name, pods in known.items() if selects(selector, pods.labels, is_partial=True)]
