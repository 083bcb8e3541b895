"""`meshgen graph`: who may talk to whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from generator.cli.options import Environment, ProfileFolders, TemplateFolders
from generator.cli.progress import at_work
from generator.cli.terminal import emit, one_of, verb
from generator.core.errors import EXIT_OK, MeshgenError
from generator.core.files import read_standard_input

FORMATS = ("mermaid", "dot", "svg", "html", "json")
HIDDEN = ("plumbing", "outside", "nothing")
STREAM = "-"


@verb
def graph(
    paths: Annotated[list[str], typer.Argument(metavar="PROFILE|PATH", help="Profiles, files, folders, or -.")],
    env: Environment = None,
    hide: Annotated[
        list[str] | None,
        typer.Option("--hide", metavar="|".join(HIDDEN), help="What is not drawn; without it, plumbing. Repeatable."),
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where to write; - prints it.")
    ] = STREAM,
    profile_folders: ProfileFolders = None,
    template_folders: TemplateFolders = None,
    output_format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="What to print it for.")
    ] = "mermaid",
) -> int:
    """Show who may talk to whom: every connection that all layers let through.

    Workloads, the platform and the world outside are the nodes; what is treated alike is one
    node. A dashed arrow is a connection of which nobody can tell, because a fact is missing.

    Plumbing is DNS, istiod and Prometheus: what every workload of a mesh needs. Pictures
    leave it out, and say so; the tables of the html page and json hold everything.

    Exit codes: 0 drawn, 2 wrong input, 3 a bug in meshgen.
    """
    from generator.questions.material import Asked, read_material  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.report.graph import GRAPH_REPORTERS, Wanted  # noqa: PLC0415
    from generator.semantics.cluster import Cluster  # noqa: PLC0415
    from generator.semantics.graph import Graph  # noqa: PLC0415
    from generator.semantics.nodes import NodeKind  # noqa: PLC0415

    one_of("--format", output_format, FORMATS)
    hidden = _hidden(hide, output_format)
    asked = Asked(
        environment=env,
        standard_input=read_standard_input() if "-" in paths else None,
        profile_folders=tuple(profile_folders or ()),
        template_folders=tuple(template_folders or ()),
    )
    with at_work("working out who reaches whom"):
        one = read_material(paths, asked)
        found = Graph(Cluster(one.documents, one.environment, one.endpoints))
        if not found.edges and not found.workloads():
            raise MeshgenError(f"{one.title}: there is nothing to draw: neither workloads nor policies were read")
        text = GRAPH_REPORTERS[output_format](Wanted(one.title, found, frozenset(map(NodeKind, hidden)))) + "\n"
    _write(text, output)
    return EXIT_OK


def _hidden(hide: Sequence[str] | None, output_format: str) -> list[str]:
    if hide and output_format == "json":
        raise MeshgenError("--hide is for pictures: json holds everything")
    for one in hide or ():
        one_of("--hide", one, HIDDEN)
    if hide and "nothing" in hide and len(hide) > 1:
        raise MeshgenError("--hide nothing: nothing else can be hidden beside it")
    return [one for one in hide or ("plumbing",) if one != "nothing"]


def _write(text: str, output: str) -> None:
    if output == STREAM:
        emit(text)
        return
    from generator.output.single import write_file  # noqa: PLC0415  (start-up: only what a run needs)

    write_file(Path(output), text)
