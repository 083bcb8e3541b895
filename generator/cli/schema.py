"""`meshgen schema`: JSON Schemas for editors, and schemas of a real cluster's CRDs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from generator.cli import completion
from generator.cli.options import ProfileFolders
from generator.cli.terminal import emit, say, verb
from generator.core.errors import EXIT_OK, InvalidInput, MeshgenError, OutputRefused
from generator.core.files import read_file, read_standard_input
from generator.core.findings import Severity

IMPORT = "import"


@verb
def schema(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TYPE|intent|env|fn|import",
            help="What to print the schema of; or `import`.",
            autocompletion=completion.schema_target,
        ),
    ],
    source: Annotated[
        str | None, typer.Argument(metavar="[CRDS.yaml|-]", help="With `import`: CustomResourceDefinitions to read.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="With `import`: folder for the schemas.")
    ] = None,
    profile_folders: ProfileFolders = None,
) -> int:
    """Print the JSON Schema of a profile type, of intents, of environment files, or of what `fn` takes.

    `schema import CRDS.yaml -o DIR` turns the CRDs of a cluster into schemas that
    `render --schemas DIR` checks bundles against:

      kubectl get crd -o yaml | meshgen schema import - -o schemas
    """
    if target == IMPORT:
        return _import(source, output)
    emit(json.dumps(_schema_of(target, profile_folders or []), indent=2, ensure_ascii=False) + "\n")
    return EXIT_OK


def _schema_of(target: str, folders: Sequence[Path]) -> dict[str, Any]:
    from generator.core.names import suggestion  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.environment.load import environment_schema  # noqa: PLC0415
    from generator.intent.expand import intent_schema  # noqa: PLC0415
    from generator.intent.profile_types import profile_types  # noqa: PLC0415
    from generator.krm.configuration import function_schema  # noqa: PLC0415

    if target == "intent":
        return intent_schema()
    if target == "env":
        return environment_schema()
    if target == "fn":
        return function_schema()
    types = profile_types(folders)
    if target not in types:
        raise MeshgenError(f"there is no schema of {target!r}: {suggestion(target, [*types, 'intent', 'env', 'fn'])}")
    return types[target].schema()


def _import(source: str | None, output: Path | None) -> int:
    from generator.core.yaml_reader import Limits, read_documents  # noqa: PLC0415
    from generator.manifests.imported import schemas_from_crds  # noqa: PLC0415
    from generator.output.single import write_file  # noqa: PLC0415

    if source is None or output is None:
        raise MeshgenError("say which CRDs, and where to: meshgen schema import CRDS.yaml -o DIR")
    try:
        content = read_standard_input() if source == "-" else read_file(Path(source))
    except OSError as error:
        raise MeshgenError(f"{source}: cannot be read: {error.strerror}") from error
    limits = Limits(characters=100_000_000, values=5_000_000)
    documents, findings = read_documents(content, source, limits=limits, allow_ambiguous=True)
    schemas, mistakes = schemas_from_crds(documents)
    errors = [one for one in (*findings, *mistakes) if one.severity is Severity.ERROR]
    if errors or not schemas:
        raise InvalidInput(errors) if errors else MeshgenError(f"{source}: holds no CustomResourceDefinition")
    try:
        output.mkdir(parents=True, exist_ok=True)
        for (version, kind), found in sorted(schemas.items()):
            path = output / f"{kind}.{version.replace('/', '_')}.json"
            write_file(path, json.dumps(found, indent=2) + "\n")
    except OSError as error:
        raise OutputRefused(f"{error.filename or output}: cannot be written: {error.strerror}") from error
    say(f"{output}: {len(schemas)} schemas; use them with `meshgen render --schemas {output}`")
    return EXIT_OK


def read_schemas(folders: Sequence[Path]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the imported schemas in *folders* by (apiVersion, kind).

    Raises:
        MeshgenError: a folder is missing, or a file in it is no schema of an object.
    """
    from generator.core.json_schema import schema_problem  # noqa: PLC0415  (start-up: only what a run needs)

    found: dict[tuple[str, str], dict[str, Any]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise MeshgenError(f"{folder}: there is no such folder of schemas")
        for path in sorted(folder.glob("*.json")):
            try:
                loaded = json.loads(path.read_text("utf-8"))
                properties = loaded["properties"]
                found[str(properties["apiVersion"]["const"]), str(properties["kind"]["const"])] = loaded
                if problem := schema_problem(loaded):
                    raise ValueError(problem)
            except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                raise MeshgenError(f"{path}: is no schema that `meshgen schema import` wrote ({error!r})") from error
    return found
