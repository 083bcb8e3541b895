"""Endpoints numbered, so that sets of them are bit masks and selectors are looked up once."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from generator.algebra.ternary import NOTHING, Ternary
from generator.manifests.network import LabelSelector, NetworkPeer
from generator.topology import Endpoint


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides how a network plugin reads the same policy (None: unknown)."""

    ip_block_matches_pods: bool | None = None
    kubelet_exempt: bool | None = True


class Universe:
    """A finite set of endpoints; element *n* of every mask is endpoint *n*."""

    def __init__(self, endpoints: Sequence[Endpoint], facts: Facts) -> None:
        """Number *endpoints* in the order given."""
        self.endpoints = tuple(endpoints)
        self.facts = facts
        self.everyone = (1 << len(self.endpoints)) - 1
        self.pods = self._mask(lambda one: one.is_pod)
        self.nodes = self._mask(lambda one: one.is_node)
        self._pods_by_labels: dict[LabelSelector, int] = {}
        self._pods_by_namespace_labels: dict[LabelSelector, int] = {}
        self._pods_by_namespace: dict[str, int] = {}
        self._blocks: dict[tuple[str, tuple[str, ...]], Ternary] = {}
        self._remembered: dict[Hashable, int] = {}

    def _mask(self, holds: object) -> int:
        assert callable(holds)  # noqa: S101
        return sum(1 << index for index, one in enumerate(self.endpoints) if holds(one))

    def remembered(self, about: Hashable, holds: Callable[[Endpoint], bool]) -> int:
        """Return the endpoints of which *holds* is true, asked once for everything that it is *about*."""
        if about not in self._remembered:
            self._remembered[about] = self._mask(holds)
        return self._remembered[about]

    def labelled(self, selector: LabelSelector) -> int:
        """Return the pods whose labels *selector* matches, in any namespace."""
        if selector not in self._pods_by_labels:
            self._pods_by_labels[selector] = self._mask(lambda one: one.is_pod and selector.matches(one.labels))
        return self._pods_by_labels[selector]

    def in_namespaces(self, selector: LabelSelector) -> int:
        """Return the pods of the namespaces whose labels *selector* matches."""
        known = self._pods_by_namespace_labels
        if selector not in known:
            known[selector] = self._mask(lambda one: one.is_pod and selector.matches(one.namespace_labels))
        return known[selector]

    def in_namespace(self, name: str) -> int:
        """Return the pods of the namespace *name*."""
        if name not in self._pods_by_namespace:
            self._pods_by_namespace[name] = self._mask(lambda one: one.namespace == name)
        return self._pods_by_namespace[name]

    def peer(self, peer: NetworkPeer, namespace: str) -> Ternary:
        """Return whom *peer*, in a policy of *namespace*, stands for.

        A pod selector alone means the policy's own namespace; both selectors mean AND.
        """
        if peer.cidr:
            return self.block(peer.cidr, peer.excluded)
        if peer.namespaces is None and peer.pods is None:
            return NOTHING  # the API server refuses a peer that says nothing
        here = self.in_namespace(namespace) if peer.namespaces is None else self.in_namespaces(peer.namespaces)
        return Ternary.exactly(here if peer.pods is None else here & self.labelled(peer.pods))

    def block(self, cidr: str, excluded: tuple[str, ...]) -> Ternary:
        """Return who has an address in *cidr*; whether pods are meant is the network plugin's choice."""
        key = (cidr, excluded)
        if key not in self._blocks:
            outside = self._mask(lambda one: bool(one.address) and _inside(one.address, cidr, excluded))
            pods = {True: Ternary.perhaps(self.pods), None: Ternary.perhaps(self.pods), False: NOTHING}
            self._blocks[key] = Ternary.exactly(outside) | pods[self.facts.ip_block_matches_pods]
        return self._blocks[key]


def _inside(address: str, cidr: str, excluded: tuple[str, ...]) -> bool:
    where = ipaddress.ip_address(address)
    try:
        network = ipaddress.ip_network(cidr, strict=False)
        holes = [ipaddress.ip_network(one, strict=False) for one in excluded]
    except ValueError:
        return False  # no network: the API server refuses it
    return where in network and not any(where in hole for hole in holes)
