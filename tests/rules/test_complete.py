"""Every rule of the catalogue is there and tested, and of those that are not there the reason is written down."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from generator import rules
from tests.support import ROOT

CATALOGUE = ROOT.parent / "shared" / "reference" / "checks.md"
ROW = re.compile(r"^\| (MG\d{3}) ([a-z0-9-]+) \| (P[12]) \|", re.MULTILINE)
CASES = Path(__file__).parent / "cases"
SLUGS = {module.RULE.code: module.RULE.slug for module in rules.registry()}
ELSEWHERE = {
    "MG409": "what a network plugin can do in stages belongs to the rollout, not to a set of manifests",
    "MG411": "which connections live long is a matter of the profile, and of the rollout's steps",
    "MG513": "a self-test: tests/determinism runs it",
}
"""Codes of the catalogue that no rule about manifests can have, each with the reason."""

needs_catalogue = pytest.mark.skipif(not CATALOGUE.is_file(), reason="the catalogue is not beside this checkout")


@cache
def _catalogue() -> dict[str, tuple[str, str]]:
    """Return slug and priority of every code."""
    return {code: (slug, priority) for code, slug, priority in ROW.findall(CATALOGUE.read_text("utf-8"))}


def _of_priority(*wanted: str) -> list[str]:
    return [code for code, (_, priority) in _catalogue().items() if priority in wanted] if CATALOGUE.is_file() else [""]


@needs_catalogue
def test_catalogue_is_read_whole() -> None:
    assert len(_of_priority("P1")) == 57
    assert len(_of_priority("P2")) == 40


@needs_catalogue
@pytest.mark.parametrize("code", [code for code in _of_priority("P1", "P2") if code not in ELSEWHERE])
def test_rule_is_there_and_has_cases(code: str) -> None:
    assert SLUGS[code] == _catalogue()[code][0]
    assert sorted((CASES / code).glob("*.yaml")), f"{code} is tested by its page alone"


@needs_catalogue
def test_what_is_not_there_is_known() -> None:
    missing = _catalogue().keys() - SLUGS.keys()
    assert missing == ELSEWHERE.keys()
    assert {code: slug for code, (slug, _) in _catalogue().items() if code in SLUGS}.items() <= SLUGS.items()


def test_every_rule_has_a_case_that_is_found_and_one_that_is_not() -> None:
    """A page's good example is one that is not found; a case may hold both."""
    untested = [code for code in SLUGS if not sorted((CASES / code).glob("*.yaml"))]
    assert untested == []
