"""A policy that selects, or names as a peer, pods on the network of their node.

Why:
    A pod with `hostNetwork: true` has the node's address. To most network plugins its traffic
    is the node's: no policy isolates it, and no selector of another policy matches it, except
    by luck on the same node. The effect is undefined by Kubernetes.

Bad:
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent, namespace: shop}
    spec:
      selector: {matchLabels: {app: agent}}
      template:
        metadata: {labels: {app: agent}}
        spec: {hostNetwork: true, containers: [{name: agent, image: agent}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: agent}}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent, namespace: shop}
    spec:
      selector: {matchLabels: {app: agent}}
      template:
        metadata: {labels: {app: agent}}
        spec: {hostNetwork: true, containers: [{name: agent, image: agent}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Ingress]
      ingress:
        - from:
            - ipBlock: {cidr: 192.168.16.0/20}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.addresses import networks
from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPeer, NetworkPolicy
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.roster import roster
from generator.rules.subjects import some
from generator.rules.written import INGRESS, WrittenRule, title, written_rules

RULE = Rule("MG114", "host-network", "a policy about pods on their node's network", Severity.WARNING)

_CURE = "name the nodes' addresses in an ipBlock, or use what the network plugin has for hosts"


def check(context: Context) -> Iterator[Finding]:
    """Yield selectors that name pods on their node's network. Whole namespaces are not about such pods."""
    if not any(one.is_host_network for one in context.cluster.workloads):
        return
    for policy in context.cluster.bundle.network_policies:
        yield from _of_subjects(context, policy)
    for rule in written_rules(context):
        # Whoever names addresses as well has seen to it: of the nodes, or of a cache that runs there.
        if not networks(peer.cidr for peer in _all_peers(rule)):
            yield from _of_peers(context, rule)


def _of_subjects(context: Context, policy: NetworkPolicy) -> Iterator[Finding]:
    pods = _on_host(roster(context).subjects(policy))
    if pods and not policy.pods.is_empty:
        message = (
            f"{title(policy)} selects {pods}, on the network of their node: most network plugins isolate no such pod"
        )
        fix = "do not count on this policy; give the pods a network of their own, or filter on the node"
        yield RULE.finding(message, policy.manifest.place("spec", "podSelector"), fix)


def _of_peers(context: Context, rule: WrittenRule) -> Iterator[Finding]:
    for position, peer in enumerate(rule.peers):
        pods = _on_host(roster(context).meant(peer, rule.policy.namespace))
        if pods and peer.pods is not None and not peer.pods.is_empty:
            words = "comes" if rule.direction == INGRESS else "goes"
            side = "from" if rule.direction == INGRESS else "to"
            message = (
                f"{rule} names {pods}, on the network of their node: what {words} {side} there has the node's address, "
                "and most network plugins do not match it with a selector"
            )
            yield RULE.finding(message, rule.at_peer(position, "podSelector"), _CURE)


def _on_host(found: tuple[WorkloadTemplate, ...]) -> str:
    return some(f"{one.namespace}/{one.name}" for one in found if one.is_host_network)


def _all_peers(rule: WrittenRule) -> Iterator[NetworkPeer]:
    """Yield the peers of every rule of the same policy and direction."""
    for each in rule.policy.rules(rule.direction):
        yield from each.peers or ()
