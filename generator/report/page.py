"""Who may talk to whom, as one page: a matrix, the picture, and for every connection the rules behind it.

The page is one file that asks the network for nothing, and its Content-Security-Policy
forbids it: only the style and the script with the digests named there may run. Every text
from the manifests passes the template's escaping, and is without control characters before.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from generator import __version__
from generator.report.picture.scene import Scene
from generator.report.picture.svg import STYLE, as_svg
from generator.report.safe import one_line
from generator.semantics.graph import Edge, Graph, Party
from generator.semantics.graph_rules import Rules, RulesBehind
from generator.semantics.reasons import Verdict
from generator.templating.html import html_page, markup

_FOLDER = Path(__file__).parent
_LEAST = 0.75


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: str
    of: tuple[str, ...]
    verdict: str
    reasons: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Edge:
    number: int
    clients: tuple[str, ...]
    servers: tuple[str, ...]
    ports: str
    requests: str
    verdict: str
    layers: tuple[tuple[str, str], ...]
    rules: tuple[_Rule, ...]


@dataclass(frozen=True, slots=True)
class _Cell:
    server: str
    edges: tuple[_Edge, ...]
    is_asked: bool

    @property
    def is_unknown(self) -> bool:
        return all(one.verdict == Verdict.UNKNOWN for one in self.edges)


@dataclass(frozen=True, slots=True)
class _Row:
    names: tuple[str, ...]
    cells: tuple[_Cell, ...]


def as_page(title: str, graph: Graph, scene: Scene, note: str) -> str:
    """Return the page of *graph*; *scene* is its picture, and *note* says what that leaves out."""
    behind = RulesBehind(graph)
    edges = [_edge(number, one, behind.rules(one)) for number, one in enumerate(graph.edges, 1)]
    servers = graph.servers()
    # Narrow screens shrink the picture as far as it can still be read, then it scrolls.
    least = f"figure svg {{ min-width: {round(scene.layout.width * _LEAST)}px; }}\n"
    style, script = STYLE + least + _read("page.css"), _read("page.js")
    values = {
        "title": one_line(title),
        "version": __version__,
        "policy": _policy(style, script),
        "style": markup(style),
        "script": markup(script),
        "summary": _summary(graph),
        "servers": [_lines(one.names) for one in servers],
        "rows": list(_rows(graph, servers, edges)),
        "edges": edges,
        "picture": markup(as_svg(scene, f"Who may talk to whom: {title}", "", is_inline=True)),
        "note": one_line(note),
        "wbr": markup("<wbr>"),
    }
    return html_page(_FOLDER / "page.html.j2", values)


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Forbid everything but this style and this script."""
    styled, scripted = (base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in (style, script))
    return (
        f"default-src 'none'; style-src 'sha256-{styled}'; script-src 'sha256-{scripted}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _summary(graph: Graph) -> str:
    workloads = graph.workloads()
    namespaces = {one.namespace for one in workloads}
    unknown = sum(one.verdict is Verdict.UNKNOWN for one in graph.edges)
    text = f"{_count(len(workloads), 'workload')} in {_count(len(namespaces), 'namespace')}, "
    text += _count(len(graph.edges), "connection")
    return f"{text}, of which {unknown} cannot be told: a fact is missing." if unknown else f"{text}."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _edge(number: int, one: Edge, rules: Iterable[Rules]) -> _Edge:
    layers = (("net", one.network), ("mTLS", one.mtls), ("authz", one.authorization))
    return _Edge(
        number=number,
        clients=_lines(one.clients),
        servers=_lines(one.servers),
        ports=one.ports,
        requests=one_line(one.requests),
        verdict=one.verdict.value,
        layers=tuple((name, verdict.value) for name, verdict in layers),
        rules=tuple(map(_rule, rules)),
    )


def _rule(one: Rules) -> _Rule:
    reasons = tuple((one_line(each.text), one_line(str(each.place or ""))) for each in one.reasons)
    return _Rule(one.kind, _lines(one.of), one.verdict.value, reasons, _lines(one.missing))


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(one_line, texts))


def _rows(graph: Graph, servers: Sequence[Party], edges: Sequence[_Edge]) -> Iterator[_Row]:
    for client in graph.clients():
        own = [
            (one, shown) for one, shown in zip(graph.edges, edges, strict=True) if one.client_classes & client.classes
        ]
        cells = (
            _Cell(
                ", ".join(_lines(server.names)),
                tuple(shown for one, shown in own if one.server_classes & server.classes),
                client.is_own or server.is_own,
            )
            for server in servers
        )
        yield _Row(_lines(client.names), tuple(cells))
