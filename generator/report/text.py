"""Findings for people: place, what is wrong, the line itself, and the cure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.core.secrets import holds_secret_object, without_keys
from generator.report.safe import one_line, printable

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_LONGEST_LINE = 200
_LARGEST_FILE = 5_000_000
"""Bytes; whoever reads about a file of more will not look at its lines."""


def as_text(findings: Sequence[Finding], colour: bool) -> str:
    """Return *findings* as lines of text, each with the source line it speaks of."""
    lines_of = cache(_lines)
    return "\n".join(_one(finding, colour, lines_of) for finding in findings)


def _one(finding: Finding, colour: bool, lines_of: Callable[[str], list[str]]) -> str:
    where = f"{one_line(str(finding.place))}: " if finding.place else ""
    label = _paint(f"{finding.severity}[{finding.code}]", _COLOURS[finding.severity], colour)
    lines = [f"{_paint(where, '1', colour)}{label}: {one_line(finding.message)}"]
    if finding.place:
        lines += _excerpt(finding.place, lines_of(finding.place.file))
    lines += [f"  see {one_line(str(place))}: {one_line(note)}" for place, note in finding.related]
    if finding.fix:
        lines.append(f"  {_paint('fix:', '32', colour)} {one_line(finding.fix)}")
    return "\n".join(lines)


def _paint(text: str, style: str, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour and text else text


def _excerpt(place: Place, source: list[str]) -> list[str]:
    if not 0 < place.line <= len(source) or len(source[place.line - 1]) > _LONGEST_LINE:
        return []
    text = source[place.line - 1].expandtabs(1)
    number = str(place.line)
    before = printable(text[: place.column - 1].ljust(place.column - 1))
    return [f"  {number} | {printable(text)}", f"  {' ' * len(number)} | {' ' * len(before)}^"]


def _lines(file: str) -> list[str]:
    """Return the lines of *file* that may be shown: none of a file with a Secret, nor of what is gone.

    A profile can name any path as its environment; only YAML is quoted back to whoever reads the log.
    """
    if not file.endswith((".yaml", ".yml", ".json")):
        return []
    try:
        if not Path(file).is_file() or Path(file).stat().st_size > _LARGEST_FILE:
            return []
        text = Path(file).read_text("utf-8-sig")
    except (OSError, ValueError):
        return []
    return [] if holds_secret_object(text) else without_keys(text).splitlines()
