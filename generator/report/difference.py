"""A difference in connections for people, for pull requests, for programs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from generator.report.json import SCHEMA_VERSION, json_text
from generator.report.safe import one_line, printable
from generator.semantics.difference import Difference
from generator.semantics.rows import Change

_MARKUP = re.compile(r"[\\`*_\[\]<>|#~!&@\n\t]")
_HEAD = ("change", "client", "server", "port", "requests", "layer")


def _word(row: Change) -> str:
    return row.kind.value if row.certain else f"perhaps {row.kind.value}"


def _summary(found: Difference) -> str:
    counted = f"{found.endpoints:,} endpoints in {found.classes:,} classes, on {found.ports} classes of ports"
    if not found.changes:
        return f"No connection changes ({counted})."
    by_kind = Counter(_word(row) for row in found.changes)
    listed = ", ".join(f"{count} {word}" for word, count in by_kind.items())
    return f"{listed} ({counted})."


def _notes(found: Difference) -> list[str]:
    notes = [f"{was} is now called {now}" for was, now in found.renamed]
    if any(not row.certain for row in found.changes):
        notes.append("'perhaps': a fact is missing, such as the labels of a namespace; `meshgen why` names it")
    return notes


def _as_text(old: str, new: str, found: Difference) -> str:
    lines = [f"{_word(row):<16} {_connection(row)} ({', '.join(row.layers)})" for row in found.changes]
    notes = [f"note: {one}" for one in _notes(found)]
    return "\n".join(one_line(line) for line in [*lines, *notes, f"{old} -> {new}: {_summary(found)}"])


def _connection(row: Change) -> str:
    requests = f": {row.requests}" if row.requests else ""
    return f"{row.client} -> {row.server} {row.ports}{requests}"


def _as_markdown(old: str, new: str, found: Difference) -> str:
    lines = [f"### Connections: {_plain(old)} → {_plain(new)}", "", _plain(_summary(found))]
    if found.changes:
        lines += ["", _row(_HEAD), _row(["---"] * len(_HEAD))]
        lines += [_row([f"**{_word(row)}**", *map(_plain, _cells(row))]) for row in found.changes]
    lines += ["", *(f"- {_plain(one)}" for one in _notes(found))] if _notes(found) else []
    return "\n".join(lines)


def _cells(row: Change) -> list[str]:
    return [row.client, row.server, row.ports, row.requests or "any", ", ".join(row.layers)]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Return *text* such that Markdown shows it as it is: no markup, no mention of a user, no second cell."""
    return _MARKUP.sub(lambda match: f"&#{ord(match.group())};", printable(text))


def _as_json(old: str, new: str, found: Difference) -> str:
    data = {
        "schemaVersion": SCHEMA_VERSION,
        "old": old,
        "new": new,
        "widens": found.widens,
        "endpoints": found.endpoints,
        "classes": found.classes,
        "portClasses": found.ports,
        "renamed": [{"from": was, "to": now} for was, now in found.renamed],
        "changes": [
            {
                "change": row.kind.value,
                "certain": row.certain,
                "clients": list(row.clients),
                "servers": list(row.servers),
                "ports": row.ports,
                "requests": row.requests or None,
                "layers": list(row.layers),
            }
            for row in found.changes
        ],
    }
    return json_text(data)


DIFFERENCE_REPORTERS: dict[str, Callable[[str, str, Difference], str]] = {
    "text": _as_text,
    "markdown": _as_markdown,
    "json": _as_json,
}
"""Output formats by name; the choices of `diff --format`."""
