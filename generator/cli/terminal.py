"""What goes to the terminal, and how a run ends. The one place that prints errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import IO, ParamSpec

import typer

from generator.core.errors import EXIT_OK, InvalidInput, MeshgenError

_Arguments = ParamSpec("_Arguments")


def wants_colour(stream: IO[str]) -> bool:
    """Tell whether *stream* is a terminal that shows colour and whose user did not forbid it (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def say(text: str) -> None:
    """Print a message about the run; standard output is for results alone."""
    print(text, file=sys.stderr)


def fail(error: MeshgenError, output_format: str = "text") -> int:
    """Report *error* and return its exit code. Findings go to standard output when a program reads them."""
    from generator.report import REPORTERS  # noqa: PLC0415  (only when something went wrong)
    from generator.report.safe import printable  # noqa: PLC0415

    if not isinstance(error, InvalidInput):
        say(f"meshgen: {printable(str(error)) if chr(10) not in str(error) else error}")
        return error.exit_code
    report = REPORTERS[output_format](error.findings, wants_colour(sys.stderr))
    print(report, file=sys.stderr if output_format == "text" else sys.stdout)
    if output_format == "text":
        count = len(error.findings)
        say(f"{count} error{'s' if count != 1 else ''}; nothing was written. `meshgen explain CODE` says more.")
    return error.exit_code


def verb(work: Callable[_Arguments, int]) -> Callable[_Arguments, None]:
    """Turn *work*, which returns an exit code, into a command: errors are reported, the code is used."""

    @wraps(work)
    def command(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> None:
        try:
            code = work(*args, **kwargs)
        except MeshgenError as error:
            code = fail(error, str(kwargs.get("output_format", "text")))
        if code != EXIT_OK:
            raise typer.Exit(code)

    return command
