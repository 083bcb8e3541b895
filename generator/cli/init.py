"""`meshgen init`: a profile to start from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from generator.cli.options import Force, ProfileFolders
from generator.cli.terminal import say, verb
from generator.core.errors import EXIT_OK, MeshgenError, OutputRefused


@verb
def init(
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="The profile type (meshgen profiles).")],
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Name of the profile and its file.")] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="The file, or - to print.")
    ] = None,
    profile_folders: ProfileFolders = None,
    force: Force = False,
) -> int:
    """Write a profile to start from: the type's minimal example, with its other options as comments."""
    from generator.core.names import suggestion  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.intent.profile_types import profile_types  # noqa: PLC0415
    from generator.intent.starter import starter  # noqa: PLC0415

    types = profile_types(profile_folders or [])
    if kind not in types:
        raise MeshgenError(f"there is no profile type {kind!r}: {suggestion(kind, types)}")
    text = starter(types[kind], name)
    if output == "-":
        sys.stdout.write(text)
        return EXIT_OK
    path = Path(output or f"{name or kind}.yaml")
    if path.exists() and not force:
        raise OutputRefused(f"{path}: is there already; choose another NAME, or overwrite it with --force")
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror}") from error
    say(f"{path}: written. Edit it, then: meshgen render {path}")
    return EXIT_OK
