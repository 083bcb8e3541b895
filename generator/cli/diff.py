"""`meshgen diff`: what a change opens and closes, in connections and not in text."""

from __future__ import annotations

from typing import Annotated

import typer

from generator.cli.options import Environment, ProfileFolders, TemplateFolders
from generator.cli.progress import at_work
from generator.cli.terminal import emit, one_of, verb
from generator.core.errors import EXIT_DIFFERENT, EXIT_OK
from generator.core.files import read_standard_input

FORMATS = ("text", "markdown", "json")


@verb
def diff(
    sides: Annotated[
        list[str], typer.Argument(metavar="OLD NEW | OLD..NEW [PATH]", help="Files, folders, profiles, revisions.")
    ],
    allow_widen: Annotated[
        bool, typer.Option("--allow-widen", help="Exit with 0 even if something gets through that did not.")
    ] = False,
    env: Environment = None,
    profile_folders: ProfileFolders = None,
    template_folders: TemplateFolders = None,
    output_format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How the difference is printed.")
    ] = "text",
) -> int:
    """Show which connections are opened, closed, widened or narrowed between OLD and NEW.

    Each side is a file, a folder, a profile, - or REVISION:PATH; OLD..NEW PATH compares two
    git revisions, OLD...NEW PATH the newer one with where they parted. Nothing is checked
    out. Everybody is tried: the workloads of both sides, and a stranger of every kind.

    Exit codes: 0 nothing widened (or --allow-widen), 1 widened or perhaps widened, 2 wrong
    input, 3 a bug in meshgen.
    """
    from generator.questions.material import Asked  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.questions.pair import read_pair  # noqa: PLC0415
    from generator.report.difference import DIFFERENCE_REPORTERS  # noqa: PLC0415
    from generator.semantics.cluster import Cluster  # noqa: PLC0415
    from generator.semantics.difference import compare  # noqa: PLC0415

    one_of("--format", output_format, FORMATS)
    asked = Asked(
        environment=env,
        standard_input=read_standard_input() if "-" in sides else None,
        profile_folders=tuple(profile_folders or ()),
        template_folders=tuple(template_folders or ()),
    )
    with at_work("comparing who reaches whom"):
        old, new = read_pair(sides, asked)
        found = compare(*(Cluster(one.documents, one.environment, one.endpoints) for one in (old, new)))
        text = DIFFERENCE_REPORTERS[output_format](old.title, new.title, found) + "\n"
    emit(text)
    return EXIT_DIFFERENT if found.widens and not allow_widen else EXIT_OK
