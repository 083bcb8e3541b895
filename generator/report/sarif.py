"""Findings as SARIF 2.1.0 (OASIS), which code scanning services and editors read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from generator import __version__
from generator.core.codes import CODES
from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.report.safe import printable

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ROOT = "%SRCROOT%"
_FINGERPRINT = "meshgenFinding/v1"


def as_sarif(findings: Sequence[Finding], colour: bool) -> str:  # noqa: ARG001  (one shape for all reporters)
    """Return *findings* as one SARIF log. Files are named from the root of the repository that we are in."""
    rules = _rules(findings)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    driver = {"name": "meshgen", "version": __version__, "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, index[finding.code], seen) for finding in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True)


def _rules(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Describe every rule about policies, and the other codes that occur."""
    from generator.rules import registry  # noqa: PLC0415  (start-up: other reports have no use for the rules)

    described = {
        module.RULE.code: _rule(
            module.RULE.code,
            module.RULE.slug,
            module.RULE.summary,
            (module.__doc__ or module.RULE.summary).strip(),
            module.RULE.severity,
        )
        for module in registry()
    }
    for finding in findings:
        if finding.code not in described:
            code = CODES.get(finding.code)
            title, meaning = (code.title, code.meaning) if code else (finding.code, finding.code)
            described[finding.code] = _rule(finding.code, title.replace(" ", "-"), title, meaning, finding.severity)
    return [described[code] for code in sorted(described)]


def _rule(code: str, name: str, summary: str, page: str, severity: Severity) -> dict[str, Any]:
    first, _, rest = page.partition("\n\n")
    return {
        "id": code,
        "name": name,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": " ".join(first.split())},
        "help": {"text": page, "markdown": f"{first}\n\n```text\n{rest}\n```" if rest else page},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


def _result(finding: Finding, index: int, seen: Counter[str]) -> dict[str, Any]:
    message = f"{finding.message}. Fix: {finding.fix}" if finding.fix else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": printable(message)},
        "locations": [{"physicalLocation": _location(finding.place)}] if finding.place else [],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(finding, seen)},
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _location(place), "message": {"text": printable(note)}}
            for number, (place, note) in enumerate(finding.related)
        ]
    return result


def _location(place: Place) -> dict[str, Any]:
    region = {"startLine": max(place.line, 1), "startColumn": max(place.column, 1)}
    return {"artifactLocation": _artifact(place.file, Path.cwd()), "region": region}


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Return what stays the same while lines move: code, file, message, and which of several equal ones it is."""
    uri = _artifact(finding.place.file, Path.cwd())["uri"] if finding.place else ""
    identity = "\n".join((finding.code, uri, finding.message))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


@cache
def _artifact(file: str, here: Path) -> dict[str, str]:
    """Return how SARIF names *file*: below the root of the repository, or by an absolute address outside of it."""
    if file.startswith("<"):
        return {"uri": quote(file, safe="")}
    path = here / file
    root = _root(here)
    for one in (path, path.resolve()):
        if one.is_relative_to(root) and ".." not in one.parts:
            return {"uri": _quoted(one.relative_to(root).as_posix()), "uriBaseId": _ROOT}
    return {"uri": f"file://{_quoted(path.resolve().as_posix())}"}


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def _root(here: Path) -> Path:
    """Return the root of the repository around *here*; *here* itself where there is none."""
    return next((one for one in (here, *here.parents) if (one / ".git").exists()), here)
