"""`render` is read without Typer where its words are plain: the same words, the same values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from generator.cli import app as application
from generator.cli.quick import plain_arguments
from generator.cli.render import render
from generator.core.postponed import POSTPONED

FLAGS = ["-o", "--output", "--check", "--dry-run", "--env", "--set", "--layer", "--name", "--profiles", "--templates"]
FLAGS += ["--schemas", "--format", "--force"]
OTHER = ["-", "a.yaml", "b", "", "x=y", "--", "-h", "--help", "--output=x", "-ox", "--nope", "--chec", "-1", "-oc"]
EXAMPLE = Path(__file__).resolve().parent.parent.parent / "profiles" / "app" / "examples" / "bank-of-anthos.yaml"

TAKEN: list[dict[str, Any]] = []


def _typer() -> typer.Typer:
    def command(**given: Any) -> None:
        TAKEN.append(given)

    command.__signature__ = application._typed(render).__signature__  # type: ignore[attr-defined]
    app = typer.Typer()
    app.command()(command)
    app.command("other")(lambda: None)
    return app


APP = _typer()


def _as_typer_reads(words: list[str]) -> dict[str, Any] | None:
    TAKEN.clear()
    CliRunner().invoke(APP, ["command", *words])
    return TAKEN[0] if TAKEN else None


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*FLAGS, *OTHER]), max_size=6))
def test_what_is_plain_is_read_as_typer_reads_it(words: list[str]) -> None:
    plain = plain_arguments(render, words)
    if plain is not None:
        assert {**plain} == _as_typer_reads(words)


@pytest.mark.parametrize(
    "words",
    [
        ["a.yaml"],
        ["a.yaml", "b", "-o", "out"],
        ["-", "-o", "-"],
        ["--check", "a.yaml", "--env", "kind", "--layer", "mesh", "--format", "json", "--force", "--dry-run"],
        ["a.yaml", "--set", "a=1", "--set", "b=2", "--name", "n", "--profiles", "p", "--templates", "t"],
        ["--schemas", "s", "--schemas", "t", "a.yaml", "-o", "x", "-o", "y"],
    ],
    ids=" ".join,
)
def test_what_people_write_is_plain(words: list[str]) -> None:
    plain = plain_arguments(render, words)
    assert plain is not None
    assert plain == _as_typer_reads(words)


@pytest.mark.parametrize(
    "words", [[], ["-h"], ["a", "--help"], ["a", "-o"], ["a", "-o", "--check"], ["a", "--output=b"], ["--", "a"]]
)
def test_the_rest_is_for_typer(words: list[str]) -> None:
    assert plain_arguments(render, words) is None


def test_while_completing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_MESHGEN_COMPLETE", "complete_bash")
    assert plain_arguments(render, ["a"]) is None


UNWANTED = {
    *("typer", "click", "rich", "pydantic", "jsonschema", "referencing", "attr", "asyncio", "multiprocessing"),
    *("jinja2.bccache", "jinja2.sandbox", "ruamel.yaml.main"),
    *("_decimal", "_pickle", "bz2", "heapq", "lzma", "zlib"),
    *("generator.core.cel", "generator.core.secrets", "generator.intent.rollout", "generator.templating.bounds"),
    *("generator.output.depfile", "generator.output.single"),
}
"""Modules that a render which goes well has no use for, beside those of `POSTPONED`, imported and not loaded."""


def test_a_render_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    code = (
        "import sys; from generator.__main__ import main; main();"
        "print(*(name for name, module in sys.modules.items() if '__getattr__' not in vars(module)))"
    )
    words = ["render", str(EXAMPLE), "-o", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not (UNWANTED | {*POSTPONED}) & loaded
    assert "jinja2.environment" in loaded
