"""`meshgen profiles`, `explain` and `env`: what there is, and what it means."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from generator.cli.options import ProfileFolders
from generator.cli.terminal import emit, verb
from generator.core.errors import EXIT_OK, MeshgenError


@verb
def profiles(profile_folders: ProfileFolders = None) -> int:
    """List the profile types, each with what it is for."""
    from generator.intent.profile_types import profile_types  # noqa: PLC0415  (start-up: only what a run needs)

    types = profile_types(profile_folders or [])
    width = max(len(name) for name in types)
    for name, kind in types.items():
        _print_entry(name, kind.summary, width)
    return EXIT_OK


def _print_entry(name: str, text: str, width: int) -> None:
    """Print *name* and, beside it, *text* in as many lines as the terminal needs; one line into a pipe."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    lines = textwrap.wrap(text, max(20, columns - width - 2)) or [""]
    for number, line in enumerate(lines):
        print(f"{'' if number else name:<{width}}  {line}")


@verb
def explain(
    topic: Annotated[str, typer.Argument(metavar="TYPE|FIELD|CODE", help="app, app.flows.methods, MG020")],
    profile_folders: ProfileFolders = None,
) -> int:
    """Explain a profile type, one of its fields, or the code of an error."""
    from generator.core.codes import CODES  # noqa: PLC0415
    from generator.core.names import suggestion  # noqa: PLC0415
    from generator.intent.fields import find_field  # noqa: PLC0415
    from generator.intent.profile_types import profile_types  # noqa: PLC0415

    if known := CODES.get(topic.upper()):
        print(f"{known.code}: {known.title}\n\n{known.meaning}")
        return EXIT_OK
    types = profile_types(profile_folders or [])
    name, *path = topic.split(".")
    if name not in types:
        raise MeshgenError(
            f"there is nothing named {topic!r} to explain: {suggestion(name.lower(), types) if name[:2].lower() != 'mg' else suggestion(name.upper(), CODES)}"
        )
    kind = types[name]
    if not path:
        print(kind.readme().rstrip())
        return EXIT_OK
    found, *inner = find_field(kind, ".".join(path[1:] if path[0] == "spec" and path[1:] else path))
    print(f"{topic}: {found.description or found.rule}")
    print(f"  takes: {found.type}{' (required)' if found.is_required else ''}")
    for field in inner:
        print(f"  .{field.path}: {field.description or field.type}")
    return EXIT_OK


@verb
def env(
    name: Annotated[str | None, typer.Argument(metavar="[NAME|FILE]", help="A preset, or an environment file.")] = None,
) -> int:
    """List the environments, or print all facts of one.

    An environment states the facts of a cluster that policies depend on. To write your
    own: meshgen env kind > prod.yaml, change it, and name the file in the profile
    (environment: ./prod.yaml) or with --env.
    """
    from generator.environment.load import document, load_environment, preset_names  # noqa: PLC0415
    from generator.environment.show import as_file  # noqa: PLC0415

    if name is None:
        width = max(len(one) for one in preset_names())
        for one in preset_names():
            _print_entry(one, document(one).data["about"], width)
        return EXIT_OK
    load_environment(name, Path())
    emit(as_file(name, Path()))
    return EXIT_OK
