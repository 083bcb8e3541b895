"""A universe in which not every label is known: of foreign namespaces, and of pods that only policies speak of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.algebra.ternary import Ternary
from generator.manifests.network import LabelSelector, NetworkPeer
from generator.semantics.admission import selects
from generator.semantics.universe import Facts, Universe, grouped
from generator.topology import Endpoint


class PartialUniverse(Universe):
    """Endpoints as masks, where a selector that asks for a label nobody knows means them perhaps."""

    def __init__(self, endpoints: Sequence[Endpoint], facts: Facts, shown: set[str], namespaces: set[str]) -> None:
        """Know everything of the endpoints *shown*, and the labels of *namespaces*; of all others, what is stated."""
        super().__init__(endpoints, facts)
        pods = [(number, one) for number, one in enumerate(self.endpoints) if one.is_pod]
        self._dim_pods = _alike((number, one.labels) for number, one in pods if one.name not in shown)
        self._dim_spaces = _alike(
            (number, one.namespace_labels) for number, one in pods if one.namespace not in namespaces
        )
        self._by_selector: dict[tuple[LabelSelector, bool], Ternary] = {}
        self._meant: dict[tuple[NetworkPeer, str], Ternary] = {}

    def peer(self, peer: NetworkPeer, namespace: str) -> Ternary:
        """Return whom *peer* stands for; whom it may stand for is possible."""
        if peer.cidr or (peer.namespaces is None and peer.pods is None):
            return super().peer(peer, namespace)
        key = (peer, namespace)
        if key not in self._meant:
            here = (
                Ternary.exactly(self.in_namespace(namespace))
                if peer.namespaces is None
                else self._spaces(peer.namespaces)
            )
            self._meant[key] = here & (Ternary.exactly(self.pods) if peer.pods is None else self._pods(peer.pods))
        return self._meant[key]

    def _spaces(self, selector: LabelSelector) -> Ternary:
        key = (selector, True)
        if key not in self._by_selector:
            self._by_selector[key] = _perhaps(self.in_namespaces(selector), selector, self._dim_spaces)
        return self._by_selector[key]

    def _pods(self, selector: LabelSelector) -> Ternary:
        key = (selector, False)
        if key not in self._by_selector:
            self._by_selector[key] = _perhaps(self.labelled(selector), selector, self._dim_pods)
        return self._by_selector[key]


_Alike = list[tuple[dict[str, str], int]]
"""Labels of which more may be there, with everybody who has just these."""


def _alike(carried: Iterable[tuple[int, Mapping[str, str]]]) -> _Alike:
    found = grouped((tuple(sorted(labels.items())), number) for number, labels in carried)
    return [(dict(labels), numbers) for labels, numbers in found.items()]


def _perhaps(chosen: int, selector: LabelSelector, dim: _Alike) -> Ternary:
    """Return those *chosen* by the labels that are known, and those perhaps whom others may decide."""
    unknown = 0
    for labels, numbers in dim:
        if selects(selector, labels, is_partial=True) is None:
            unknown |= numbers
    return Ternary(chosen & ~unknown, chosen | unknown)
