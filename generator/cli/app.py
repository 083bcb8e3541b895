"""The Typer application: its verbs and global options."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_type_hints

import typer

from generator import __version__
from generator.cli.catalogue import env, explain, profiles
from generator.cli.check import check
from generator.cli.diff import diff
from generator.cli.fn import fn
from generator.cli.graph import graph
from generator.cli.init import init
from generator.cli.options import Parameter
from generator.cli.recommend import recommend
from generator.cli.render import render
from generator.cli.schema import schema
from generator.cli.terminal import wants_colour
from generator.cli.verify import verify
from generator.cli.why import why


def _typed(command: Callable[..., None]) -> Callable[..., None]:
    """Return *command* with a signature that Typer understands."""
    hints = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)
    parameters = [one.replace(annotation=_for_typer(hints[name])) for name, one in signature.parameters.items()]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return command


def _flowing(text: str) -> str:
    """Return *text* with each paragraph on one line, so that a narrow terminal breaks it where it ends.

    Typer keeps the line breaks of a docstring, and breaks what is too long once more. An
    indented line, such as a command to copy, stays by itself.
    """
    lines: list[str] = []
    for line in inspect.cleandoc(text).splitlines():
        is_continued = bool(lines and lines[-1]) and not lines[-1].startswith(" ")
        if line and not line.startswith(" ") and is_continued:
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return "\n".join(lines)


def _for_typer(hint: Any) -> Any:
    (told,) = get_args(hint)[1:]
    if not isinstance(told, Parameter):
        return hint
    kind = hint.__origin__
    if not told.flags:
        return Annotated[kind, typer.Argument(metavar=told.metavar, help=told.help, autocompletion=told.complete)]
    return Annotated[
        kind, typer.Option(*told.flags, metavar=told.metavar, help=told.help, autocompletion=told.complete)
    ]


if not wants_colour(sys.stdout):  # GITHUB_ACTIONS alone would colour the help, also in a pipe and against NO_COLOR
    os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"
app = typer.Typer(
    name="meshgen",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (render, verify, check, why, diff, graph, recommend, init, profiles, explain, env, schema, fn):
    app.command(help=_flowing(command.__doc__ or ""))(_typed(command))


def _version(wanted: bool) -> None:
    if wanted:
        print(f"meshgen {__version__}")
        raise typer.Exit


@app.callback()
def meshgen(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Write network intent once; render matching NetworkPolicy and Istio bundles."""
