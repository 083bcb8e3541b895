"""Text from a user's file on its way to a terminal, a log or a pull request."""

from __future__ import annotations

import re

from generator.core.secrets import without_keys

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    """Return *text* with control and direction characters made visible, which could rewrite the screen, and no keys."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", without_keys(text))


def one_line(text: str) -> str:
    """Return *text* on one line: a name with a line break must not print a line of its own (``::error ::…``)."""
    return printable(text).replace("\n", "\\n")
