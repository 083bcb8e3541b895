"""`meshgen init`: a profile to start from."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import completion
from generator.cli.options import Environment, Force, ProfileFolders
from generator.cli.terminal import emit, say, verb
from generator.core.errors import EXIT_OK, InvalidInput, MeshgenError
from generator.core.files import read_standard_input

if TYPE_CHECKING:
    from generator.adopt.adopt import Adoption
    from generator.intent.profile_types import ProfileType

_FROM_TYPE = "app"


@verb
def init(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[TYPE]", help="The profile type (meshgen profiles).", autocompletion=completion.profile_type
        ),
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Name of the profile and its file.")] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="The file, or - to print.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="PATH|-", help="Propose an app for these Deployments and policies.")
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", metavar="NAME", help="With --from: which, when there are workloads of several."),
    ] = None,
    env: Environment = None,
    profile_folders: ProfileFolders = None,
    force: Force = False,
) -> int:
    """Write a profile to start from: the type's minimal example, with its other options as comments.

    Without TYPE it asks, on a terminal. With --from it reads what runs already (Deployments,
    Services, policies) and proposes an `app`: nothing is guessed, what nobody says is FILL-IN
    and must be filled in; what would be opened or closed is printed.
    """
    from generator.intent.profile_types import profile_types  # noqa: PLC0415  (start-up: only what a run needs)

    types = profile_types(profile_folders or [])
    if source is not None:
        return _adopted(source, name, output, env, namespace, force, kind)
    if namespace is not None:
        raise MeshgenError("--namespace chooses what --from reads; the starter has its own in `spec`")
    if kind is None:
        kind, name = _asked(types)
    text = _starter(types, kind, name, env)
    options = "".join(f" --profiles {folder}" for folder in profile_folders or ())
    _put(text, output, f"{name or kind}.yaml", force, kind, options)
    return EXIT_OK


def _starter(types: Mapping[str, ProfileType], kind: str, name: str | None, env: str | None) -> str:
    from generator.core.names import suggestion  # noqa: PLC0415
    from generator.environment.load import load_environment  # noqa: PLC0415
    from generator.intent.starter import starter  # noqa: PLC0415

    if kind not in types:
        raise MeshgenError(f"there is no profile type {kind!r}: {suggestion(kind, types)}")
    text = starter(types[kind], name)
    if env is not None:
        load_environment(env, Path())
        text = _in_environment(text, env)
    # beside the profile: an editor then needs no network
    return f"# yaml-language-server: $schema=./{kind}.schema.json\n{text}"


def _in_environment(text: str, env: str) -> str:
    """Return *text* for the environment *env*, which is named after the type."""
    import json  # noqa: PLC0415

    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("environment:")]
    place = next(index for index, line in enumerate(lines) if line.startswith("profile:")) + 1
    return "".join([*lines[:place], f"environment: {json.dumps(env)}\n", *lines[place:]])


def _asked(types: Mapping[str, ProfileType]) -> tuple[str, str]:
    """Ask for type and name; Enter takes what stands in brackets.

    Raises:
        MeshgenError: nobody is there to answer.
    """
    from generator.core.names import suggestion  # noqa: PLC0415  (start-up: only what a run needs)

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise MeshgenError("say which type: meshgen init TYPE [NAME]; `meshgen profiles` lists them")
    width = max(map(len, types))
    for known, kind in types.items():
        for number, line in enumerate(textwrap.wrap(kind.summary, max(20, get_terminal_size().columns - width - 4))):
            say(f"  {'' if number else known:<{width}}  {line}")
    while (chosen := typer.prompt("Type", default=_FROM_TYPE, err=True)) not in types:
        say(f"there is no profile type {chosen!r}: {suggestion(chosen, types)}")
    return chosen, typer.prompt("Name", default=chosen, err=True)


def _put(text: str, output: str | None, default: str, force: bool, kind: str, options: str = "") -> None:
    if output == "-":
        emit(text)
        return
    from generator.output.single import write_file  # noqa: PLC0415  (start-up: only what a run needs)

    path = Path(output or default)
    write_file(path, text, is_new=not force, cure="choose another NAME, or overwrite it with --force")
    say(f"{path}: written. Edit it, then: meshgen render {path}{options}")
    say(f"For your editor: meshgen schema {kind}{options} > {path.with_name(f'{kind}.schema.json')}")


def _adopted(
    source: str,
    name: str | None,
    output: str | None,
    env: str | None,
    namespace: str | None,
    force: bool,
    kind: str | None,
) -> int:
    from generator.adopt.adopt import adopt  # noqa: PLC0415  (start-up: only what a run needs)

    if kind not in (None, _FROM_TYPE):
        raise MeshgenError(f"--from proposes profiles of the type {_FROM_TYPE}, not {kind}")
    content = read_standard_input() if source == "-" else None
    adoption = adopt(source, content, name, env, namespace)
    _put(adoption.text, output, f"{name or adoption.proposal.namespace}.yaml", force, _FROM_TYPE)
    _tell(adoption, env)
    return EXIT_OK


def _tell(adoption: Adoption, env: str | None) -> None:
    """Say what is still to be filled in, or what the profile would open and close."""
    from generator.adopt.adopt import outcome  # noqa: PLC0415
    from generator.report.difference import DIFFERENCE_REPORTERS  # noqa: PLC0415
    from generator.report.text import as_text  # noqa: PLC0415
    from generator.semantics.cluster import Cluster  # noqa: PLC0415
    from generator.semantics.difference import compare  # noqa: PLC0415

    if adoption.open_questions:
        say(f"FILL-IN ({adoption.open_questions}): nothing here says it, and a render refuses it until you do.")
        return
    try:
        old, new = outcome(adoption, env)
    except InvalidInput as error:
        say(as_text(error.findings, False))
        say("The profile does not render yet; then `meshgen diff` tells what it changes.")
        return
    found = compare(*(Cluster(one.documents, one.environment, one.endpoints) for one in (old, new)))
    say(DIFFERENCE_REPORTERS["text"](old.title, new.title, found))
