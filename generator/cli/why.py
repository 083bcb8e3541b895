"""`meshgen why`: may this client reach that server, and which lines decide it."""

from __future__ import annotations

from typing import Annotated

import typer

from generator.cli.options import Environment, ProfileFolders, TemplateFolders
from generator.cli.progress import at_work
from generator.cli.terminal import emit, one_of, verb
from generator.core.errors import EXIT_DIFFERENT, EXIT_OK, MeshgenError
from generator.core.files import read_standard_input

FORMATS = ("text", "json")


@verb
def why(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A workload, gateway NAME, prometheus, address, CIDR.")],
    target: Annotated[str, typer.Argument(metavar="DST:PORT", help="As SRC, or a Service or host; port or its name.")],
    method: Annotated[str | None, typer.Argument(metavar="[METHOD", help="An HTTP method: GET.")] = None,
    path: Annotated[str | None, typer.Argument(metavar="PATH]", help="An HTTP path: /users/7.")] = None,
    files: Annotated[
        list[str] | None,
        typer.Option("-f", "--file", metavar="PATH|PROFILE", help="Where it is written: YAML, folders, profiles, -."),
    ] = None,
    headers: Annotated[
        list[str] | None, typer.Option("--header", metavar="NAME=VALUE", help="A header of the request.")
    ] = None,
    claims: Annotated[
        list[str] | None, typer.Option("--claim", metavar="NAME=VALUE", help="A claim of its token: iss=https://…")
    ] = None,
    symptom: Annotated[
        str | None, typer.Option("--symptom", metavar="403|timeout|reset|503", help="What is seen: rank its causes.")
    ] = None,
    env: Environment = None,
    profile_folders: ProfileFolders = None,
    template_folders: TemplateFolders = None,
    output_format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How the answer is printed.")
    ] = "text",
) -> int:
    """Tell whether SRC may reach DST:PORT, layer by layer, and which lines decide it.

    Names are NAMESPACE/WORKLOAD, KIND/NAMESPACE/NAME, a bare name if there is only one, a
    Service (its port is translated to the pod's), or NAMESPACE/key=value for pods of which
    only labels are known. Profiles are rendered in memory first; their places are then
    those of the rendered bundle.

    Exit codes: 0 allowed, 1 not allowed or unknown, 2 wrong input, 3 a bug in meshgen.
    """
    from generator.questions.material import Asked as Reading  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.questions.material import read_material  # noqa: PLC0415
    from generator.report.why import WHY_REPORTERS  # noqa: PLC0415
    from generator.semantics.cluster import Cluster  # noqa: PLC0415
    from generator.semantics.explain import Asked, explain  # noqa: PLC0415
    from generator.semantics.reasons import Verdict  # noqa: PLC0415
    from generator.semantics.symptoms import causes, is_symptom  # noqa: PLC0415

    one_of("--format", output_format, FORMATS)
    if symptom is not None:
        is_symptom(symptom)
    if not files:
        raise MeshgenError("say where it is written: -f PROFILE, -f FILE or -f FOLDER")
    asked = Asked(method.upper() if method else None, path, _pairs("--header", headers), _pairs("--claim", claims))
    reading = Reading(
        environment=env,
        standard_input=read_standard_input() if "-" in files else None,
        profile_folders=tuple(profile_folders or ()),
        template_folders=tuple(template_folders or ()),
    )
    with at_work("looking for the way"):
        material = read_material(files, reading)
        cluster = Cluster(material.documents, material.environment, material.endpoints)
        answer = explain(cluster, source, target, asked)
        ranked = causes(cluster, answer, symptom) if symptom else ()
    emit(WHY_REPORTERS[output_format](answer, ranked) + "\n")
    return EXIT_OK if answer.verdict is Verdict.YES else EXIT_DIFFERENT


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    pairs = [one.partition("=") for one in given or ()]
    for name, sign, _ in pairs:
        if not name or not sign:
            raise MeshgenError(f"{option} takes NAME=VALUE, not {name!r}")
    return {name.strip(): value.strip() for name, _, value in pairs}
