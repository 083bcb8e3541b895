"""A proof as a table for people, as Markdown for pull requests, as JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from generator.report.json import SCHEMA_VERSION, json_text
from generator.report.safe import printable
from generator.verify.connections import Connection
from generator.verify.findings import summary
from generator.verify.proof import Proof

_HEAD = ("client", "server", "port", "requests", "network", "mesh")


def _cells(row: Connection) -> tuple[str, ...]:
    cells = (row.client, row.server, row.ports, row.requests, row.network, row.mesh)
    return tuple(printable(cell) for cell in cells)


def _sentence(proof: Proof) -> str:
    counted = f"{proof.decisions:,} decisions between {proof.endpoints} endpoints on {proof.points} classes of ports"
    if proof.holds:
        return f"is proven: this and the plumbing get through, and nothing else\n({counted})"
    return f"is NOT proven: {len(proof.discrepancies)} disagreements\n({counted})"


def _as_text(name: str, rows: Sequence[Connection], proof: Proof) -> str:
    table = [_HEAD, *map(_cells, rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in table
    ]
    wrong = [f"  {one.place}: {one.code} {printable(one.message)}" for one in summary(proof.discrepancies)]
    return "\n".join([*lines, "", f"{printable(name)} {_sentence(proof)}", *wrong])


def _as_markdown(name: str, rows: Sequence[Connection], proof: Proof) -> str:
    lines = [f"### {_escaped(name)}", "", _row(_HEAD), _row(["---"] * len(_HEAD)), *(_row(_cells(row)) for row in rows)]
    wrong = [f"- {_escaped(one.message)}" for one in summary(proof.discrepancies)]
    return "\n".join([*lines, "", f"The bundle {_sentence(proof)}", *wrong])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def _as_json(name: str, rows: Sequence[Connection], proof: Proof) -> str:
    connections = [
        {
            **dict(zip(_HEAD, (row.client, row.server, row.ports, row.requests, row.network, row.mesh), strict=True)),
            "file": row.place.file,
            "line": row.place.line,
        }
        for row in rows
    ]
    discrepancies = [
        {
            "kind": one.kind.value,
            "layer": one.layer,
            "client": one.client.name,
            "server": one.server.name,
            "port": str(one.point),
            "request": str(one.request) if one.request else None,
            "places": [str(place) for place in one.places],
        }
        for one in proof.discrepancies
    ]
    data = {
        "schemaVersion": SCHEMA_VERSION,
        "bundle": name,
        "holds": proof.holds,
        "endpoints": proof.endpoints,
        "portClasses": proof.points,
        "decisions": proof.decisions,
        "connections": connections,
        "discrepancies": discrepancies,
    }
    return json_text(data)


PROOF_REPORTERS: dict[str, Callable[[str, Sequence[Connection], Proof], str]] = {
    "text": _as_text,
    "markdown": _as_markdown,
    "json": _as_json,
}
"""Output formats by name; the choices of `verify --format`."""
