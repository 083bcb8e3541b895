"""That the tables say what was measured, and stand where they belong."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests import refresh
from tests.bench import page, results, tables
from tests.bench.__main__ import write
from tests.bench.clock import ROOT, Cost
from tests.bench.goals import goals
from tests.bench.results import FULL, Results

EXPECTED = Path(__file__).with_name("expected")


def _cost(seconds: float, megabytes: float) -> Cost:
    """Return what a command took that kept both cores busy for half of the time."""
    return Cost(seconds, seconds * 1.5, megabytes)


def _results() -> Results:
    """A made-up run: one peer was skipped, one got fewer tenants, half of the goals are missed."""
    return Results(
        machine="CPython 3.11.7, Linux, 2 cores",
        plan=FULL,
        cold={
            "bare": _cost(0.010, 9),
            "version": _cost(0.0115, 9),
            "help": _cost(0.026, 30.4),
            "render": _cost(0.1, 40),
            "unchanged": _cost(0.0151, 12),
            "first": _cost(0.2, 41),
            "helm": _cost(0.12, 90),
        },
        bulk={
            "render": _cost(4.0, 125),
            "check": _cost(0.5, 129),
            "naive": _cost(500.0, 60),
            "helm": _cost(3.0, 140),
            "kustomize": _cost(20.0, 100),
            "kubeconform": _cost(1.5, 60),
        },
        scaled={"naive": 10, "kustomize": 100},
        foreign={"check": _cost(4.5, 200), "kubeconform": _cost(1.5, 60)},
        growth={10: _cost(0.1, 40), 100: _cost(0.5, 50), 1000: _cost(4.0, 125), 10_000: _cost(44.0, 499.6)},
        cluster={
            "parse": _cost(1.0, 38),
            "check": _cost(5.2, 149),
            "graph": _cost(8.1, 381),
            "diff same": _cost(9.0, 238),
            "diff changed": _cost(8.7, 239),
        },
        stages={
            "help": {"the interpreter itself": 0.01, "imports": 0.05},
            "help imports": {"typer": 0.05},
            "cold": {"the interpreter itself": 0.01, "imports": 0.05, "objects rendered": 0.04},
            "cold imports": {"jinja2": 0.03, "generator": 0.02},
            "unchanged": {"the interpreter itself": 0.01},
            "unchanged imports": {},
            "bulk": {"the interpreter itself": 0.01, "objects rendered": 1.99, "schema": 2.0},
            "bulk check": {"the interpreter itself": 0.01, "written, or compared with the disk": 0.49},
            "check": {"rules": 3.0, "foreign YAML read": 1.0},
        },
        skipped={"kcl": "pip cannot install kcl-lib==0.13.2: no | wheel"},
    )


def test_the_page_is_what_is_expected() -> None:
    made = "".join(f"<!-- {mark} -->\n{table}" for mark, table in page.speed(_results()).items())
    assert made == (EXPECTED / "speed.md").read_text("utf-8")


def test_the_readme_is_what_is_expected() -> None:
    assert page.readme(_results())["bench"] == (EXPECTED / "readme.md").read_text("utf-8")


def test_a_run_renews_the_documents_and_nothing_else_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, path in (("README", refresh.README), ("SPEED", refresh.SPEED)):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
        monkeypatch.setattr(refresh, name, tmp_path / path.name)
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    before = results.load()
    write(_results())
    assert (EXPECTED / "readme.md").read_text("utf-8") in (tmp_path / "README.md").read_text("utf-8")
    assert results.load(tmp_path / "results.json") == _results()
    write(before)
    for name in ("README.md", "docs/speed.md"):
        assert (tmp_path / Path(name).name).read_text("utf-8") == (ROOT / name).read_text("utf-8")


def test_a_quick_look_says_so() -> None:
    quick = replace(_results(), plan=replace(FULL, cold_rounds=1))
    assert "**A quick look**" in tables.machine(quick)
    assert "quick" not in tables.machine(_results())


def test_goals_at_their_limit_are_met() -> None:
    verdicts = {goal.text.partition(",")[0]: goal.verdict for goal in goals(_results())}
    assert verdicts["`meshgen --version`"] == "met"  # 1.15
    assert verdicts["`meshgen --help` into a pipe"] == "**missed**"  # 2.6
    assert verdicts["`meshgen render --check` of 1"] == "met"  # 0.5 s
    assert verdicts["memory of the largest process"] == "met"  # 499.6 MB


def test_goals_without_those_they_compare_with_are_not_measured() -> None:
    found = _results()
    alone = replace(found, bulk={"render": _cost(4, 1), "check": _cost(1, 1)}, foreign={"check": _cost(1, 1)})
    assert [goal.verdict for goal in goals(alone)].count("not measured") == 2
    assert "| not measured |" in tables.goal_table(alone)
    assert "the Helm engine" not in tables.bulk(replace(alone, skipped={}))


def test_results_survive_being_kept(tmp_path: Path) -> None:
    results.save(_results(), tmp_path / "results.json")
    assert results.load(tmp_path / "results.json") == _results()


def test_the_command_knows_its_options() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert "--quick" in said
    assert "--offline" in said


@pytest.mark.parametrize("mark", ["machine", "goals", "cold", "bulk", "foreign", "growth", "cluster", "stages"])
def test_every_table_has_its_place_in_the_docs(mark: str) -> None:
    text = (ROOT / "docs" / "speed.md").read_text("utf-8")
    assert text.count(f"<!-- {mark} -->\n") == 1
    assert text.count(f"<!-- /{mark} -->\n") == 1
