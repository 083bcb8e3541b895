"""The mutants of `make mutation`: one module is another one, nothing on disk has changed, and each is a real change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.plant import VARIABLE
from tests.support import ROOT

MODULE = ROOT / "generator" / "algebra" / "ternary.py"


def test_a_planted_module_is_taken_instead(tmp_path: Path) -> None:
    before = MODULE.read_bytes()
    mutant = tmp_path / "mutant.py"
    mutant.write_text(MODULE.read_text("utf-8") + "\nIS_MUTANT = True\n", "utf-8")
    code = "import tests.mutation.plant, generator.semantics.network; from generator.algebra import ternary, intervals;"
    code += "print(ternary.IS_MUTANT, ternary.__file__, hasattr(intervals, 'IS_MUTANT'))"
    environment = {**os.environ, VARIABLE: f"generator.algebra.ternary={mutant}"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout == f"True {mutant} False\n"
    assert MODULE.read_bytes() == before


def test_mutants_are_other_programs_with_a_place() -> None:
    pytest.importorskip("cosmic_ray", reason="`make mutation` installs it")
    from tests.mutation.mutants import mutants  # noqa: PLC0415

    found = list(mutants(ROOT / "generator" / "semantics" / "membership.py"))
    assert len(found) > 10
    lines = (ROOT / "generator" / "semantics" / "membership.py").read_text("utf-8").splitlines()
    for one in found[:10]:
        line, changed = one.difference()
        removed = [text[1:] for text in changed.splitlines() if text.startswith("-")]
        assert lines[line - 1 : line - 1 + len(removed)] == removed
    assert all(one.is_another_program() == (one.text() != one.path.read_text("utf-8")) for one in found[:3])


def test_annotations_are_no_program() -> None:
    pytest.importorskip("cosmic_ray", reason="`make mutation` installs it")
    from tests.mutation.mutants import mutants  # noqa: PLC0415

    found = [one for one in mutants(ROOT / "generator" / "rules" / "base.py") if "BitOr" in one.operator]
    assert found
    assert not any(one.is_another_program() for one in found)


def test_what_mypy_watches_and_where_fields_are_kept_are_no_program() -> None:
    pytest.importorskip("cosmic_ray", reason="`make mutation` installs it")
    from tests.mutation.mutants import mutants  # noqa: PLC0415

    found = [one for one in mutants(ROOT / "generator" / "semantics" / "exits.py") if "TrueWithFalse" in one.operator]
    changed = {one.difference()[1].partition("+")[2].strip(): one.is_another_program() for one in found}
    assert changed.pop("@dataclass(frozen=False, slots=True)") is False
    assert changed.pop("@dataclass(frozen=True, slots=False)") is False
    assert changed
    assert all(changed.values())
