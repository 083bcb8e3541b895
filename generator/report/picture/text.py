"""Text in a picture: how wide it will be, whatever font the reader has, and where it breaks into lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from generator.report.safe import one_line

SIZE = 12.0
LINE = 15.0
_NARROW = frozenset("iljtfrI.,:;'|!()[]/ -")
_WIDE = frozenset("mwMW@%")
_BREAKS = (re.compile(r"[^\s,]*[\s,]*"), re.compile(r"[^/_.-]*[/_.-]*"))


def width_of(text: str) -> float:
    """Return how wide *text* is at most: the common sans-serif fonts are narrower, none is wider by much."""
    return sum(map(_width, text)) * SIZE


def _width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if unicodedata.combining(character):
        return 0.0
    if character in _NARROW:
        return 0.40
    if character in _WIDE or not character.isascii():
        return 1.0
    return 0.72 if character.isupper() else 0.62


def shortened(text: str, width: float) -> str:
    """Return *text* on one line, its end left out if it is wider than *width*."""
    text = one_line(text)
    if width_of(text) <= width:
        return text
    used, end = 0.0, 0
    for character in text:
        used += _width(character)
        if (used + _width("…")) * SIZE > width:
            break
        end += 1
    return f"{text[:end]}…"


def wrapped(text: str, width: float, most: int | None = None) -> list[str]:
    """Break *text* into lines of at most *width*, behind spaces and separators if it can be; keep *most* of them."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for part in _parts(one_line(paragraph), width):
            if line and width_of(line + part.rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += part
        lines.append(line.rstrip())
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][:-1]}…"]
    return lines


def _parts(text: str, width: float, breaks: tuple[re.Pattern[str], ...] = _BREAKS) -> Iterator[str]:
    """Yield *text* in parts that may stand on lines of their own, none wider than a line."""
    if not breaks:
        yield from _cut(text, width)
        return
    for part in filter(None, breaks[0].findall(text)):
        yield from [part] if width_of(part.rstrip()) <= width else _parts(part, width, breaks[1:])


def _cut(text: str, width: float) -> Iterator[str]:
    """Yield *text* in the longest parts that are no wider than a line, each of a character at least."""
    start, used = 0, 0.0
    for index, character in enumerate(text):
        used += _width(character)
        if used * SIZE > width and index > start:
            yield text[start:index]
            start, used = index, _width(character)
    yield text[start:]
