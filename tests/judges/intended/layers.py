"""Who may connect to whom at which layer, read from the intent alone: no word of generator.plan."""

from __future__ import annotations

from collections.abc import Iterator

from generator.environment.model import Environment
from generator.model.intent import Intent
from tests.judges.grants import Layer, meet
from tests.judges.intended.mesh import Mesh
from tests.judges.intended.network import Network
from tests.judges.intended.peers import Peers
from tests.judges.topology import Endpoint, Pod, Topology


class Intended:
    """The answers that the intent gives for a topology."""

    def __init__(self, intent: Intent, environment: Environment, topology: Topology) -> None:
        self._topology = topology
        peers = Peers(intent, environment, topology)
        self._network, self._mesh = Network(intent, environment, peers), Mesh(intent, environment, peers)

    def layers(self) -> dict[str, Layer]:
        """Return what is let through at layer 3/4, by each end of it alone, by proxies, and by everything.

        Proxies and everything are told for targets that have a proxy.
        """
        pairs = list(self._pairs())
        egress = {pair: self._network.egress(*pair) for pair in pairs}
        ingress = {pair: self._network.ingress(*pair) for pair in pairs}
        network = {pair: meet(egress[pair], ingress[pair]) for pair in pairs}
        mesh: Layer = {
            (source, target): self._mesh.admitted(source, target)
            for source, target in pairs
            if isinstance(target, Pod) and target.mesh
        }
        both: Layer = {pair: meet(grants, network[pair]) for pair, grants in mesh.items()}
        return {"network": network, "ingress": ingress, "egress": egress, "mesh": mesh, "both": both}

    def _pairs(self) -> Iterator[tuple[Endpoint, Endpoint]]:
        endpoints = self._topology.endpoints
        for source in endpoints:
            for target in endpoints:
                if source != target and (isinstance(source, Pod) or isinstance(target, Pod)):
                    yield source, target
