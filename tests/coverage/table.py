"""What the source documents describe, row by row: which profile type makes it right, and what the proof says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from generator.pipeline import Bundle, Request, render
from tests.support import ROOT

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One block or scenario of a document; ``open`` says why nothing makes it yet.

    ``rest`` is what another mesh must say itself, where only the network layer is made here.
    """

    source: str
    what: str
    id: str = ""
    options: dict[str, list[str]] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    document: str = ""
    verb: str = ""
    open: str = ""
    rest: str = ""


@cache
def rows() -> tuple[Row, ...]:
    """Return every row, document by document."""
    return tuple(_rows())


def _rows() -> Iterator[Row]:
    for path in sorted(HERE.glob("*.yaml")):
        data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        yield from (Row(source=data["document"], **row) for row in data["rows"])


@cache
def bundle_of(example: str) -> Bundle:
    """Return the bundle of the example TYPE/NAME."""
    kind, _, name = example.partition("/")
    return render(Request((str(ROOT / "profiles" / kind / "examples" / f"{name}.yaml"),)))


def markdown() -> str:
    """Return the table, one for each document, and how many rows are open."""
    open_rows, partial = sum(1 for row in rows() if row.open), sum(1 for row in rows() if row.rest)
    done = len(rows()) - open_rows - partial
    text = f"{len(rows())} rows: {done} covered, {partial} at the network layer alone, {open_rows} open.\n"
    for source in dict.fromkeys(row.source for row in rows()):
        text += f"\n### {source}\n\n| block | what it shows | profile type: options | example | proof |\n"
        text += "|---|---|---|---|---|\n"
        text += "".join(_line(row) for row in rows() if row.source == source)
    return text


def _line(row: Row) -> str:
    if row.open:
        return f"| {row.id} | {row.what} | | | open: {row.open} |\n"
    if row.verb:
        return f"| {row.id} | {row.what} | `meshgen {row.verb}` | | its starting profiles are proven |\n"
    if row.document:
        name = Path(row.document).name
        return f"| {row.id} | {row.what} | [{name}]({name}) | | commands, no objects |\n"
    options = "<br>".join(f"`{kind}`: {', '.join(f'`{one}`' for one in some)}" for kind, some in row.options.items())
    options += "".join(f"<br>rule [{code}](rules.md)" for code in row.rules)
    links = "<br>".join(f"[{one}](../out/{one})" for one in row.examples)
    proof = "<br>".join(map(_proof, row.examples))
    if row.rest:
        proof += f", for the network layer alone; not made: {row.rest} ([more](other-meshes.md))"
    return f"| {row.id} | {row.what} | {options} | {links} | {proof} |\n"


def _proof(example: str) -> str:
    proof = bundle_of(example).proof
    if not proof.decisions:
        return "decides over no connection"
    return "holds" if proof.holds else "does not hold"
