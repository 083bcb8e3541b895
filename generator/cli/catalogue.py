"""`meshgen profiles`, `explain` and `env`: what there is, and what it means."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from generator.cli import completion
from generator.cli.options import ProfileFolders
from generator.cli.terminal import emit, verb
from generator.core.errors import EXIT_OK, MeshgenError
from generator.core.files import read_standard_input

DETECT = "detect"


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
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="[TYPE|FIELD|CODE|rules]",
            help="app, app.flows.methods, MG020, MG101, rules",
            autocompletion=completion.topic,
        ),
    ] = None,
    profile_folders: ProfileFolders = None,
) -> int:
    """Explain a profile type, one of its fields, or the code of a finding.

    `rules` lists the rules of `check`; without a topic, everything that can be explained is listed.
    """
    from generator.core.codes import CODES  # noqa: PLC0415
    from generator.intent.fields import find_field  # noqa: PLC0415
    from generator.intent.profile_types import profile_types  # noqa: PLC0415

    if topic is None:
        _print_topics(profile_folders or [])
        return EXIT_OK
    if known := CODES.get(topic.upper()):
        print(f"{known.code}: {known.title}\n\n{known.meaning}")
        return EXIT_OK
    types = profile_types(profile_folders or [])
    name, *path = topic.split(".")
    if name not in types and _explain_rule(topic):
        return EXIT_OK
    if name not in types:
        cure = _nearest_topic(topic, types)
        raise MeshgenError(f"there is nothing named {topic!r} to explain: {cure}")
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


def _print_topics(folders: Sequence[Path]) -> None:
    from generator.core.codes import CODES  # noqa: PLC0415
    from generator.intent.profile_types import profile_types  # noqa: PLC0415

    types = profile_types(folders)
    groups = {
        "Profile types; a field of one is TYPE.FIELD, such as app.flows.methods": {
            name: kind.summary for name, kind in types.items()
        },
        "Codes of errors": {one.code: one.title for one in CODES.values()},
        "Rules of `meshgen check`": {"rules": "Lists them; each has a page by its code and by its name."},
    }
    for number, (title, entries) in enumerate(groups.items()):
        print(f"{chr(10) if number else ''}{title}:")
        for name, text in entries.items():
            _print_entry(f"  {name}", text, max(len(name) for name in entries) + 2)


def _explain_rule(topic: str) -> bool:
    """Print the list of rules, or the page of the one that *topic* names by code or slug; tell whether there is one."""
    from generator.rules import registry  # noqa: PLC0415  (start-up: only what a run needs)

    rules = {module.RULE: (module.__doc__ or "").rstrip() for module in registry()}
    if topic == "rules":
        width = max(len(rule.slug) for rule in rules)
        for rule in rules:
            start = f"{rule.code} {rule.severity:<7} {rule.slug:<{width}}"
            _print_entry(start, rule.summary, len(start))
        return True
    for rule, page in rules.items():
        if topic.upper() == rule.code or topic.lower() == rule.slug:
            print(f"{rule.code}: {rule.slug} ({rule.severity})\n\n{page}")
            return True
    return False


def _nearest_topic(topic: str, types: Iterable[str]) -> str:
    from generator.core.codes import CODES  # noqa: PLC0415  (only when something went wrong)
    from generator.core.names import nearest, suggestion  # noqa: PLC0415
    from generator.rules import registry  # noqa: PLC0415

    rules = [module.RULE for module in registry()]
    if topic[:2].upper() == "MG" and topic[2:3].isdigit():
        return suggestion(topic.upper(), [*CODES, *(rule.code for rule in rules)])
    name = topic.split(".", maxsplit=1)[0].lower()
    slugs = [rule.slug for rule in rules]
    return suggestion(name, slugs if nearest(name, types) is None and nearest(name, slugs) else types)


@verb
def env(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|FILE|detect]",
            help="A preset, an environment file, or `detect`.",
            autocompletion=completion.environment,
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Argument(metavar="[FILE|-]", help="With `detect`: what kubectl printed.")
    ] = None,
) -> int:
    r"""List the environments, print all facts of one, or read those of your cluster.

    An environment states the facts of a cluster that policies depend on. To write your
    own, start from all facts of a preset, and name the file in the profile
    (environment: ./prod.yaml) or with --env:

      meshgen env kind > prod.yaml

    Or let `env detect` read them from your cluster, each with the object and field it stands in:

      kubectl get -A -o yaml \
        nodes,namespaces,services,endpointslices,pods,daemonsets,configmaps |
        meshgen env detect - > prod.yaml

    Gateways of the Gateway API and ranges of Services are found in their pods and in
    `kubectl get servicecidrs -o yaml`; several outputs may follow each other, with a line --- between them.
    """
    from generator.environment.load import document, load_environment, preset_names  # noqa: PLC0415
    from generator.environment.show import as_file  # noqa: PLC0415

    if name == DETECT:
        return _detect(source)
    if source is not None:
        raise MeshgenError(f"{source!r} is one word too many; only `meshgen env detect` takes a second")
    if name is None:
        width = max(len(one) for one in preset_names())
        for one in preset_names():
            _print_entry(one, document(one).data["about"], width)
        return EXIT_OK
    load_environment(name, Path())
    emit(as_file(name, Path()))
    return EXIT_OK


def _detect(source: str | None) -> int:
    from generator.detection.detect import COMMAND, detect  # noqa: PLC0415  (start-up: only what a run needs)

    if source is None:
        raise MeshgenError(f"say what to read: a file, or - for standard input: {COMMAND}")
    try:
        content = read_standard_input() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise MeshgenError(f"{source}: cannot be read: {error.strerror}") from error
    emit(detect(content, "<stdin>" if source == "-" else source))
    return EXIT_OK
