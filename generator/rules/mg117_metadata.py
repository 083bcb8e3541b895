"""An egress block, narrowed on purpose, that still holds the cloud's metadata address.

Why:
    Whoever reaches 169.254.169.254 may get the credentials of the node. "The internet without
    the private ranges" is written as 0.0.0.0/0 with three exceptions, and the link-local
    range is none of them. A block of everything without exceptions is reported as such.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - ipBlock:
                cidr: 0.0.0.0/0
                except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - ipBlock:
                cidr: 0.0.0.0/0
                except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.addresses import Network, covers, network, networks
from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPeer
from generator.rules.base import Context, Rule
from generator.rules.written import EGRESS, numbers, written_rules

RULE = Rule("MG117", "metadata", "an egress block that holds the metadata address", Severity.WARNING)

_HTTP = 80
"""The clouds' metadata servers speak plain HTTP there; on any other port nobody answers."""


def check(context: Context) -> Iterator[Finding]:
    """Yield blocks that are neither the metadata address itself nor everything, and hold it."""
    metadata = networks(context.environment.addresses.metadata)
    for rule in written_rules(context, EGRESS):
        is_served = _HTTP in numbers(rule.rule, "TCP")
        for position, peer in enumerate(rule.peers):
            held = next((one for one in metadata if _holds(peer, one)), None)
            if held is not None:
                message = f"{rule} lets pods reach {held.network_address}, the cloud's metadata server"
                message += "" if is_served else ", though on ports where it does not answer today"
                severity = Severity.WARNING if is_served else Severity.INFO
                place = rule.at_peer(position, "ipBlock", "cidr")
                yield RULE.finding(message, place, f"add {held} to except, or its whole range", severity=severity)


def _holds(peer: NetworkPeer, metadata: Network) -> bool:
    block = network(peer.cidr) if peer.cidr else None
    if block is None or block == metadata or (not block.prefixlen and not peer.excluded):
        return False  # the address alone is a decision, and everything is MG101
    return covers(peer.cidr, peer.excluded, metadata)
