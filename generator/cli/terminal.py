"""What goes to the terminal, and how a run ends. The one place that prints errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import IO, ParamSpec

from generator.core.errors import EXIT_BROKEN_PIPE, EXIT_OK, InvalidInput, MeshgenError
from generator.core.findings import Finding

_Arguments = ParamSpec("_Arguments")


def wants_colour(stream: IO[str]) -> bool:
    """Tell whether *stream* is a terminal that shows colour and whose user did not forbid it (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def say(text: str) -> None:
    """Print a message about the run; standard output is for results alone."""
    print(text, file=sys.stderr)


def emit(text: str) -> None:
    """Print a file: UTF-8 and nothing but *text*, whatever the terminal's encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def fail(error: MeshgenError, output_format: str = "text", *, writes: bool = False) -> int:
    """Report *error* and return its exit code. Findings go to standard output when a program reads them."""
    from generator.core.codes import NOT_DONE  # noqa: PLC0415  (only when something went wrong)
    from generator.report import REPORTERS  # noqa: PLC0415
    from generator.report.safe import printable  # noqa: PLC0415

    output_format = output_format if output_format in REPORTERS else "text"  # a table's format is none of findings
    findings: Sequence[Finding] = error.findings if isinstance(error, InvalidInput) else ()
    if not findings and output_format == "text":
        say(f"meshgen: {printable(str(error))}")
        return error.exit_code
    findings = findings or [Finding(NOT_DONE, str(error))]  # whoever parses standard output finds a document there
    report = REPORTERS[output_format](findings, wants_colour(sys.stderr))
    print(report, file=sys.stderr if output_format == "text" else sys.stdout)
    if output_format == "text":
        count = len(findings)
        outcome = "; nothing was written" if writes else ""
        say(f"{count} error{'s' if count != 1 else ''}{outcome}. `meshgen explain CODE` says more.")
    return error.exit_code


def verb(work: Callable[_Arguments, int]) -> Callable[_Arguments, None]:
    """Turn *work*, which returns an exit code, into a command: errors are reported, the code is used."""

    @wraps(work)
    def command(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> None:
        try:
            code = work(*args, **kwargs)
            sys.stdout.flush()
        except MeshgenError as error:
            code = fail(error, str(kwargs.get("output_format", "text")), writes="force" in kwargs)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered is for nobody
            code = EXIT_BROKEN_PIPE
        if code != EXIT_OK:
            sys.exit(code)

    return command


def one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a *value* of *option* that is none of its *choices*."""
    if value not in choices:
        raise MeshgenError(f"{option} {value}: choose one of {', '.join(choices)}")
