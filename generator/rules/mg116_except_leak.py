"""Addresses that one rule excepts and another rule of the same pods admits.

Why:
    `except` only narrows its own block. Policies and rules are a union: an address that one
    rule leaves out and another one covers is reachable. A rule for a part of the exception
    is taken for a deliberate hole and not reported; one that covers all of it is.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - ipBlock: {cidr: 198.51.0.0/16, except: [198.51.100.0/24]}
          ports: [{protocol: TCP, port: 443}]
        - to:
            - ipBlock: {cidr: 198.0.0.0/8}
          ports: [{protocol: TCP, port: 443}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - ipBlock: {cidr: 198.0.0.0/8, except: [198.51.100.0/24]}
          ports: [{protocol: TCP, port: 443}]
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from generator.algebra.addresses import Network, is_inside, network, networks
from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.network import NetworkPeer
from generator.rules.base import Context, Rule
from generator.rules.roster import roster
from generator.rules.written import WrittenRule, numbers, ports_words, written_rules

RULE = Rule("MG116", "except-leak", "an exception that another rule admits", Severity.WARNING)

_TRANSPORTS = ("TCP", "UDP", "SCTP")


def check(context: Context) -> Iterator[Finding]:
    """Yield exceptions that a rule of the same direction, for the same pods, covers as a whole."""
    rules = sorted(written_rules(context), key=_group)
    for _, found in groupby(rules, key=_group):
        group = list(found)
        for rule in group:
            for position, peer in enumerate(rule.peers):
                for index, excepted in enumerate(peer.excluded):
                    block = network(excepted)
                    if block is not None:
                        place = rule.at_peer(position, "ipBlock", "except", index)
                        yield from _leaks(context, rule, position, block, place, group)


def _group(rule: WrittenRule) -> tuple[str, str]:
    return rule.policy.namespace, rule.direction


def _leaks(
    context: Context, rule: WrittenRule, position: int, block: Network, place: Place, group: list[WrittenRule]
) -> Iterator[Finding]:
    for other in group:
        covering = [
            index
            for index, peer in enumerate(other.peers)
            if _covers(peer, block)
            and not (rule.policy is other.policy and (rule.index, position) == (other.index, index))
        ]
        if covering and _share_ports(rule, other) and _share_pods(context, rule, other):
            message = (
                f"{rule} excepts {block}, and {other} admits it on {ports_words(other.rule)}: rules are a union, "
                "so the exception has no effect there"
            )
            note = (other.at_peer(covering[0], "ipBlock", "cidr"), "this block covers it")
            fix = f"repeat the exception in the other rule, or merge the two: except: [{block}]"
            yield RULE.finding(message, place, fix, related=[note])
            return


def _covers(peer: NetworkPeer, block: Network) -> bool:
    own = network(peer.cidr) if peer.cidr else None
    if own is None or not is_inside(block, own):
        return False
    return not any(is_inside(hole, block) or is_inside(block, hole) for hole in networks(peer.excluded))


def _share_ports(one: WrittenRule, other: WrittenRule) -> bool:
    if any(numbers(one.rule, transport) & numbers(other.rule, transport) for transport in _TRANSPORTS):
        return True
    names = {port.name for port in one.rule.ports or () if port.name}
    return bool(names & {port.name for port in other.rule.ports or ()})


def _share_pods(context: Context, one: WrittenRule, other: WrittenRule) -> bool:
    """Tell whether a pod is selected by both policies: one that is shown, or any if one selects all the other does."""
    first, second = one.policy, other.policy
    if first.pods == second.pods or first.pods.is_empty or second.pods.is_empty:
        return True
    known = roster(context)
    shown = {id(workload) for workload in known.subjects(first)}
    return any(id(workload) in shown for workload in known.subjects(second))
