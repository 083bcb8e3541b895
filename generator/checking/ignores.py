"""Findings that somebody decided to live with: ``# meshgen: ignore[MG101] reason`` in the YAML itself.

Such a comment holds for the line that it ends, for the first line below it, or, at the head
of a document, for the whole document. It holds only with a reason, and with
``until=2027-03-01`` not longer than through that day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from generator.core.findings import Finding, Severity
from generator.core.names import suggestion
from generator.core.places import Place
from generator.core.yaml_comments import Comment, Span, find_comments

NOT_UNDERSTOOD = "MG041"
EXPIRED = "MG042"
UNKNOWN_CODE = "MG043"
HIDES_NOTHING = "MG044"

_MARK = re.compile(r"#[ \t]*meshgen:[ \t]*ignor")
_SHAPE = re.compile(r"#\s*meshgen:\s*ignore\s*\[(?P<codes>[^\]]*)\](?P<rest>.*)")
_UNTIL = re.compile(r"\buntil=(?P<day>\S*)")
_EXAMPLE = "write: # meshgen: ignore[MG101] the reason, until=2027-03-01"


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment: the codes that it hides from the line *first* to the line *last*."""

    place: Place
    codes: tuple[str, ...]
    first: int
    last: int
    until: date | None

    def covers(self, finding: Finding) -> bool:
        """Tell whether it speaks of *finding*."""
        place = finding.place
        is_near = place is not None and place.file == self.place.file and self.first <= place.line <= self.last
        return is_near and finding.code in self.codes


def read_ignores(texts: Mapping[str, str], known: Mapping[str, str]) -> tuple[list[Ignore], list[Finding]]:
    """Return the ignore comments in *texts* (by file), and what is wrong with them (MG041, MG043).

    Args:
        texts: the files that may hold such comments.
        known: the codes that can be ignored, by themselves and by the words that stand for them.
    """
    ignores: list[Ignore] = []
    findings: list[Finding] = []
    for file, text in texts.items():
        comments, spans = find_comments(text.removeprefix("\ufeff"), _MARK)
        lines = text.splitlines()
        for comment in comments:
            ignore, mistakes = _parsed(comment, Place(file, comment.line, comment.column), known)
            findings += mistakes
            if ignore:
                first, last = _reach(comment, spans, lines)
                ignores.append(replace(ignore, first=first, last=last))
    return ignores, findings


def _parsed(comment: Comment, place: Place, known: Mapping[str, str]) -> tuple[Ignore | None, list[Finding]]:
    match = _SHAPE.fullmatch(comment.text.rstrip())
    if match is None:
        return None, [_mistake("this comment names no code to ignore, and hides nothing", place)]
    until, rest = _until(match["rest"])
    words = [word for word in re.split(r"[\s,]+", match["codes"]) if word]
    findings = [_unknown(word, place, known) for word in words if _code(word, known) is None]
    if isinstance(until, str):
        findings.append(_mistake(f"until={until} is no date, and the comment hides nothing", place))
    if not words:
        findings.append(_mistake("this comment names no code to ignore, and hides nothing", place))
    elif not re.search(r"\w", rest):
        findings.append(_mistake(f"ignores {', '.join(words)} without a reason, and therefore hides nothing", place))
    codes = tuple(code for word in words if (code := _code(word, known)))
    if not codes or any(one.code == NOT_UNDERSTOOD for one in findings):
        return None, findings
    return Ignore(place, codes, 0, 0, until if isinstance(until, date) else None), findings


def _code(word: str, known: Mapping[str, str]) -> str | None:
    return known.get(word) or known.get(word.upper()) or known.get(word.lower())


def _until(text: str) -> tuple[date | str | None, str]:
    """Return the date in *text*, the word that should be one, or None; and the text without it."""
    match = _UNTIL.search(text)
    if match is None:
        return None, text
    day = match["day"].rstrip(",.;)")
    try:
        found: date | str = date.fromisoformat(day)
    except ValueError:
        found = day
    return found, text[: match.start()] + text[match.end() :]


def _mistake(message: str, place: Place) -> Finding:
    return Finding(NOT_UNDERSTOOD, message, place, _EXAMPLE, Severity.WARNING)


def _unknown(word: str, place: Place, known: Mapping[str, str]) -> Finding:
    fix = suggestion(word.upper() if word[:2].upper() == "MG" else word, known)
    return Finding(UNKNOWN_CODE, f"{word!r} is no code that can be ignored", place, fix, Severity.WARNING)


def _reach(comment: Comment, spans: Sequence[Span], lines: Sequence[str]) -> tuple[int, int]:
    for span in spans:
        if span.head <= comment.line < span.first:
            return span.head, span.last
    if not comment.is_alone:
        return comment.line, comment.line
    line = comment.line + 1
    while line <= len(lines) and lines[line - 1].lstrip().startswith("#"):
        line += 1
    return line, line


def apply_ignores(findings: Sequence[Finding], ignores: Sequence[Ignore], today: date) -> list[Finding]:
    """Return *findings* without those that are ignored, and what is to be said of the comments (MG042, MG044)."""
    shown: list[Finding] = []
    used: set[tuple[Ignore, str]] = set()
    for finding in findings:
        covering = [one for one in ignores if one.covers(finding)]
        used |= {(one, finding.code) for one in covering}
        expired = [one for one in covering if one.until and one.until < today]
        if not covering:
            shown.append(finding)
        elif len(expired) == len(covering):
            notes = tuple((one.place, f"was ignored here until {one.until}") for one in expired)
            shown.append(replace(finding, related=(*finding.related, *notes)))
    return shown + list(_about(ignores, used, today))


def _about(ignores: Sequence[Ignore], used: set[tuple[Ignore, str]], today: date) -> Iterator[Finding]:
    for one in ignores:
        live = [code for code in one.codes if (one, code) in used]
        for code in one.codes:
            if code not in live:
                yield Finding(HIDES_NOTHING, f"{code} is not found here", one.place, "remove it", Severity.INFO)
        if live and one.until and one.until < today:
            message = f"the ignore of {', '.join(live)} ended on {one.until}"
            fix = "mend what it hid, or decide anew and give a later date"
            yield Finding(EXPIRED, message, one.place, fix, Severity.WARNING)
