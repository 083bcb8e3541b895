"""Findings for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from generator.core.findings import Finding
from generator.core.places import Json, Place
from generator.core.secrets import without_keys_in

SCHEMA_VERSION = 1


def as_json(findings: Sequence[Finding], colour: bool) -> str:  # noqa: ARG001  (one shape for all reporters)
    """Return *findings* as one JSON object with a ``schemaVersion``."""
    data = {"schemaVersion": SCHEMA_VERSION, "findings": [_one(finding) for finding in findings]}
    return json_text(data)


def json_text(data: Json) -> str:
    """Return the report *data* as JSON in ASCII, without any private key that the user's words may hold."""
    return json.dumps(without_keys_in(data), indent=2, ensure_ascii=True)


def json_line(data: Json) -> str:
    """Return a part of a report as `json_text` would, in one line."""
    return json.dumps(without_keys_in(data), ensure_ascii=True)


def _one(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "fix": finding.fix,
        **_place(finding.place),
        "related": [{**_place(place), "note": note} for place, note in finding.related],
    }


def _place(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {"file": None, "line": None, "column": None}
    return {"file": place.file, "line": place.line, "column": place.column}
