"""Sets of requests in words: sample requests of every class back to the patterns that they stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from generator.algebra.patterns import matches
from generator.semantics.requests import CLAIM, HEADER, HOST, METHOD, PATH, PRINCIPAL, SNI, Patterns, Request

_ORDER = (METHOD, HOST, PATH)
_MOST = 6
"""More alternatives than these are counted, not listed."""

_Values = frozenset[str | None]
_Box = tuple[_Values, ...]


def spell(chosen: Collection[Request | None], everything: Collection[Request | None], patterns: Patterns) -> str:
    """Return *chosen* in words, where *everything* is all that could have been chosen; empty for all of it.

    *patterns* are those from which the samples were made: a sample is called by the
    narrowest pattern that it meets.
    """
    if len(set(chosen)) == len(set(everything)):
        return ""
    words = ["connections without HTTP"] if None in chosen else []
    bare, whole_bare = _split(chosen, everything, is_http=False)
    requests, whole = _split(chosen, everything, is_http=True)
    named = _in_boxes(bare, whole_bare, patterns) if bare else []
    asked = ["every HTTP request"] if requests and len(requests) == len(whole) else []
    asked = asked or (_in_boxes(requests, whole, patterns) if requests else [])
    words += [f"anything {one}" if one in asked else f"connections {one}" for one in named]
    words += [one for one in asked if one not in named]
    if len(words) > _MOST:
        words = [*words[:_MOST], f"and {len(words) - _MOST} more"]
    return "; ".join(words)


def _split(
    chosen: Collection[Request | None], everything: Collection[Request | None], *, is_http: bool
) -> tuple[list[Request], list[Request]]:
    """Return the requests of both with HTTP, or the connections without it of which something is known."""
    parts = ([one for one in some if one is not None and one.is_http is is_http] for some in (chosen, everything))
    return next(parts), next(parts)


def _in_boxes(requests: Sequence[Request], whole: Sequence[Request], patterns: Patterns) -> list[str]:
    """Cover exactly *requests* with few boxes (any of these methods on any of these paths), each in words."""
    names = sorted({name for one in whole for name, _ in one.values}, key=_rank)
    domains = [frozenset(one.get(name) for one in whole) for name in names]
    boxes: list[_Box] = [tuple(frozenset({one.get(name)}) for name in names) for one in requests]
    for position in reversed(range(len(names))):
        merged: dict[_Box, frozenset[str | None]] = {}
        for box in boxes:
            rest = (*box[:position], *box[position + 1 :])
            merged[rest] = merged.get(rest, frozenset()) | box[position]
        boxes = [(*rest[:position], values, *rest[position:]) for rest, values in merged.items()]
    return sorted(_words(names, box, domains, patterns) for box in boxes)


def _rank(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _words(names: Sequence[str], box: _Box, domains: Sequence[_Values], patterns: Patterns) -> str:
    parts = [
        _dimension(name, values, domain, tuple(patterns.get(name, ())))
        for name, values, domain in zip(names, box, domains, strict=True)
        if values != domain
    ]
    return " ".join(parts) or "any request"


def _dimension(name: str, values: _Values, domain: _Values, patterns: Sequence[str]) -> str:
    """Return the values of one dimension: as an exception where what nobody named is among them."""
    if any(value is not None and not _patterns(value, patterns) for value in values):
        left_out = domain - values
        text = "any" if left_out == {None} else f"any but {_list(left_out, patterns)}"
    else:
        text = _list(values, patterns)
    if name in (METHOD, PATH):
        return text if not text.startswith("any but") else f"any {name} but{text.removeprefix('any but')}"
    if name in (HOST, SNI):
        return f"to host {text}" if name == HOST else f"under the name (SNI) {text}"
    word = f"header {name.removeprefix(HEADER)}" if name.startswith(HEADER) else _token(name)
    if values == {None}:
        return f"without {word}"
    return f"with {word}: {text}{' or none' if None in values else ''}"


def _token(name: str) -> str:
    return "a token" if name == PRINCIPAL else f"token {name.removeprefix(CLAIM)}"


def _list(values: Iterable[str | None], patterns: Sequence[str]) -> str:
    known = {min(_patterns(one, patterns), key=_width, default="others") for one in values if one is not None}
    return ",".join(sorted(known)) or "none"


def _patterns(value: str, patterns: Sequence[str]) -> list[str]:
    return [one for one in patterns if matches(one, value)]


def _width(pattern: str) -> tuple[bool, int, str]:
    """Order patterns from narrow to wide: exact ones first, then the longest."""
    return ("*" in pattern, -len(pattern), pattern)
