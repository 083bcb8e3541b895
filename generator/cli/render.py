"""`meshgen render`: profiles in, a bundle out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from generator.cli.options import Environment, Force, Parameter, ProfileFolders, Schemas, TemplateFolders
from generator.cli.progress import at_work
from generator.cli.terminal import emit, one_of, say, verb
from generator.cli.unchanged import question
from generator.core.errors import EXIT_DIFFERENT, EXIT_OK, MeshgenError
from generator.core.files import read_standard_input

STREAM = "-"
LAYERS = ("network", "mesh", "all")
FORMATS = ("text", "json", "github")


@verb
def render(
    profiles: Annotated[list[str], Parameter(metavar="PROFILE...", help="Files, folders, or - for standard input.")],
    output: Annotated[
        str | None, Parameter("-o", "--output", metavar="DIR", help="Where to write: a folder, or - for one stream.")
    ] = None,
    check: Annotated[bool, Parameter("--check", help="Write nothing; exit 1 and show the difference.")] = False,
    dry_run: Annotated[bool, Parameter("--dry-run", help="Write nothing; list what would be written.")] = False,
    env: Environment = None,
    overrides: Annotated[
        list[str] | None,
        Parameter(
            "--set",
            metavar="PATH=VALUE",
            help="Change a value: spec.namespace=shop; of one of several: NAME:spec.namespace=shop.",
        ),
    ] = None,
    layer: Annotated[
        str,
        Parameter("--layer", metavar="|".join(LAYERS), help="Render one layer alone; give it a folder of its own."),
    ] = "all",
    name: Annotated[
        str | None, Parameter("--name", metavar="NAME", help="Name of the bundle, when several profiles make it.")
    ] = None,
    profile_folders: ProfileFolders = None,
    template_folders: TemplateFolders = None,
    schemas: Schemas = None,
    output_format: Annotated[
        str, Parameter("--format", metavar="|".join(FORMATS), help="How errors are reported.")
    ] = "text",
    depfile: Annotated[
        Path | None, Parameter("--depfile", metavar="FILE", help="Write down for make what the bundle depends on.")
    ] = None,
    force: Force = False,
) -> int:
    """Turn profiles into a checked bundle of NetworkPolicy and Istio objects.

    Writes to out/NAME/ unless -o says otherwise. Nothing is written unless everything is right.

    Exit codes: 0 done, 1 different (--check), 2 wrong input, 3 a bug in meshgen.
    """
    given = dict(locals())
    from generator.pipeline import Request  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.pipeline import render as render_bundle  # noqa: PLC0415
    from generator.plan.resources import Layer  # noqa: PLC0415

    one_of("--layer", layer, LAYERS)
    if layer != "all" and output is None:
        raise MeshgenError(f"--layer {layer} needs -o: in its usual folder it would remove the other layer's files")
    one_of("--format", output_format, FORMATS)
    if output == STREAM and (check or dry_run):
        raise MeshgenError("--check and --dry-run compare with a folder: choose one with -o DIR")
    if depfile is not None and (check or dry_run):
        raise MeshgenError("--check and --dry-run write nothing, and so no --depfile")
    if output == STREAM and depfile is not None:
        raise MeshgenError("--depfile speaks of files, and -o - writes none")
    request = Request(
        paths=tuple(profiles),
        standard_input=read_standard_input() if "-" in profiles else None,
        environment=env,
        overrides=tuple(overrides or ()),
        profile_folders=tuple(profile_folders or ()),
        template_folders=tuple(template_folders or ()),
        schemas=_imported(schemas) if schemas else {},
        name=name,
        layers=frozenset(Layer) if layer == "all" else frozenset({Layer(layer)}),
    )
    with at_work("rendering and proving"):
        bundle = render_bundle(request)
    if output == STREAM:
        emit(bundle.stream)
        if bundle.extras:
            say(f"not in the stream, for they are no objects: {', '.join(bundle.extras)}; write them with -o DIR")
        return EXIT_OK
    folder = _folder(output, bundle.name)
    name, inputs, texts = bundle.name, [*bundle.inputs, *_files_in(schemas or ())], bundle.written
    del bundle  # of ten thousand tenants it takes hundreds of megabytes
    files = {path: texts.pop(path).encode() for path in list(texts)}
    beside = {depfile: _dependencies(folder, inputs)} if depfile else {}
    code = _compare(folder, files, show_difference=check) if check or dry_run else EXIT_OK
    if not check and not dry_run:
        _write(folder, name, files, force)
        _write_beside(beside)
    if STREAM not in profiles:
        _remember(given, name, folder, inputs, files, beside)
    return code


def _folder(output: str | None, name: str) -> Path:
    """Return where the bundle *name* goes; a file that stands there was meant for something else."""
    folder = Path(output) if output else Path("out") / name
    in_the_way = next((one for one in (folder, *folder.parents) if one.exists() and not one.is_dir()), None)
    if in_the_way is not None:
        raise MeshgenError(f"{in_the_way} is a file, and the bundle is a folder: choose another with -o DIR")
    return folder


def _files_in(folders: Sequence[Path]) -> Iterator[str]:
    for folder in folders:
        yield str(folder)
        yield from (str(path) for path in sorted(folder.glob("*.json")))


def _dependencies(folder: Path, inputs: list[str]) -> str:
    """Return the rule that the record of *folder* depends on *inputs*, and on this version of meshgen."""
    import generator  # noqa: PLC0415
    from generator.output.depfile import depfile_text  # noqa: PLC0415
    from generator.output.record import RECORD  # noqa: PLC0415

    return depfile_text(folder / RECORD, [*inputs, str(generator.__file__)])


def _remember(
    given: dict[str, object],
    name: str,
    folder: Path,
    inputs: list[str],
    files: Mapping[str, bytes],
    beside: Mapping[Path, str],
) -> None:
    """Let the next run with the same command line find out by itself that nothing has changed."""
    from generator.output.proven import remember  # noqa: PLC0415
    from generator.output.record import RECORD, record_text  # noqa: PLC0415

    whole = {**files, RECORD: record_text(name, files)}
    remember(question(given), str(folder), inputs, whole, {str(path): text.encode() for path, text in beside.items()})


def _imported(folders: list[Path]) -> dict[tuple[str, str], dict[str, Any]]:
    from generator.cli.schema import read_schemas  # noqa: PLC0415

    return read_schemas(folders)


def _compare(folder: Path, files: dict[str, bytes], *, show_difference: bool) -> int:
    from generator.output.compare import compare, unified_diff  # noqa: PLC0415
    from generator.report.safe import printable  # noqa: PLC0415

    changes = compare(folder, files)
    if show_difference:
        sys.stdout.writelines(printable(line) for line in unified_diff(folder, files, changes))
    else:
        for word, paths in (("write", changes.added), ("change", changes.changed), ("remove", changes.removed)):
            for path in paths:
                print(f"{word} {folder / path}")
    differing = len(changes.added) + len(changes.changed) + len(changes.removed)
    say(f"{folder}: {differing} of {len(files)} files differ" if differing else f"{folder}: up to date")
    return EXIT_DIFFERENT if show_difference and not changes.is_empty else EXIT_OK


def _write_beside(texts: Mapping[Path, str]) -> None:
    for path, text in texts.items():
        from generator.output.depfile import write_depfile  # noqa: PLC0415  (start-up: only what a run needs)

        write_depfile(path, text)


def _write(folder: Path, name: str, files: dict[str, bytes], force: bool) -> None:
    from generator.output.writer import write_bundle  # noqa: PLC0415

    with at_work("writing"):
        changes = write_bundle(folder, name, files, force=force)
    parts = [
        f"{len(paths)} {word}"
        for word, paths in (("new", changes.added), ("changed", changes.changed), ("removed", changes.removed))
        if paths
    ]
    say(f"{folder}: {len(files)} files, {', '.join(parts) or 'unchanged'}")
