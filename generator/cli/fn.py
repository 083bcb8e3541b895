"""`meshgen fn`: a KRM function for Kustomize and kpt."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from generator.cli.options import ProfileFolders, TemplateFolders
from generator.cli.terminal import emit, say, verb, wants_colour
from generator.core.errors import MeshgenError
from generator.core.files import read_standard_input


@verb
def fn(
    configuration: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG]", help="The functionConfig; standard input is then a plain stream of objects."
        ),
    ] = None,
    profile_folders: ProfileFolders = None,
    template_folders: TemplateFolders = None,
) -> int:
    """Run as a KRM function: a ResourceList on standard input, a ResourceList on standard output.

    The functionConfig says what to do. A Profile is rendered into the items, and so are
    those that a Render names; a Check looks for mistakes in the items; a Verify proves that
    the items let through what profiles intend. `meshgen schema fn` prints the fields.

    With CONFIG it is a legacy plugin of Kustomize: objects in, objects out.

    Exit codes: 0 done, 1 findings or not proven, 2 wrong input, 3 a bug in meshgen.
    """
    from generator.krm.resource_list import as_resource_list, read_resource_list  # noqa: PLC0415  (start-up)
    from generator.krm.run import Folders, run  # noqa: PLC0415
    from generator.report.text import as_text  # noqa: PLC0415

    content = b"" if configuration is not None and sys.stdin.isatty() else read_standard_input()
    if configuration is not None:
        content = as_resource_list(_read(configuration), content)
    resources = read_resource_list(content)
    folders = Folders(tuple(profile_folders or ()), tuple(template_folders or ()), datetime.now(UTC).date())
    ran = run(resources, folders)
    if ran.findings:
        say(as_text(ran.findings, wants_colour(sys.stderr)))
    emit(resources.stream() if configuration is not None else resources.text(ran.results))
    return ran.code


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MeshgenError(f"{path}: cannot be read: {error.strerror}") from error
