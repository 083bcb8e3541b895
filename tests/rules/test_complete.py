"""Every rule of the catalogue that comes first is there and tested, and those that are not there are known."""

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

LATER = frozenset(
    {"MG107", "MG223", "MG224", "MG229", "MG309", "MG312", "MG315", "MG316", "MG318"} | {"MG404", "MG508"}
)
"""Codes of the catalogue's second priority that have no rule yet."""

needs_catalogue = pytest.mark.skipif(not CATALOGUE.is_file(), reason="the catalogue is not beside this checkout")


@cache
def _catalogue() -> dict[str, tuple[str, str]]:
    """Return slug and priority of every code."""
    return {code: (slug, priority) for code, slug, priority in ROW.findall(CATALOGUE.read_text("utf-8"))}


def _first() -> list[str]:
    return [code for code, (_, priority) in _catalogue().items() if priority == "P1"] if CATALOGUE.is_file() else [""]


@needs_catalogue
def test_catalogue_is_read_whole() -> None:
    assert len(_first()) == 57
    assert len(_catalogue()) > 90


@needs_catalogue
@pytest.mark.parametrize("code", _first())
def test_rule_of_first_priority_is_there_and_has_cases(code: str) -> None:
    assert SLUGS[code] == _catalogue()[code][0]
    assert sorted((CASES / code).glob("*.yaml")), f"{code} is tested by its page alone"


@needs_catalogue
def test_what_is_not_there_is_known() -> None:
    missing = _catalogue().keys() - SLUGS.keys()
    assert missing == ELSEWHERE.keys() | LATER
    assert {code: slug for code, (slug, _) in _catalogue().items() if code in SLUGS}.items() <= SLUGS.items()


def test_every_rule_has_a_case_that_is_found_and_one_that_is_not() -> None:
    """A page's good example is one that is not found; a case may hold both."""
    untested = [code for code in SLUGS if not sorted((CASES / code).glob("*.yaml"))]
    assert untested == []
