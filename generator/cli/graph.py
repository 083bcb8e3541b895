"""`meshgen graph`: who may talk to whom."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from generator.cli.options import ProfileFolders, TemplateFolders
from generator.cli.terminal import emit, one_of, verb
from generator.core.errors import EXIT_OK

FORMATS = ("mermaid", "dot", "json")


@verb
def graph(
    paths: Annotated[list[str], typer.Argument(metavar="PROFILE|PATH", help="Profiles, files, folders, or -.")],
    env: Annotated[str | None, typer.Option("--env", metavar="NAME|FILE", help="The cluster's environment.")] = None,
    profile_folders: ProfileFolders = None,
    template_folders: TemplateFolders = None,
    output_format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="What to print it for.")
    ] = "mermaid",
) -> int:
    """Show who may talk to whom: every connection that all layers let through.

    Workloads, the platform and the world outside are the nodes; what is treated alike is one
    node. A dashed arrow is a connection of which nobody can tell, because a fact is missing.

    Exit codes: 0 drawn, 2 wrong input, 3 a bug in meshgen.
    """
    from generator.questions.material import Asked, read_material  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.report.graph import GRAPH_REPORTERS  # noqa: PLC0415
    from generator.semantics.cluster import Cluster  # noqa: PLC0415
    from generator.semantics.graph import edges  # noqa: PLC0415

    one_of("--format", output_format, FORMATS)
    asked = Asked(
        environment=env,
        standard_input=sys.stdin.buffer.read() if "-" in paths else None,
        profile_folders=tuple(profile_folders or ()),
        template_folders=tuple(template_folders or ()),
    )
    one = read_material(paths, asked)
    found = edges(Cluster(one.documents, one.environment, one.endpoints))
    emit(GRAPH_REPORTERS[output_format](found) + "\n")
    return EXIT_OK
