"""What was proven is remembered: the same question is answered without rendering, in the same words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.cli import unchanged
from generator.cli.quick import plain_arguments
from generator.cli.render import render
from generator.core.errors import EXIT_OK, EXIT_WRONG_INPUT
from tests.cli.test_quick import FLAGS, OTHER
from tests.output.proven.command import WORDS, Meshgen, editing, kept
from tests.support import ROOT, snapshot


def test_nothing_changed(here: Path, meshgen: Meshgen) -> None:
    assert meshgen(*WORDS) == EXIT_OK
    assert meshgen.said == "out/policies: 33 files, 33 new\n"
    before = snapshot(here)
    for words, said in (
        ((), "out/policies: 33 files, unchanged\n"),
        (("--check",), "out/policies: up to date\n"),
        (("--dry-run",), "out/policies: up to date\n"),
    ):
        assert meshgen(*WORDS, *words) == EXIT_OK
        assert (meshgen.said, meshgen.shown) == (said, "")
        assert snapshot(here) == before
    assert meshgen.renders == 1


def test_it_says_what_a_render_says(meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHGEN_NO_CACHE", "1")
    for words in ([], [], ["--check"], ["--dry-run"]):
        meshgen(*WORDS, *words)
        anew = (meshgen.said, meshgen.shown)
        monkeypatch.delenv("MESHGEN_NO_CACHE")
        meshgen(*WORDS, *words)
        meshgen(*WORDS, *words)
        assert (meshgen.said, meshgen.shown) == (anew[0].replace("33 new", "unchanged"), anew[1])
        monkeypatch.setenv("MESHGEN_NO_CACHE", "1")


def test_a_check_is_remembered_too(meshgen: Meshgen) -> None:
    meshgen(*WORDS, "-o", "there")
    for path in kept(Path.cwd()):
        path.unlink()
    for _ in range(3):
        assert meshgen(*WORDS, "-o", "there", "--check") == EXIT_OK
    assert meshgen.renders == 2


def test_the_same_question_in_another_spelling(meshgen: Meshgen) -> None:
    meshgen("policies", "-o", "out", "--env", "ours.yaml", "--templates", "templates")
    meshgen("-o", "x", "--templates", "./templates/", "--env", "ours.yaml", "policies", "-o", "out", "--layer", "all")
    assert meshgen.renders == 1


@pytest.mark.parametrize("words", [["--set", "shop:spec.namespace=till"], ["--format", "github"], ["--force"]])
def test_options_are_remembered(meshgen: Meshgen, words: list[str]) -> None:
    for _ in range(2):
        assert meshgen("policies", "--env", "kind", *words) == EXIT_OK
    assert meshgen.renders == 1


def test_depfile(meshgen: Meshgen) -> None:
    words = [*WORDS, "--depfile", "out.d"]
    meshgen(*words)
    meshgen(*words)
    assert meshgen.renders == 1
    assert meshgen(*words, "--check") == EXIT_WRONG_INPUT
    before = Path("out.d").read_bytes()
    Path("out.d").unlink()
    meshgen(*words)
    assert meshgen.renders == 2
    assert Path("out.d").read_bytes() == before


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*FLAGS, "--depfile", *OTHER]), max_size=6))
def test_words_are_read_as_a_render_reads_them(words: list[str]) -> None:
    read = unchanged.read(words)
    if read is not None:
        plain = plain_arguments(render, words)
        assert plain is not None
        assert unchanged.question(read) == unchanged.question(plain)
        assert {name for name in ("check", "dry_run") if plain[name]} == {"check", "dry_run"} & read.keys()


def test_every_option_is_known() -> None:
    flags = {flag for words in ([*unchanged.SWITCHES], [*unchanged.VALUES]) for flag in words}
    assert {*FLAGS, "--depfile"} == flags


def test_as_processes(here: Path) -> None:
    """Two at once, then one that loads nothing of what renders."""
    command = [sys.executable, "-c", "from generator.__main__ import main; main()", "render", *WORDS]
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen(command, env=settings, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert all(one.communicate()[1].startswith("out/policies: 33 files") for one in both)
    assert [one.returncode for one in both] == [EXIT_OK, EXIT_OK]
    editing("policies/shop.yaml", "9090", "9090")()
    subprocess.run(command, env=settings, check=True, capture_output=True)
    command[2] += "; import sys; print(*sorted(set(sys.modules) - before))"
    command[2] = "import sys; before = set(sys.modules); " + command[2]
    loaded = {"not asked yet"}
    for _ in range(3):  # a file that another test puts beside the program costs one whole render
        done = subprocess.run(command, env=settings, check=True, capture_output=True, text=True)
        loaded = {name for name in done.stdout.split() if not name.startswith("generator")}
        if loaded <= {"__future__", "_blake2", "gc", "time"}:
            break
    assert loaded <= {"__future__", "_blake2", "gc", "time"}
    assert len(kept(here)) == 1
