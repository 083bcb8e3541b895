"""The pages of help that `generator.cli.printed_help` reads: what Typer prints at 80 columns, for each verb."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from typer.testing import CliRunner

from generator.cli import printed_help
from generator.cli.app import app

FOLDER = Path(printed_help.__file__).with_name("pages")


def pages() -> dict[Path, str]:
    """Return the text of each page by its file."""
    verbs = [str(command.callback.__name__) for command in app.registered_commands if command.callback]
    return {FOLDER / "meshgen.txt": _printed(), **{FOLDER / f"{verb}.txt": _printed(verb) for verb in verbs}}


def is_laid_out_as_here() -> bool:
    """Whether the installed Typer is of the series that the pages were written with: others draw other boxes."""
    return version("typer").startswith("0.28.")


def _printed(*words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--help"], prog_name="meshgen", env={"COLUMNS": "80"})
    return done.stdout
