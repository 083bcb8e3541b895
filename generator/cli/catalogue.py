"""`meshgen profiles`, `explain` and `env`: what there is, and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

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
    path = path[1:] if path[0] == "spec" and len(path) > 1 else path
    print(_field(kind.schema(), path, topic))
    return EXIT_OK


def _field(schema: dict[str, Any], path: list[str], topic: str) -> str:
    from generator.core.names import suggestion  # noqa: PLC0415

    definitions = schema["$defs"]
    node = schema["properties"]["spec"]
    required: list[str] = []
    for step in path:
        choices = dict(_fields(node, definitions))
        required = _resolved(node, definitions).get("required", [])
        named = choices.get("*") if step not in choices else None
        if step not in choices and named is None:
            raise MeshgenError(f"{topic}: there is no field {step!r} here: {suggestion(step, choices)}")
        node = choices.get(step, named)
    merged = _resolved(node, definitions)
    lines = [f"{topic}: {merged.get('description', '')}".rstrip(": ")]
    lines.append(f"  type: {_type(merged, definitions)}" + ("  (required)" if path[-1] in required else ""))
    if "x-message" in merged:
        lines.append(f"  it {merged['x-message']}")
    for name, inner in _fields(node, definitions):
        shown = "NAME" if name == "*" else name
        lines.append(f"  .{shown}: {_resolved(inner, definitions).get('description', '')}".rstrip(": "))
    return "\n".join(lines)


def _resolved(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return *node* with what it refers to below its own words."""
    while "$ref" in node:
        target = definitions[node["$ref"].removeprefix("#/$defs/")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _fields(node: dict[str, Any], definitions: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the fields below *node*, through lists; ``*`` stands for names of the user's choice."""
    node = _resolved(node, definitions)
    if isinstance(node.get("items"), dict):
        yield from _fields(node["items"], definitions)
    yield from node.get("properties", {}).items()
    if isinstance(node.get("additionalProperties"), dict):
        yield "*", node["additionalProperties"]
    for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _fields(branch, definitions)


def _type(node: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "enum" in node:
        return " | ".join(str(value) for value in node["enum"])
    if "const" in node:
        return str(node["const"])
    branches = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    if "type" not in node and branches:
        return " | ".join(dict.fromkeys(_type(_resolved(one, definitions), definitions) for one in branches))
    types = node.get("type", "any")
    words = {"object": "mapping", "array": "list", "null": "empty", "string": "text", "integer": "number"}
    shown = " | ".join(words.get(one, one) for one in ([types] if isinstance(types, str) else types))
    if types == "array" and isinstance(node.get("items"), dict):
        return f"list of {_type(_resolved(node['items'], definitions), definitions)}"
    return shown


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
