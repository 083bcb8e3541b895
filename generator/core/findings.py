"""A mistake as a value: collected, sorted and printed together, never raised one at a time."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from generator.core.frozen import dataclass
from generator.core.places import Place


class Severity(StrEnum):
    """How bad a finding is; the order of the members is the order of badness."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake: its stable code, what is wrong, where, and what to do about it.

    ``related`` names further places that belong to the mistake, each with a note
    (the other half of a conflict, the first of two equal keys). ``is_absence``: the mistake
    is that something is not there, so what could not be read may hold it.
    """

    code: str
    message: str
    place: Place | None = None
    fix: str = ""
    severity: Severity = Severity.ERROR
    related: tuple[tuple[Place, str], ...] = ()
    is_absence: bool = False

    def sort_key(self) -> tuple[Any, ...]:
        """Order findings as a reader meets them: by file, position, code; and any two that differ, in one way alone."""
        where = self.place or Place("", 0, 0)
        first = (where.file, where.line, where.column, self.code, self.message)
        return (*first, self.fix, self.severity.value, self.related)


def reaches(finding: Finding, threshold: str) -> bool:
    """Tell whether *finding* is at least as bad as *threshold*: a severity, or ``never``."""
    order = list(Severity)
    return threshold != "never" and order.index(finding.severity) <= order.index(Severity(threshold))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings* sorted by place, each of them once."""
    return tuple(sorted(set(findings), key=Finding.sort_key))
