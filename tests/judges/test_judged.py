"""The page of the judges: nothing open, every story with its case, and the numbers from one source."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.judges.judged import SITTINGS
from tests.judges.page import SETTLED, TITLES, page, table
from tests.judges.results import Result, load

ROOT = Path(__file__).resolve().parents[2]


def test_every_judge_sat_and_nobody_disagrees() -> None:
    results = load()
    assert results.keys() == SITTINGS.keys() == TITLES.keys()
    for name, one in results.items():
        assert not one.skipped, name
        assert one.decisions > 0, name
        assert not one.open, name


def test_what_was_settled_has_a_case_on_file() -> None:
    for one in yaml.safe_load(SETTLED.read_text("utf-8")):
        assert one["judge"] in TITLES
        assert (ROOT / one["case"]).is_file(), one["case"]


def test_page_tells_what_is_open_and_who_did_not_sit() -> None:
    results = {
        "envoy": Result("envoy 1", {"clusters": 2}, 1234, ("here: yes, there: no",)),
        "istiod": Result(skipped="no Go"),
    }
    text = page(results)
    assert "- here: yes, there: no" in text
    assert "It did not sit: no Go." in text
    assert "| envoy 1 | 1,234 | 1 |" in table(results)
