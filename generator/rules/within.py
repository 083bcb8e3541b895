"""Whether one rule of a NetworkPolicy opens nothing that another one does not, whatever pods there are."""

from __future__ import annotations

from generator.algebra.addresses import is_inside, network, networks, overlap
from generator.manifests.network import LabelSelector, NetworkPeer, NetworkRule
from generator.rules.written import WrittenRule, numbers
from generator.semantics.cluster import NAMESPACE_NAME

_TRANSPORTS = ("TCP", "UDP", "SCTP")


def is_rule_within(narrow: WrittenRule, wide: WrittenRule) -> bool:
    """Tell whether *wide*, of the same namespace and direction, is for the same pods, peers and ports, or for more."""
    return (
        is_selector_within(narrow.policy.pods, wide.policy.pods)
        and _are_ports_within(narrow.rule, wide.rule)
        and _are_peers_within(narrow, wide)
    )


def is_selector_within(narrow: LabelSelector, wide: LabelSelector) -> bool:
    """Tell whether whatever *narrow* selects, *wide* surely does."""
    return set(wide.labels) <= set(narrow.labels) and set(wide.expressions) <= set(narrow.expressions)


def _are_ports_within(narrow: NetworkRule, wide: NetworkRule) -> bool:
    if wide.ports is None:
        return True
    if narrow.ports is None:
        return False
    named = {(port.protocol, port.name) for port in narrow.ports if port.name}
    known = {(port.protocol, port.name) for port in wide.ports if port.name}
    spoken = {port.protocol for port in narrow.ports}
    return named <= known and all(
        not numbers(narrow, each) - numbers(wide, each) for each in _TRANSPORTS if each in spoken
    )


def _are_peers_within(narrow: WrittenRule, wide: WrittenRule) -> bool:
    if wide.rule.peers is None:
        return True
    namespace = narrow.policy.namespace
    return narrow.rule.peers is not None and all(
        any(_is_peer_within(one, other, namespace) for other in wide.peers) for one in narrow.peers
    )


def _is_peer_within(narrow: NetworkPeer, wide: NetworkPeer, namespace: str) -> bool:
    if narrow.cidr or wide.cidr:
        return bool(narrow.cidr and wide.cidr) and _is_block_within(narrow, wide)
    if narrow.namespaces is None and narrow.pods is None:
        return False
    pods = is_selector_within(narrow.pods or LabelSelector(), wide.pods or LabelSelector())
    return pods and is_selector_within(_spaces(narrow, namespace), _spaces(wide, namespace))


def _spaces(peer: NetworkPeer, namespace: str) -> LabelSelector:
    """Return the namespaces of *peer*; without a selector it means the policy's own."""
    return LabelSelector(((NAMESPACE_NAME, namespace),)) if peer.namespaces is None else peer.namespaces


def _is_block_within(narrow: NetworkPeer, wide: NetworkPeer) -> bool:
    one, other = network(narrow.cidr), network(wide.cidr)
    if one is None or other is None or not is_inside(one, other):
        return False
    holes = networks(narrow.excluded)
    return all(any(is_inside(hole, own) for own in holes) or not overlap(one, hole) for hole in networks(wide.excluded))
