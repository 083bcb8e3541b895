"""Who may talk to whom, as text that other programs draw: Mermaid, Graphviz, or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

from generator.algebra.intervals import Intervals
from generator.report.json import SCHEMA_VERSION
from generator.report.safe import printable
from generator.semantics.graph import Edge
from generator.semantics.reasons import Verdict

_PLAIN = re.compile(r"[^A-Za-z0-9 ./_:,()=-]")
_WHOLE = Intervals(((1, 65535),))


def _nodes(edges: Sequence[Edge]) -> dict[str, str]:
    """Return an identifier for each node; the node's own name never stands where it could be read as syntax."""
    names = sorted({name for one in edges for name in (*one.clients, *one.servers)})
    return {name: f"n{number}" for number, name in enumerate(names)}


def _arrows(edges: Sequence[Edge]) -> Iterator[tuple[str, str, str, Verdict]]:
    """Yield client, server, label and verdict; edges between the same two nodes are one arrow."""
    labels: dict[tuple[str, str, Verdict], list[str]] = {}
    for one in edges:
        text = f"{one.ports}: {one.requests}" if one.requests else one.ports
        for client in one.clients:
            for server in one.servers:
                labels.setdefault((client, server, one.verdict), []).append(text)
    for (client, server, verdict), texts in sorted(labels.items()):
        yield client, server, "\n".join(dict.fromkeys(texts)), verdict


def _as_mermaid(edges: Sequence[Edge]) -> str:
    nodes = _nodes(edges)
    lines = ["flowchart LR", *(f'  {mark}["{_for_mermaid(name)}"]' for name, mark in nodes.items())]
    for client, server, label, verdict in _arrows(edges):
        arrow, doubt = ("-->", "") if verdict is Verdict.YES else ("-.->", "unknown: ")
        text = "<br/>".join(_for_mermaid(doubt + line) for line in label.split("\n"))
        lines.append(f'  {nodes[client]} {arrow}|"{text}"| {nodes[server]}')
    return "\n".join(lines)


def _for_mermaid(text: str) -> str:
    """Write everything but plain characters as Mermaid's own entities, which are never markup."""
    return _PLAIN.sub(lambda match: f"#{ord(match.group())};", printable(text))


def _as_dot(edges: Sequence[Edge]) -> str:
    nodes = _nodes(edges)
    lines = ["digraph connections {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f"  {mark} [label={_for_dot(name)}];" for name, mark in nodes.items()]
    for client, server, label, verdict in _arrows(edges):
        text = label if verdict is Verdict.YES else "\n".join(f"unknown: {line}" for line in label.split("\n"))
        style = "" if verdict is Verdict.YES else ", style=dashed"
        lines.append(f"  {nodes[client]} -> {nodes[server]} [label={_for_dot(text)}{style}];")
    return "\n".join([*lines, "}"])


def _for_dot(text: str) -> str:
    r"""Quote *text*: a backslash would begin an escape such as ``\N``, a line break is written as one."""
    lines = (printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'


def _as_json(edges: Sequence[Edge]) -> str:
    data = [
        {
            "from": client,
            "to": server,
            "port": _ports(ports),
            "protocol": transport,
            "network": one.network.value,
            "mtls": one.mtls.value,
            "authorization": one.authorization.value,
            "http": one.requests.split("; ") if one.requests else [],
        }
        for one in edges
        for client in one.clients
        for server in one.servers
        for transport, ports in one.open_ports
    ]
    return json.dumps({"schemaVersion": SCHEMA_VERSION, "edges": data}, indent=2)


def _ports(ports: Intervals) -> str:
    """Return ports as ranges; `*` for all of them."""
    if ports == _WHOLE:
        return "*"
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ports.parts)


GRAPH_REPORTERS: dict[str, Callable[[Sequence[Edge]], str]] = {
    "mermaid": _as_mermaid,
    "dot": _as_dot,
    "json": _as_json,
}
"""Output formats by name; the choices of `graph --format`."""
