"""Who may talk to whom: for Mermaid and Graphviz, as JSON, as a picture, as a page."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from generator.algebra.intervals import Intervals
from generator.core.places import Place
from generator.report.json import json_line
from generator.report.page import as_page
from generator.report.picture.scene import scene_of
from generator.report.picture.svg import as_svg
from generator.report.safe import printable
from generator.semantics.graph import Edge, Graph
from generator.semantics.graph_rules import RulesBehind
from generator.semantics.nodes import NodeKind
from generator.semantics.reasons import Verdict

_PLAIN = re.compile(r"[^A-Za-z0-9 ./_:,()=-]")
_WHOLE = Intervals(((1, 65535),))
GRAPH_SCHEMA_VERSION = 2
"""Of the JSON. Version 1 repeated the rules of an edge for each of its pairs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is shown: a graph under a title, in pictures without the nodes of the kinds ``hidden``."""

    title: str
    graph: Graph
    hidden: frozenset[NodeKind]

    @property
    def note(self) -> str:
        """What the picture leaves out, in words; empty if it is whole."""
        names = {name for one in self.graph.edges for name in (*one.clients, *one.servers)}
        left_out = sorted(name for name in names if self.graph.node(name).kind in self.hidden - {NodeKind.OUTSIDE})
        left_out += ["the world outside"] if NodeKind.OUTSIDE in self.hidden else []
        return f"Not drawn: {', '.join(left_out)}." if left_out else ""


def _nodes(arrows: list[_Arrow]) -> dict[str, str]:
    """Return an identifier for each node; the node's own name never stands where it could be read as syntax."""
    names = sorted({name for client, server, *_ in arrows for name in (client, server)})
    return {name: f"n{number}" for number, name in enumerate(names)}


_Arrow = tuple[str, str, str, Verdict]


def _arrows(wanted: Wanted) -> list[_Arrow]:
    """Return client, server, label and verdict; edges between the same two nodes are one arrow."""
    graph, labels = wanted.graph, dict[tuple[str, str, Verdict], list[str]]()
    for one in graph.edges:
        text = f"{one.ports}: {one.requests}" if one.requests else one.ports
        clients, servers = graph.drawn(one, wanted.hidden)
        for client, server in itertools.product(clients, servers):
            labels.setdefault((client.name, server.name, one.verdict), []).append(text)
    return [
        (client, server, "\n".join(dict.fromkeys(texts)), verdict)
        for (client, server, verdict), texts in sorted(labels.items())
    ]


def _as_mermaid(wanted: Wanted) -> str:
    arrows = _arrows(wanted)
    nodes = _nodes(arrows)
    lines = ["flowchart LR", *([f"  %% {_for_mermaid(wanted.note)}"] if wanted.note else [])]
    lines += [f'  {mark}["{_for_mermaid(name)}"]' for name, mark in nodes.items()]
    for client, server, label, verdict in arrows:
        arrow, doubt = ("-->", "") if verdict is Verdict.YES else ("-.->", "unknown: ")
        text = "<br/>".join(_for_mermaid(doubt + line) for line in label.split("\n"))
        lines.append(f'  {nodes[client]} {arrow}|"{text}"| {nodes[server]}')
    return "\n".join(lines)


def _for_mermaid(text: str) -> str:
    """Write everything but plain characters as Mermaid's own entities, which are never markup."""
    return _PLAIN.sub(lambda match: f"#{ord(match.group())};", printable(text))


