"""Help into a pipe comes from a file, and says what Typer says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.cli.printed_help import help_page
from tests.cli.pages import FOLDER, is_laid_out_as_here, pages
from tests.support import ROOT

CODE = "from generator.__main__ import main; main()"


@pytest.mark.skipif(not is_laid_out_as_here(), reason="another series of Typer draws other boxes")
def test_every_page_is_what_typer_says() -> None:
    wanted = pages()
    assert {path: path.read_text("utf-8") for path in FOLDER.iterdir()} == wanted


def _run(*words: str, code: str = CODE, **settings: str) -> subprocess.CompletedProcess[bytes]:
    clean = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "TERMINAL_WIDTH")}
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        check=False,
        env={**clean, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **settings},
    )


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["render", "--help"], ["why", "-h"]], ids=" ".join)
def test_it_is_printed_without_loading_typer(words: list[str]) -> None:
    run = _run(*words, code=f"{CODE}; import sys; assert not {{'typer', 'rich', 'inspect'}} & set(sys.modules)")
    assert (run.returncode, run.stderr) == (0, b"")
    page = words[0] if len(words) > 1 else "meshgen"
    assert run.stdout == (FOLDER / f"{page}.txt").read_bytes()


def test_another_width_is_laid_out_anew() -> None:
    assert max(map(len, _run("--help", COLUMNS="50").stdout.decode().splitlines())) == 50


@pytest.mark.parametrize(
    "words",
    [[], ["render"], ["nope", "--help"], ["../pages/render", "--help"], ["render", "a", "--help"], ["", "-h"]],
    ids=" ".join,
)
def test_the_rest_is_for_typer(words: list[str]) -> None:
    assert help_page(words) is None


def test_another_encoding_is_for_typer() -> None:
    run = _run("--help", PYTHONIOENCODING="ascii")
    assert run.returncode == 0
    assert b"render" in run.stdout
    assert run.stdout.isascii()


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_a_reader_that_goes_away() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        run = subprocess.run([sys.executable, "-c", CODE, "--help"], stdout=write, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(write)
    assert run.returncode != 0
    assert run.stderr == b""


def test_a_terminal_is_for_typer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    for name in ("COLUMNS", "TERMINAL_WIDTH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert help_page(["--help"]) is None
    monkeypatch.setattr(Terminal, "isatty", lambda _: False)
    assert help_page(["--help"]) == Path(FOLDER / "meshgen.txt").read_text("utf-8")
