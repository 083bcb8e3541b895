"""A universe in which not every label is known: of foreign namespaces, and of pods that only policies speak of."""

from __future__ import annotations

from collections.abc import Sequence

from generator.algebra.ternary import NOTHING, Ternary
from generator.manifests.network import LabelSelector, NetworkPeer
from generator.semantics.admission import selects
from generator.semantics.universe import Facts, Universe
from generator.topology import Endpoint


class PartialUniverse(Universe):
    """Endpoints as masks, where a selector that asks for a label nobody knows means them perhaps."""

    def __init__(self, endpoints: Sequence[Endpoint], facts: Facts, shown: set[str], namespaces: set[str]) -> None:
        """Know everything of the endpoints *shown*, and the labels of *namespaces*; of all others, what is stated."""
        super().__init__(endpoints, facts)
        pods = [(number, one) for number, one in enumerate(self.endpoints) if one.is_pod]
        self._dim_pods = [(number, one) for number, one in pods if one.name not in shown]
        self._dim_spaces = [(number, one) for number, one in pods if one.namespace not in namespaces]
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
        sure, dim = self.in_namespaces(selector), 0
        for number, one in self._dim_spaces:
            if selects(selector, one.namespace_labels, is_partial=True) is None:
                dim |= 1 << number
        return Ternary.exactly(sure & ~dim) | (Ternary.perhaps(dim) if dim else NOTHING)

    def _pods(self, selector: LabelSelector) -> Ternary:
        sure, dim = self.labelled(selector), 0
        for number, one in self._dim_pods:
            if selects(selector, one.labels, is_partial=True) is None:
                dim |= 1 << number
        return Ternary.exactly(sure & ~dim) | (Ternary.perhaps(dim) if dim else NOTHING)
