"""The rules behind an edge: what lets the connection through at each layer, and where that is written.

The edges come from masks over everybody at once. Here the same question is put once more,
one pair at a time, to what answers `why`; a test holds that both say the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from generator.algebra.ternary import members
from generator.semantics.admission import Admission
from generator.semantics.graph import Edge, Graph
from generator.semantics.reasons import AUTHORIZATION, EGRESS, INGRESS, MTLS, Layer, Reason, Verdict
from generator.semantics.why_mesh import Pair, authorization_as_given, mtls_layer
from generator.semantics.why_network import Scene, network_layers
from generator.topology import Point

_KINDS = (EGRESS, INGRESS, MTLS, AUTHORIZATION)
_MOST = 256
"""Pairs that are asked about one by one; of larger crowds each member once."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one layer says of an edge, or of a part of it: ``of`` names those whose policies say it."""

    kind: str
    of: tuple[str, ...]
    verdict: Verdict
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...]


_Said = tuple[str, Verdict, tuple[Reason, ...], tuple[str, ...]]


class RulesBehind:
    """Finds the rules behind the edges of one graph."""

    def __init__(self, graph: Graph) -> None:
        """Ask about *graph*, whose endpoints are known with all of their labels."""
        cluster = graph.cluster
        matches_pods = cluster.environment.cni.ip_block_matches_pods
        admission = Admission(cluster.bundle.network_policies, cluster.namespaces, graph.shown, matches_pods)
        self._graph = graph
        self._scene = Scene(cluster, admission)

    def rules(self, edge: Edge) -> list[Rules]:
        """Return what lets *edge* through, layer by layer."""
        said: dict[_Said, int] = {}
        for client, server, point in self._pairs(edge):
            for layer in self.layers(edge, client, server, point):
                key = (layer.kind, layer.verdict, layer.reasons, layer.missing)
                said[key] = said.get(key, 0) | 1 << (client if layer.kind == EGRESS else server)
        found = [
            Rules(kind, tuple(self._graph.crowds.parts(mask)), verdict, reasons, missing)
            for (kind, verdict, reasons, missing), mask in said.items()
        ]
        return sorted(found, key=lambda one: (_KINDS.index(one.kind), one.of))

    def _pairs(self, edge: Edge) -> Iterator[tuple[int, int, Point]]:
        ports = dict(edge.open_ports)
        clients, servers = members(edge.client_classes), members(edge.server_classes)
        points = [
            point
            for point, alike in self._graph.ports.items()
            if point.transport in ports and ports[point.transport] & alike == alike
        ]
        if len(clients) * len(servers) * len(points) <= _MOST:
            return itertools.product(clients, servers, points)
        longest = max(len(clients), len(servers), len(points))
        return itertools.islice(
            zip(itertools.cycle(clients), itertools.cycle(servers), itertools.cycle(points), strict=False), longest
        )

    def layers(self, edge: Edge, client: int, server: int, point: Point) -> tuple[Layer, ...]:
        """Return what each layer says of one pair."""
        graph = self._graph
        one, other = graph.endpoints[client], graph.endpoints[server]
        called = replace(one, name="the client"), replace(other, name="the server")
        # NetworkPolicy is asked by name: of a pod that is shown every label is known.
        client_end, server_end = (
            own if own.is_pod else anonymous for own, anonymous in zip((one, other), called, strict=True)
        )
        network = network_layers(self._scene, client_end, server_end, point)
        samples, patterns = graph.samples(server, point)
        admitted = {each: graph.effect.admitted(server, point, each) for each in samples}
        is_sure = edge.authorization is Verdict.YES
        meant = tuple(
            request for request, each in admitted.items() if (each.sure if is_sure else each.unknown) >> client & 1
        )
        pair = Pair(graph.cluster, *called, point, meant, patterns)
        return (*network, mtls_layer(pair), authorization_as_given(pair)[0])
