"""Of every defect known in the published examples: that it is found, or the reason why it is not; and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.checking.check import CheckRequest, check
from generator.core.findings import Finding, Severity
from tests.support import ROOT

HERE = Path(__file__).parent
PUBLISHED = ROOT.parent / "shared" / "examples" / "published"
TABLE: dict[str, Any] = yaml.safe_load((HERE / "published.yaml").read_text("utf-8"))
DEFECTS: list[dict[str, Any]] = TABLE["defects"]
ENVIRONMENTS = (None, *sorted({one["env"] for one in DEFECTS if "env" in one}))
HIGH = (Severity.ERROR, Severity.WARNING)
VERDICTS = ("found", "undecidable")
KEYS = {"file", "defect", "severity", "pattern", "env", "with", "noted", *VERDICTS}

needs_examples = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the examples are not beside this checkout")


@cache
def _checked(files: tuple[str, ...], environment: str | None) -> tuple[Finding, ...]:
    paths = tuple(str(PUBLISHED / name) for name in sorted(files))
    facts = environment and str(HERE / "environments" / f"{environment}.yaml")
    return check(CheckRequest(paths=paths, environment=facts)).findings


def _of(defect: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return what is found where *defect* shows: in its environment, beside its other files."""
    return _checked((defect["file"], *defect.get("with", ())), defect.get("env"))


def _lines(claim: Mapping[str, Any]) -> list[int]:
    return claim["line"] if isinstance(claim["line"], list) else [claim["line"]]


def _is_claimed(claim: Mapping[str, Any], file: str, findings: tuple[Finding, ...], expected: str) -> bool:
    """Tell whether each line of *claim* is reported with its code, as seriously as it says."""
    levels = {"info": (Severity.INFO,), "warning": (Severity.WARNING,), "high": HIGH}[claim.get("level", expected)]
    places = {
        one.place.line
        for one in findings
        if one.place and one.code == claim["code"] and one.severity in levels and Path(one.place.file).name == file
    }
    return places >= set(_lines(claim))


def _told(findings: tuple[Finding, ...]) -> str:
    return "\n".join(f"{one.place}: {one.severity} {one.code} {one.message}" for one in findings)


def _claims() -> set[tuple[str, str, int]]:
    """Return the places in the examples, each with a code, of which the table says why something is found there."""
    claims = [(one["file"], one[key]) for one in DEFECTS for key in ("found", "noted") if key in one]
    claims += [(one["file"], one) for one in TABLE["also"]]
    return {(file, claim["code"], line) for file, claim in claims for line in _lines(claim)}


def _names(defect: Mapping[str, Any]) -> str:
    return "-".join(str(defect[key]) for key in ("file", "pattern", "env") if key in defect)


def test_table_gives_one_verdict_of_every_defect() -> None:
    for one in DEFECTS:
        assert one.keys() <= KEYS, one
        assert one["defect"], one
        assert one["severity"] in ("H", "O", "X"), one
        assert len(one.keys() & set(VERDICTS)) == 1, one
        assert all(one[key] for key in VERDICTS if key in one), one
        assert "noted" not in one or "undecidable" in one, one
    assert all(one["reason"] for one in TABLE["also"])


def test_totals_are_those_of_the_table() -> None:
    counted = Counter(verdict for one in DEFECTS for verdict in VERDICTS if verdict in one)
    assert dict(counted) == TABLE["totals"]


@needs_examples
def test_every_example_is_there() -> None:
    named = {name for one in (*DEFECTS, *TABLE["also"]) for name in (one["file"], *one.get("with", ()))}
    assert named <= {path.name for path in PUBLISHED.glob("*.yaml")}


@needs_examples
@pytest.mark.parametrize("defect", [one for one in DEFECTS if "found" in one], ids=_names)
def test_defect_is_found(defect: dict[str, Any]) -> None:
    findings = _of(defect)
    assert _is_claimed(defect["found"], defect["file"], findings, "high"), _told(findings)


@needs_examples
@pytest.mark.parametrize("defect", [one for one in DEFECTS if "noted" in one], ids=_names)
def test_what_cannot_be_decided_is_noted(defect: dict[str, Any]) -> None:
    findings = _of(defect)
    assert _is_claimed(defect["noted"], defect["file"], findings, "info"), _told(findings)


@needs_examples
@pytest.mark.parametrize("known", TABLE["also"], ids=lambda one: f"{one['file']}-{one['code']}")
def test_what_is_listed_beside_the_defects_is_found(known: dict[str, Any]) -> None:
    everywhere = [_checked((known["file"],), environment) for environment in ENVIRONMENTS]
    assert any(_is_claimed(known, known["file"], findings, "high") for findings in everywhere)


@needs_examples
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
def test_nothing_is_found_that_the_table_does_not_explain(environment: str | None) -> None:
    claims = _claims()
    raised = {one for findings in _runs(environment) for one in findings if one.severity in HIGH}
    unexplained = tuple(
        one
        for one in raised
        if one.place is None or (Path(one.place.file).name, one.code, one.place.line) not in claims
    )
    assert unexplained == (), _told(unexplained)


def _runs(environment: str | None) -> Iterator[tuple[Finding, ...]]:
    """Yield what is found in every example alone, and in those that an entry looks at together."""
    together = {(one["file"], *one["with"]) for one in DEFECTS if "with" in one}
    for files in [*((path.name,) for path in sorted(PUBLISHED.glob("*.yaml"))), *sorted(together)]:
        yield _checked(files, environment)
