"""`meshgen init`: a profile to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.options import Force, ProfileFolders
from generator.cli.terminal import emit, say, verb
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
        emit(text)
        return EXIT_OK
    path = Path(output or f"{name or kind}.yaml")
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        message = f"{path}: is there already; choose another NAME, or overwrite it with --force"
        raise OutputRefused(message) from error
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror}") from error
    options = "".join(f" --profiles {folder}" for folder in profile_folders or ())
    say(f"{path}: written. Edit it, then: meshgen render {path}{options}")
    return EXIT_OK
