"""An ipBlock within the range of pods, or within that of nodes where blocks do not match nodes.

Why:
    ipBlock is for addresses outside the cluster. Cilium and plugins like it look up who owns
    an address before any CIDR: a block inside the pods' or the nodes' range then matches
    nothing. Where a plugin does match it, it is somebody else's address tomorrow. The ranges
    come from the environment (`addresses.pods`, `addresses.nodes`) and from Node objects; what
    the plugin does from `cni.ipBlockMatchesPods`.

Bad:
    apiVersion: v1
    kind: Node
    metadata: {name: node-1}
    spec: {podCIDR: 10.244.1.0/24}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - ipBlock: {cidr: 10.244.1.17/32}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: v1
    kind: Node
    metadata: {name: node-1}
    spec: {podCIDR: 10.244.1.0/24}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.addresses import Network, is_inside, network, networks
from generator.core.findings import Finding, Severity
from generator.manifests.objects import strings
from generator.rules.base import Context, Rule
from generator.rules.written import written_rules

RULE = Rule("MG108", "ipblock-pods", "an ipBlock within the range of pods", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield blocks inside the cluster's own ranges; wider ones are not about the cluster alone."""
    matches_pods = context.environment.cni.ip_block_matches_pods
    if matches_pods:
        return
    ranges = dict.fromkeys(_of_pods(context), "pods")
    if matches_pods is False:
        ranges |= dict.fromkeys(networks(context.environment.addresses.nodes or ()), "nodes")
    for rule in written_rules(context) if ranges else ():
        for position, peer in enumerate(rule.peers):
            block = network(peer.cidr) if peer.cidr else None
            owner = next((one for one in ranges if block is not None and is_inside(block, one)), None)
            if owner is None:
                continue
            message = f"{rule} names {peer.cidr}, inside the {ranges[owner]}' range {owner}: "
            message += "this network plugin" if matches_pods is False else "a network plugin such as Cilium"
            severity = Severity.ERROR if matches_pods is False else Severity.WARNING
            fix = "select pods by their labels; for nodes, use what the network plugin has for hosts"
            place = rule.at_peer(position, "ipBlock", "cidr")
            yield RULE.finding(
                f"{message} matches no {ranges[owner][:-1]} by its address", place, fix, severity=severity
            )


def _of_pods(context: Context) -> list[Network]:
    found = list(context.environment.addresses.pods or ())
    for node in context.of_kind("Node"):
        found += [str(node.spec.get("podCIDR") or ""), *strings(node.spec.get("podCIDRs"))]
    return networks(found)
