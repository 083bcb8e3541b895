"""How results are shown: for people, for programs, for pull requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from generator.core.findings import Finding
from generator.report.github import as_github
from generator.report.json import as_json
from generator.report.sarif import as_sarif
from generator.report.text import as_text

REPORTERS: dict[str, Callable[[Sequence[Finding], bool], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}
"""Output formats by name: findings and whether colour is wanted, to text. The choices of --format."""
