"""Rules of NetworkPolicies with the place of every part: findings point at the value, not at the object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.algebra.intervals import Intervals
from generator.core.places import Place
from generator.manifests.network import NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule
from generator.rules.base import Context

INGRESS, EGRESS = "Ingress", "Egress"
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """One rule of a policy, and where it stands."""

    policy: NetworkPolicy
    direction: str
    index: int
    rule: NetworkRule

    @property
    def peers(self) -> tuple[NetworkPeer, ...]:
        """The peers it names; none if it names nobody, which means everybody."""
        return self.rule.peers or ()

    @property
    def side(self) -> str:
        """The key that the peers stand under."""
        return "from" if self.direction == INGRESS else "to"

    def at(self, *route: str | int) -> Place:
        """Return the place of the value at *route* below the rule."""
        return self.policy.manifest.place("spec", self.direction.lower(), self.index, *route)

    def at_peer(self, position: int, *route: str | int) -> Place:
        """Return the place of the value at *route* below a peer."""
        return self.at(self.side, position, *route)

    def at_port(self, position: int, *route: str | int) -> Place:
        """Return the place of the value at *route* below a port."""
        return self.at("ports", position, *route)

    def __str__(self) -> str:
        return title(self.policy)


def written_rules(context: Context, *directions: str) -> Iterator[WrittenRule]:
    """Yield the rules that are in force: those of a direction that the policy's types name."""
    for policy in context.cluster.bundle.network_policies:
        yield from written_in(policy, *directions)


def written_in(policy: NetworkPolicy, *directions: str) -> Iterator[WrittenRule]:
    """Yield the rules of *policy* that are in force."""
    for direction in directions or (INGRESS, EGRESS):
        if direction in policy.types:
            for index, rule in enumerate(policy.rules(direction)):
                yield WrittenRule(policy, direction, index, rule)


def is_everybody(peer: NetworkPeer) -> bool:
    """Tell whether *peer* stands for every pod of every namespace, or every address."""
    if peer.cidr:
        return peer.cidr.endswith("/0") and not peer.excluded
    is_all_pods = peer.pods is None or peer.pods.is_empty
    return peer.namespaces is not None and peer.namespaces.is_empty and is_all_pods


def title(policy: NetworkPolicy) -> str:
    """Return how messages call *policy*."""
    return f"{policy.namespace}/{policy.name}"


def numbers(rule: NetworkRule, transport: str) -> Intervals:
    """Return the ports of *transport* that *rule* names by number; all of them if it names no port."""
    if rule.ports is None:
        return Intervals(((1, _LAST_PORT),))
    return Intervals.of((one.first, one.last) for one in rule.ports if one.protocol == transport and not one.name)


def port_words(port: NetworkPort) -> str:
    """Return how messages call *port*."""
    if port.name:
        return port.name
    if (port.first, port.last) == (1, _LAST_PORT):
        return f"every {port.protocol} port"
    return str(port.first) if port.first == port.last else f"{port.first}-{port.last}"


def ports_words(rule: NetworkRule) -> str:
    """Return how messages call the ports of *rule*."""
    if rule.ports is None:
        return "every port"
    return ", ".join(dict.fromkeys(port_words(port) for port in rule.ports))
