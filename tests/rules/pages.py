"""The docstring of a rule module, taken apart: the page that `meshgen explain` prints, and YAML that must hold."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

_SECTION = re.compile(r"^(Why|Before|Bad|Good):\n((?:[ \t].*\n|\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """The sections of a rule's page."""

    summary: str
    sections: tuple[str, ...]
    why: str
    bad: str
    good: str
    before: str


def read_page(text: str) -> Page:
    """Take the page *text* apart; a section that is not there is empty."""
    found = {match[1]: textwrap.dedent(match[2]).strip("\n") + "\n" for match in _SECTION.finditer(f"{text}\n")}
    summary = text.split("\n\n", maxsplit=1)[0].strip()
    return Page(summary, tuple(found), *(found.get(name, "\n") for name in ("Why", "Bad", "Good", "Before")))
