"""Who may talk to whom in one set of manifests, as edges between workloads, platform and the world outside.

An edge is everything that the same crowd of clients may do at the same crowd of servers.
What strangers do among themselves is nobody's question, and the node's own traffic is left
out: every policy lets it pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.algebra.ternary import Ternary
from generator.semantics.classes import alike, port_classes, refine, representatives
from generator.semantics.cluster import Cluster
from generator.semantics.crowds import Crowds
from generator.semantics.effect import Effect
from generator.semantics.reasons import Verdict, all_of
from generator.semantics.requests import CLAIM, Request, patterns_of, requests_of
from generator.semantics.rows import Cell, Kind, Ports, rows_of, spell_ports
from generator.semantics.spelling import spell
from generator.semantics.union import unite
from generator.topology import OUTSIDE, Point


@dataclass(frozen=True, slots=True)
class Edge:
    """One crowd of clients, one of servers, the ports between them, and what each layer says of it."""

    clients: tuple[str, ...]
    servers: tuple[str, ...]
    open_ports: Ports
    requests: str
    network: Verdict
    mtls: Verdict
    authorization: Verdict

    @property
    def ports(self) -> str:
        """The ports in words."""
        return spell_ports(dict(self.open_ports))

    @property
    def verdict(self) -> Verdict:
        """Yes, or unknown: what is surely stopped is no edge."""
        return all_of((self.network, self.mtls, self.authorization))


def edges(cluster: Cluster) -> list[Edge]:
    """Return every connection that gets through, or may, at one end of which is a workload that *cluster* shows."""
    found = _Edges(cluster)
    rows = rows_of(found.cells(), found.crowds, found.ports)
    found_edges = [
        Edge(
            row.client_words,
            row.server_words,
            row.open_ports,
            row.requests,
            *(Verdict(layer) for layer in row.layers),
        )
        for row in rows
    ]
    return sorted(found_edges, key=lambda one: (one.servers, one.ports, one.clients, one.requests))


class _Edges:
    def __init__(self, cluster: Cluster) -> None:
        side = (union := unite(cluster, cluster)).new
        self.ports = port_classes([cluster])
        self._points = tuple(self.ports)
        whole = Effect(cluster, side.endpoints, self._points, union.shown, side.namespaces)
        own = sum(1 << number for number, one in enumerate(side.endpoints) if one.name.startswith(f"{one.namespace}/"))
        everyone = (1 << len(side.endpoints)) - 1
        blocks = refine(everyone, [*whole.told_apart(), *alike(side.endpoints), own])
        self.crowds = Crowds(side.endpoints, blocks)
        reps = representatives(blocks, side.endpoints)
        self._effect = Effect(cluster, reps, self._points, union.shown, side.namespaces)
        self._own = sum(1 << number for number, block in enumerate(blocks) if block & own)
        self._nodes = sum(1 << number for number, one in enumerate(reps) if one.is_node)
        self._ghosts = self.crowds.impostors

    def cells(self) -> Iterator[Cell]:
        for server in range(len(self._effect.endpoints)):
            if (self._nodes | self._ghosts) >> server & 1:
                continue
            is_own = self._own >> server & 1
            clients = (self._effect.universe.everyone if is_own else self._own) & ~self._nodes & ~self._ghosts
            for position, point in enumerate(self._points):
                yield from self._at(server, position, point, clients)

    def _at(self, server: int, position: int, point: Point, clients: int) -> Iterator[Cell]:
        effect = self._effect
        network = effect.ingress(server, position) & effect.egress(server, position)
        clients &= network.possible
        if not clients:
            return
        requests, patterns = self._samples(server, point)
        verdicts = {one: effect.admitted(server, point, one) for one in requests}
        connected = effect.connected(server, point) if point.transport == "TCP" else None
        masks = [network.sure, *((connected and (connected.sure, connected.possible)) or ())]
        masks += [mask for one in verdicts.values() for mask in (one.sure, one.possible)]
        for group in refine(clients, masks):
            below = (_of(network, group), Verdict.YES if connected is None else _of(connected, group))
            for verdict in (Verdict.YES, Verdict.UNKNOWN):
                passing = {one: each.sure if verdict is Verdict.YES else each.unknown for one, each in verdicts.items()}
                chosen = [one for one, mask in passing.items() if mask & group]
                if chosen:
                    layers = tuple(one.value for one in (*below, verdict))
                    yield Cell(Kind.OPENED, True, group, server, point, spell(chosen, requests, patterns), layers)

    def _samples(self, server: int, point: Point) -> tuple[tuple[Request | None, ...], dict[str, set[str]]]:
        effect, one = self._effect, self._effect.endpoints[server]
        if point.transport != "TCP" or one.mesh == OUTSIDE or not one.is_pod:
            return (None,), {}
        patterns = patterns_of(effect.mesh.policies(server))
        for issuer, audiences in effect.mesh.trusted(server).items():
            patterns.setdefault(f"{CLAIM}iss", set()).add(issuer)
            patterns.setdefault(f"{CLAIM}aud", set()).update(audiences)
        patterns = {dimension: known for dimension, known in patterns.items() if known}
        port = one.port(point.number)
        if not patterns or (port and port.is_http is False):
            return (None,), {}
        samples = requests_of(patterns)
        return (samples if port and port.is_http else (None, *samples)), patterns


def _of(verdict: Ternary, group: int) -> Verdict:
    """Return the verdict on *group*, whose members all get the same; those surely stopped are not in it."""
    return Verdict.YES if verdict.sure & group else Verdict.UNKNOWN
