"""`meshgen profiles`, `explain` and `env`: what there is, and what it means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.options import ProfileFolders
from generator.cli.terminal import verb
from generator.core.errors import EXIT_OK, MeshgenError


@verb
def profiles(profile_folders: ProfileFolders = None) -> int:
    """List the profile types, each with what it is for."""
    from generator.intent.profile_types import profile_types  # noqa: PLC0415  (start-up: only what a run needs)

    types = profile_types(profile_folders or [])
    width = max(len(name) for name in types)
    for name, kind in types.items():
        print(f"{name:<{width}}  {kind.summary}")
    return EXIT_OK


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
        raise MeshgenError(f"there is nothing named {topic!r} to explain: {suggestion(name, [*types, *CODES])}")
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
            print(f"{one:<{width}}  {document(one).data['about']}")
        return EXIT_OK
    load_environment(name, Path())
    print(as_file(name, Path()), end="")
    return EXIT_OK
