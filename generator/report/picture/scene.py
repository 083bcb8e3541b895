"""What of a graph is drawn: workloads in the boxes of their namespaces, everybody else at the rims.

Whoever is no workload stands left as a client and right as a server, so that lines run one
way. Connections of the same two crowds are one line with one label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from generator.report.picture.layout import arrange
from generator.report.picture.shapes import Layout, Line, Shape, Side
from generator.report.picture.text import LINE, width_of, wrapped
from generator.semantics.graph import Edge, Graph
from generator.semantics.nodes import Node, NodeKind
from generator.semantics.reasons import Verdict

_BOX, _LABEL = 132.0, 136.0
_PAD = 9.0
_MOST_LINES = 6
_RIM = frozenset({NodeKind.GATEWAY, NodeKind.PLUMBING, NodeKind.OUTSIDE})


@dataclass(frozen=True, slots=True)
class Box:
    """A node as it is drawn, with its text in lines."""

    node: Node
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connection:
    """A line as it is drawn: the edges that it stands for, and the text of its label."""

    tails: tuple[str, ...]
    heads: tuple[str, ...]
    verdict: Verdict
    edges: tuple[int, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is drawn, and where."""

    boxes: dict[str, Box]
    connections: tuple[Connection, ...]
    layout: Layout
    alone: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By namespace, the workloads of which no connection is drawn."""


def scene_of(graph: Graph, hidden: Iterable[NodeKind]) -> Scene:
    """Return the picture of *graph* without nodes of the kinds *hidden*."""
    connections = _connections(graph, frozenset(hidden))
    names = {name: None for one in connections for name in (*one.tails, *one.heads)}
    boxes = {name: _box(graph.node(name.removeprefix(_AS_SERVER))) for name in names}
    alone = _alone(graph, names)
    shapes = [_shape(name, one) for name, one in sorted(boxes.items())]
    shapes += [Shape(f"alone in {namespace}", 0, 0, namespace) for namespace in alone]
    lines = [Line(one.tails, one.heads, _width(one.lines), _height(one.lines)) for one in connections]
    layout = arrange(shapes, lines, lambda band, width: LINE * len(alone_lines(alone.get(band, ()), width)))
    return Scene(boxes, tuple(connections), layout, alone)


_AS_SERVER = "\0"
"""Begins the name of what stands at the right rim: it may stand at the left one too."""


def alone_lines(names: Sequence[str], width: float) -> list[str]:
    """Return the text under a namespace about the workloads that no line leads to."""
    return wrapped(f"no connection drawn: {', '.join(names)}", width) if names else []


def _connections(graph: Graph, hidden: frozenset[NodeKind]) -> list[Connection]:
    grouped: dict[tuple[tuple[str, ...], tuple[str, ...], Verdict], list[int]] = {}
    for number, edge in enumerate(graph.edges):
        clients, servers = graph.drawn(edge, hidden)
        for tails in _halves(clients):
            for heads in _halves(servers):
                names = tuple(_AS_SERVER + one.name if one.kind in _RIM else one.name for one in heads)
                key = tuple(one.name for one in tails), names, edge.verdict
                grouped.setdefault(key, []).append(number)
    return [
        Connection(tails, heads, verdict, tuple(numbers), tuple(_text([graph.edges[one] for one in numbers])))
        for (tails, heads, verdict), numbers in sorted(grouped.items())
    ]


def _halves(nodes: Sequence[Node]) -> Iterator[list[Node]]:
    """Yield those at the rim and those inside; a line does not mix them."""
    for is_rim in (False, True):
        if half := [one for one in nodes if (one.kind in _RIM) is is_rim]:
            yield half


def _text(edges: Sequence[Edge]) -> Iterator[str]:
    for one in edges:
        doubt = "" if one.verdict is Verdict.YES else "unknown: "
        yield from wrapped(f"{doubt}{one.ports}", _LABEL, 3)
        if one.requests:
            yield from wrapped(one.requests, _LABEL, 4)


def _box(node: Node) -> Box:
    return Box(node, tuple(wrapped(node.label, _BOX, _MOST_LINES)))


def _shape(name: str, box: Box) -> Shape:
    width, height = max(70.0, _width(box.lines)), max(32.0, _height(box.lines))
    if box.node.kind not in _RIM:
        return Shape(name, width, height, box.node.namespace)
    return Shape(name, width, height, side=Side.RIGHT if name.startswith(_AS_SERVER) else Side.LEFT)


def _width(lines: Sequence[str]) -> float:
    return max(map(width_of, lines)) + 2 * _PAD


def _height(lines: Sequence[str]) -> float:
    return LINE * len(lines) + 8


def _alone(graph: Graph, drawn: Iterable[str]) -> dict[str, tuple[str, ...]]:
    seen, found = set(drawn), dict[str, list[str]]()
    for one in graph.workloads():
        if one.name not in seen:
            found.setdefault(one.namespace, []).append(one.label)
    return {namespace: tuple(labels) for namespace, labels in sorted(found.items())}
