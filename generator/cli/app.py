"""The Typer application: its verbs and global options."""

from __future__ import annotations

from typing import Annotated

import typer

from generator import __version__
from generator.cli.catalogue import env, explain, profiles
from generator.cli.init import init
from generator.cli.render import render
from generator.cli.schema import schema

app = typer.Typer(
    name="meshgen",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (render, init, profiles, explain, env, schema):
    app.command()(command)


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
