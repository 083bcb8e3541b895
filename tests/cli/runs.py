"""A run that must be refused."""

from __future__ import annotations

from pathlib import Path

from generator.core.errors import EXIT_WRONG_INPUT
from tests.support import Run, meshgen, snapshot


def refused(here: Path, *arguments: str | Path, stdin: str | bytes | None = None) -> Run:
    """Run `meshgen render`, which must refuse its input and change nothing in the folder *here*."""
    before = snapshot(here)
    run = meshgen("render", *arguments, stdin=stdin)
    assert run.code == EXIT_WRONG_INPUT, run
    assert snapshot(here) == before, "nothing is written"
    return run
