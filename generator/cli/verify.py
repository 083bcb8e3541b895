"""`meshgen verify`: the proof alone, as a table of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli.options import Environment, ProfileFolders, TemplateFolders
from generator.cli.progress import at_work
from generator.cli.terminal import emit, one_of, verb
from generator.core.errors import EXIT_DIFFERENT, EXIT_OK, InvalidInput, MeshgenError
from generator.core.files import read_standard_input

if TYPE_CHECKING:
    from generator.pipeline import Bundle
    from generator.verify.proof import Proof

FORMATS = ("text", "markdown", "json")


@verb
def verify(
    profiles: Annotated[list[str], typer.Argument(metavar="PROFILE", help="Files, folders, or - for standard input.")],
    env: Environment = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a value: spec.namespace=shop.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Name of the bundle, when several profiles make it.")
    ] = None,
    profile_folders: ProfileFolders = None,
    template_folders: TemplateFolders = None,
    manifests: Annotated[
        list[str] | None,
        typer.Option("--manifests", metavar="PATH|-", help="Prove this YAML instead: what an overlay built of it."),
    ] = None,
    output_format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How the table is printed.")
    ] = "text",
) -> int:
    """Prove that the bundle lets through what the profiles intend, and nothing else.

    The rendered YAML is read back as if a stranger had written it. Every declared workload
    and a stranger of every kind is tried against every other, at each layer, on each class
    of ports and requests.

    With --manifests the profiles are held against that YAML, whoever built it:

      kubectl kustomize overlay | meshgen verify PROFILE --manifests -

    Exit codes: 0 proven, 1 not proven, 2 wrong input, 3 a bug in meshgen.
    """
    from generator.pipeline import Request  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.pipeline import verify as verify_bundle  # noqa: PLC0415
    from generator.report.proof import PROOF_REPORTERS  # noqa: PLC0415
    from generator.verify.connections import connections  # noqa: PLC0415

    one_of("--format", output_format, FORMATS)
    if "-" in profiles and "-" in (manifests or ()):
        raise MeshgenError("standard input holds the profiles or the manifests, not both")
    request = Request(
        paths=tuple(profiles),
        standard_input=read_standard_input() if "-" in profiles else None,
        environment=env,
        overrides=tuple(overrides or ()),
        profile_folders=tuple(profile_folders or ()),
        template_folders=tuple(template_folders or ()),
        name=name,
    )
    with at_work("proving"):
        bundle = verify_bundle(request)
        proof = bundle.proof if manifests is None else _proof_of(manifests, bundle)
        rows = connections(bundle.intent, bundle.environment, proof)
        text = PROOF_REPORTERS[output_format](bundle.name, rows, proof) + "\n"
    emit(text)
    return EXIT_OK if proof.holds else EXIT_DIFFERENT


def _proof_of(paths: list[str], bundle: Bundle) -> Proof:
    """Return the proof of what stands in *paths*; a file that cannot be read would make it a guess."""
    from generator.checking.files import Found  # noqa: PLC0415
    from generator.checking.sources import read_sources  # noqa: PLC0415
    from generator.verify.proof import prove_objects  # noqa: PLC0415

    found = Found()
    for path in paths:
        found.add(path, read_standard_input() if path == "-" else None)
    read = read_sources(found)
    if not read.is_whole:
        raise InvalidInput(read.findings)
    return prove_objects(bundle.intent, bundle.environment, read.documents)