def _as_dot(wanted: Wanted) -> str:
    arrows = _arrows(wanted)
    nodes = _nodes(arrows)
    lines = ["digraph connections {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f"  label={_for_dot(wanted.note)};"] if wanted.note else []
    lines += [f"  {mark} [label={_for_dot(name)}];" for name, mark in nodes.items()]
    for client, server, label, verdict in arrows:
        text = label if verdict is Verdict.YES else "\n".join(f"unknown: {line}" for line in label.split("\n"))
        style = "" if verdict is Verdict.YES else ", style=dashed"
        lines.append(f"  {nodes[client]} -> {nodes[server]} [label={_for_dot(text)}{style}];")
    return "\n".join([*lines, "}"])


def _for_dot(text: str) -> str:
    r"""Quote *text*: a backslash would begin an escape such as ``\N``, a line break is written as one."""
    lines = (printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'


def _as_json(wanted: Wanted) -> str:
    told = _Told(RulesBehind(wanted.graph))
    edges = [text for one in wanted.graph.edges for text in _edges_as_json(one, told.number(one))]
    fields = {"rules": told.rules, "because": told.because, "edges": edges}
    lists = ",\n  ".join(f'"{name}": {_listed(items)}' for name, items in fields.items())
    return f'{{\n  "schemaVersion": {GRAPH_SCHEMA_VERSION},\n  {lists}\n}}'


def _listed(items: Iterable[str]) -> str:
    lines = ",\n    ".join(items)
    return f"[\n    {lines}\n  ]" if lines else "[]"


class _Told:
    """Every rule once, and every set of them that lets edges through: pairs of large crowds share hundreds."""

    def __init__(self, behind: RulesBehind) -> None:
        self._behind = behind
        self._rules: dict[tuple[str, str, Place], int] = {}
        self._because: dict[tuple[tuple[int, ...], tuple[str, ...]], int] = {}

    def number(self, edge: Edge) -> int:
        """Return the number of what lets *edge* through, with the facts that are missing."""
        found = self._behind.rules(edge)
        written = [(one.kind, each.text, each.place) for one in found for each in one.reasons if each.place]
        rules = [self._rules.setdefault(one, len(self._rules)) for one in dict.fromkeys(written)]
        key = (tuple(rules), tuple(dict.fromkeys(fact for one in found for fact in one.missing)))
        return self._because.setdefault(key, len(self._because))

    @property
    def rules(self) -> Iterator[str]:
        """Every rule, in one line."""
        for (layer, text, place), number in self._rules.items():
            where = {"file": place.file, "line": place.line, "column": place.column}
            yield json_line({"id": number, "layer": layer, "text": text, **where})

    @property
    def because(self) -> Iterator[str]:
        """Every set of rules, in one line."""
        for (rules, missing), number in self._because.items():
            yield json_line({"id": number, "rules": list(rules), "missing": list(missing)})


def _edges_as_json(edge: Edge, because: int) -> Iterator[str]:
    """Yield *edge* once for each client, server and transport."""
    same = {
        "verdict": edge.verdict.value,
        "network": edge.network.value,
        "mtls": edge.mtls.value,
        "authorization": edge.authorization.value,
        "http": edge.requests.split("; ") if edge.requests else [],
        "because": because,
    }
    rest = json_line(same).removeprefix("{")
    for client in edge.clients:
        for server in edge.servers:
            for transport, ports in edge.open_ports:
                own = {"from": client, "to": server, "port": _ports(ports), "protocol": transport}
                yield json_line(own).removesuffix("}") + ", " + rest


def _ports(ports: Intervals) -> str:
    """Return ports as ranges; `*` for all of them."""
    if ports == _WHOLE:
        return "*"
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ports.parts)


def _as_svg(wanted: Wanted) -> str:
    return as_svg(scene_of(wanted.graph, wanted.hidden), f"Who may talk to whom: {wanted.title}", wanted.note)


def _as_html(wanted: Wanted) -> str:
    return as_page(wanted.title, wanted.graph, scene_of(wanted.graph, wanted.hidden), wanted.note)


GRAPH_REPORTERS: dict[str, Callable[[Wanted], str]] = {
    "mermaid": _as_mermaid,
    "dot": _as_dot,
    "svg": _as_svg,
    "html": _as_html,
    "json": _as_json,
}
"""Output formats by name; the choices of `graph --format`."""
