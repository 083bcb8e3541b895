"""Endpoints numbered, so that sets of them are bit masks and selectors are looked up once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from generator.algebra.addresses import holds
from generator.algebra.ternary import NOTHING, Ternary
from generator.core.frozen import dataclass
from generator.manifests.network import LabelSelector, NetworkPeer
from generator.topology import Endpoint


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides how a network plugin reads the same policy (None: unknown), and what proxies see of clients.

    ``client_fields`` are those fields of an AuthorizationPolicy that hold the client's own address at
    pods with one of the ``gateways`` labels; there, ranges are taken to hold no pods.
    """

    ip_block_matches_pods: bool | None = None
    kubelet_exempt: bool | None = True
    client_fields: frozenset[str] = frozenset()
    gateways: tuple[Mapping[str, str], ...] = ()

    def shows_client(self, field: str, server: Endpoint) -> bool:
        """Tell whether *field* holds the client's own address at *server*."""
        return field in self.client_fields and any(one.items() <= server.labels.items() for one in self.gateways)


_Key = TypeVar("_Key", bound=Hashable)


def grouped(numbered: Iterable[tuple[_Key, int]]) -> dict[_Key, int]:
    """Return the numbers that belong to each key, as a mask."""
    found: dict[_Key, int] = {}
    for key, number in numbered:
        found[key] = found.get(key, 0) | 1 << number
    return found


class Labels:
    """Who carries which labels, as masks: what a selector asks for is combined and not searched.

    It chooses what `LabelSelector.matches` says of each one.
    """

    def __init__(self, carried: Iterable[tuple[int, Mapping[str, str]]]) -> None:
        """Index *carried*: the number of each element, with its labels."""
        known = list(carried)
        self._all = sum(1 << number for number, _ in known)
        self._keys = grouped((key, number) for number, labels in known for key in labels)
        self._pairs = grouped((pair, number) for number, labels in known for pair in labels.items())

    def chosen(self, selector: LabelSelector) -> int:
        """Return the elements that *selector* matches."""
        found = self._all
        for pair in selector.labels:
            found &= self._pairs.get(pair, 0)
        for key, operator, values in selector.expressions:
            found &= self._holding(key, operator, values)
        return found

    def _holding(self, key: str, operator: str, values: tuple[str, ...]) -> int:
        present = self._keys.get(key, 0)
        listed = 0
        for value in values:
            listed |= self._pairs.get((key, value), 0)
        holding = {"In": listed, "NotIn": self._all & ~listed, "Exists": present, "DoesNotExist": self._all & ~present}
        return holding.get(operator, 0)  # the API server refuses others; whoever wrote one selects nothing


class Universe:
    """A finite set of endpoints; element *n* of every mask is endpoint *n*."""

    def __init__(self, endpoints: Sequence[Endpoint], facts: Facts) -> None:
        """Number *endpoints* in the order given."""
        self.endpoints = tuple(endpoints)
        self.facts = facts
        self.everyone = (1 << len(self.endpoints)) - 1
        self.pods = self._mask(lambda one: one.is_pod)
        self.nodes = self._mask(lambda one: one.is_node)
        self._chosen: dict[tuple[str, LabelSelector], int] = {}
        self._blocks: dict[tuple[str, tuple[str, ...]], Ternary] = {}
        self._remembered: dict[Hashable, int] = {}

    def _mask(self, holds: Callable[[Endpoint], bool]) -> int:
        return sum(1 << index for index, one in enumerate(self.endpoints) if holds(one))

    def remembered(self, about: Hashable, holds: Callable[[Endpoint], bool]) -> int:
        """Return the endpoints of which *holds* is true, asked once for everything that it is *about*."""
        if about not in self._remembered:
            self._remembered[about] = self._mask(holds)
        return self._remembered[about]

    def labelled(self, selector: LabelSelector) -> int:
        """Return the pods whose labels *selector* matches, in any namespace."""
        key = ("pods", selector)
        if key not in self._chosen:
            self._chosen[key] = self._pod_labels.chosen(selector)
        return self._chosen[key]

    def in_namespaces(self, selector: LabelSelector) -> int:
        """Return the pods of the namespaces whose labels *selector* matches."""
        key = ("namespaces", selector)
        if key not in self._chosen:
            self._chosen[key] = self._namespace_labels.chosen(selector)
        return self._chosen[key]

    def in_namespace(self, name: str) -> int:
        """Return the pods of the namespace *name*."""
        return self._by_namespace.get(name, 0)

    def identified_with(self, namespace: str) -> int:
        """Return who has an identity of *namespace*, in whichever cluster."""
        return self._by_home.get(namespace, 0)

    def holders(self, namespace: str, account: str) -> int:
        """Return the pods whose certificate names the ServiceAccount *account* of *namespace*."""
        return self._by_account.get((namespace, account), 0)

    @cached_property
    def _pod_labels(self) -> Labels:
        return Labels((number, one.labels) for number, one in enumerate(self.endpoints) if one.is_pod)

    @cached_property
    def _namespace_labels(self) -> Labels:
        return Labels((number, one.namespace_labels) for number, one in enumerate(self.endpoints) if one.is_pod)

    @cached_property
    def _by_namespace(self) -> dict[str, int]:
        return grouped((one.namespace, number) for number, one in enumerate(self.endpoints) if one.is_pod)

    @cached_property
    def _by_home(self) -> dict[str, int]:
        return grouped((one.identity[0], number) for number, one in enumerate(self.endpoints) if one.has_identity)

    @cached_property
    def _by_account(self) -> dict[tuple[str, str], int]:
        pods = ((number, one) for number, one in enumerate(self.endpoints) if one.has_identity)
        return grouped((one.identity, number) for number, one in pods)

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
            outside = self._mask(lambda one: bool(one.address) and holds(cidr, excluded, one.address))
            pods = {True: Ternary.perhaps(self.pods), None: Ternary.perhaps(self.pods), False: NOTHING}
            self._blocks[key] = Ternary.exactly(outside) | pods[self.facts.ip_block_matches_pods]
        return self._blocks[key]
