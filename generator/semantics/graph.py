"""Who may talk to whom in one set of manifests, as edges between workloads, platform and the world outside.

An edge is everything that the same crowd of clients may do at the same crowd of servers.
What strangers do among themselves is nobody's question, and the node's own traffic is left
out: every policy lets it pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from generator.algebra.intervals import Intervals
from generator.algebra.ternary import Ternary, members
from generator.semantics.classes import alike, port_classes, refine, representatives
from generator.semantics.cluster import Cluster
from generator.semantics.crowds import Crowds
from generator.semantics.effect import Effect
from generator.semantics.nodes import Node, NodeKind, Nodes
from generator.semantics.reasons import Verdict, all_of
from generator.semantics.requests import CLAIM, SNI, Patterns, Request, connections_of, patterns_of, requests_of
from generator.semantics.rows import Box, Cell, Kind, Ports, boxes_of, row_of, spell_ports
from generator.semantics.spelling import spell
from generator.semantics.union import unite
from generator.topology import OUTSIDE, Endpoint, Point


@dataclass(frozen=True, slots=True)
class Edge:
    """One crowd of clients, one of servers, the ports between them, and what each layer says of it.

    Both ends are there twice: in words, and as a mask over the classes of the graph.
    """

    clients: tuple[str, ...]
    servers: tuple[str, ...]
    open_ports: Ports
    requests: str
    network: Verdict
    mtls: Verdict
    authorization: Verdict
    client_classes: int
    server_classes: int

    @property
    def ports(self) -> str:
        """The ports in words."""
        return spell_ports(dict(self.open_ports))

    @property
    def verdict(self) -> Verdict:
        """Yes, or unknown: what is surely stopped is no edge."""
        return all_of((self.network, self.mtls, self.authorization))


@dataclass(frozen=True, slots=True)
class Party:
    """A line of the matrix: one class of workloads, or everybody else of whom the same is true."""

    names: tuple[str, ...]
    classes: int
    is_own: bool


class Graph:
    """Who may talk to whom in *cluster*: every connection that gets through, or may.

    One end of each is a workload that the cluster shows, or that its policies speak of.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Number everybody who could knock, and put those that nothing tells apart into one class."""
        side = (union := unite(cluster, cluster)).new
        self.cluster = cluster
        self.shown = union.shown
        self.ports: Mapping[Point, Intervals] = port_classes([cluster])
        self.points = tuple(self.ports)
        whole = Effect(cluster, side.endpoints, self.points, union.shown, side.namespaces)
        own = sum(1 << number for number, one in enumerate(side.endpoints) if _is_own(one))
        everyone = (1 << len(side.endpoints)) - 1
        blocks = refine(everyone, [*whole.told_apart(), *alike(side.endpoints), own])
        self.crowds = Crowds(side.endpoints, blocks)
        self.endpoints = representatives(blocks, side.endpoints)
        self.effect = Effect(cluster, self.endpoints, self.points, union.shown, side.namespaces)
        self.own = sum(1 << number for number, block in enumerate(blocks) if block & own)
        self._nodes = Nodes(side.endpoints)
        platform = {NodeKind.GATEWAY, NodeKind.PLUMBING}
        self._platform = sum(1 << n for n, one in enumerate(self.endpoints) if self.node(one.name).kind in platform)

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """The connections, by server and port."""
        found = [self._edge(one) for one in boxes_of(_Cells(self).all(), self.ports)]
        return tuple(sorted(found, key=lambda one: (one.servers, one.ports, one.clients, one.requests)))

    def _edge(self, box: Box) -> Edge:
        row = row_of(box, self.crowds)
        network, mtls, authorization = map(Verdict, row.layers)
        return Edge(
            clients=row.client_words,
            servers=row.server_words,
            open_ports=box.ports,
            requests=row.requests,
            network=network,
            mtls=mtls,
            authorization=authorization,
            client_classes=box.clients,
            server_classes=box.servers,
        )

    def node(self, name: str) -> Node:
        """Return what the end *name* of an edge is, and where it belongs."""
        return self._nodes.of(name)

    def drawn(self, edge: Edge, hidden: Collection[NodeKind]) -> tuple[list[Node], list[Node]]:
        """Return both ends of *edge* without the kinds *hidden*; a crowd is then the workloads that it holds."""
        return (
            self._drawn(edge.clients, edge.client_classes, hidden),
            self._drawn(edge.servers, edge.server_classes, hidden),
        )

    def _drawn(self, words: Iterable[str], mask: int, hidden: Collection[NodeKind]) -> list[Node]:
        if NodeKind.OUTSIDE in hidden:
            inside = mask & (self.own | self._platform)
            words = self.crowds.parts(inside)
            if any(self.node(one).kind is NodeKind.OUTSIDE for one in words):
                words = self.crowds.names(inside)
        return [one for one in map(self.node, words) if one.kind not in hidden]

    def workloads(self) -> list[Node]:
        """Return every workload, whether or not it has edges."""
        return self._nodes.workloads()

    def clients(self) -> list[Party]:
        """Return everybody who connects, and every workload, each exactly once."""
        return self._parties([one.client_classes for one in self.edges])

    def servers(self) -> list[Party]:
        """Return everybody who is connected to, and every workload, each exactly once."""
        return self._parties([one.server_classes for one in self.edges])

    def _parties(self, masks: Iterable[int]) -> list[Party]:
        alone = [Party(tuple(self.crowds.names(1 << one)), 1 << one, True) for one in members(self.own)]
        everybody = 0
        for mask in (masks := list(masks)):
            everybody |= mask
        others = refine(everybody & ~self.own, masks)
        crowds = [Party(tuple(self.crowds.parts(mask)), mask, False) for mask in others]
        return [*sorted(alone, key=lambda one: one.names), *sorted(crowds, key=lambda one: one.names)]

    def samples(self, server: int, point: Point) -> tuple[tuple[Request | None, ...], Patterns]:
        """Return one request of each class that *server* tells apart at *point*, and the patterns they are of."""
        one = self.endpoints[server]
        if point.transport != "TCP" or one.mesh == OUTSIDE or not one.is_pod:
            return (None,), {}
        patterns = patterns_of(self.effect.mesh.policies(server))
        for issuer, audiences in self.effect.mesh.trusted(server).items():
            patterns.setdefault(f"{CLAIM}iss", set()).add(issuer)
            patterns.setdefault(f"{CLAIM}aud", set()).update(audiences)
        patterns = {dimension: known for dimension, known in patterns.items() if known}
        port = one.port(point.number)
        samples = requests_of(patterns)
        if not patterns or (port and port.is_http is False):
            return (connections_of(samples), patterns) if SNI in patterns else ((None,), {})
        known = samples if port and port.is_http else (*connections_of(samples), *samples)
        return (tuple(self._arriving(one, known)) if one.is_gateway and SNI in patterns else known), patterns

    def _arriving(self, gateway: Endpoint, samples: Iterable[Request | None]) -> Iterator[Request | None]:
        """Yield those of *samples* that can come: under one name a gateway reads HTTP, or does not."""
        spoken = {
            one.name: one.protocol == "http" for one in self.cluster.exits.arrivals(gateway.namespace, gateway.labels)
        }
        for one in samples:
            name = one.get(SNI) if one else None
            if one is None or name not in spoken or spoken[name] is one.is_http:
                yield one


def _is_own(one: Endpoint) -> bool:
    return one.name.startswith(f"{one.namespace}/")


class _Cells:
    """The connections of a graph, one server and one port at a time."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._effect = graph.effect
        self._nodes = sum(1 << number for number, one in enumerate(graph.endpoints) if one.is_node)
        self._ghosts = graph.crowds.impostors

    def all(self) -> Iterator[Cell]:
        own = self._graph.own
        for server in range(len(self._effect.endpoints)):
            if (self._nodes | self._ghosts) >> server & 1:
                continue
            is_own = own >> server & 1
            clients = self._effect.callers(server) & (-1 if is_own else own) & ~self._nodes & ~self._ghosts
            for position, point in enumerate(self._graph.points):
                yield from self._at(server, position, point, clients)

    def _at(self, server: int, position: int, point: Point, clients: int) -> Iterator[Cell]:
        effect = self._effect
        network = effect.ingress(server, position) & effect.egress(server, position)
        clients &= network.possible
        if not clients:
            return
        requests, patterns = self._graph.samples(server, point)
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


def _of(verdict: Ternary, group: int) -> Verdict:
    """Return the verdict on *group*, whose members all get the same; those surely stopped are not in it."""
    return Verdict.YES if verdict.sure & group else Verdict.UNKNOWN
