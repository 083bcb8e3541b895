"""Findings as workflow commands: GitHub shows them on the changed lines of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from generator.core.findings import Finding, Severity
from generator.report.safe import printable

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def as_github(findings: Sequence[Finding], colour: bool) -> str:  # noqa: ARG001  (one shape for all reporters)
    """Return *findings* as ``::error file=…,line=…,col=…,title=…::message`` lines."""
    return "\n".join(_one(finding) for finding in findings)


def _one(finding: Finding) -> str:
    properties = {"title": finding.code}
    if finding.place:
        place = finding.place
        properties = {"file": place.file, "line": str(place.line), "col": str(place.column), **properties}
    listed = ",".join(f"{key}={_escaped(printable(value), property_value=True)}" for key, value in properties.items())
    message = f"{finding.message}. {finding.fix}" if finding.fix else finding.message
    return f"::{_COMMANDS[finding.severity]} {listed}::{_escaped(printable(message))}"


def _escaped(text: str, *, property_value: bool = False) -> str:
    escapes = [("%", "%25"), ("\r", "%0D"), ("\n", "%0A")]
    escapes += [(":", "%3A"), (",", "%2C")] if property_value else []
    for character, escape in escapes:
        text = text.replace(character, escape)
    return text
