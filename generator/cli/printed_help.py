"""The help of every verb as Typer prints it into a pipe, read from a file instead of being laid out anew.

Typer and rich take about 15 times as long to load as Python does, and programs ask for
help too: completions, wrappers, editors. `make refresh` writes the pages, and a test holds
them equal to what Typer says at 80 columns. On a terminal Typer answers itself.
"""

from __future__ import annotations

import os
import sys

_HELP = (["--help"], ["-h"])
_OF_ALL = "meshgen"
_ASKS_FOR_MORE = ("COLUMNS", "TERMINAL_WIDTH", "TYPER_USE_RICH", "_MESHGEN_COMPLETE")
"""Variables that make Typer print something else."""


def help_page(words: list[str]) -> str | None:
    """Return the help that *words* ask for; None where they ask for something else, or somebody looks at a terminal."""
    verb, rest = (_OF_ALL, words) if len(words) == 1 else (words[0] if words else "", words[1:])
    if rest not in _HELP or not verb.isalpha() or sys.stdout.isatty() or sys.stdout.encoding.lower() != "utf-8":
        return None
    if any(name in os.environ for name in _ASKS_FOR_MORE):
        return None
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pages", f"{verb}.txt")  # noqa: PTH100, PTH118, PTH120  (start-up)
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            return file.read()
    except FileNotFoundError:  # there is no such verb
        return None
