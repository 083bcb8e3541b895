"""Environment files and presets: read, checked, laid over the preset they extend."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from generator.core import schema_errors
from generator.core.errors import InvalidInput
from generator.core.files import read_file
from generator.core.findings import Finding
from generator.core.json_schema import Validator, compile_schema
from generator.core.names import suggestion
from generator.core.places import Document, Json, Place
from generator.core.resources import json_file, package_file
from generator.core.yaml_reader import read_documents
from generator.environment import gateways, model, plain_words
from generator.environment.clusters import check_clusters
from generator.environment.convert import to_model
from generator.environment.families import check_families

_PRESETS = package_file("environment", "presets")


@cache
def preset_names() -> tuple[str, ...]:
    """Return the names of the presets that come with meshgen."""
    return tuple(sorted(path.stem for path in _PRESETS.glob("*.yaml")))


def environment_schema() -> dict[str, Any]:
    """Return the JSON Schema of environment files."""
    return json_file("environment", "schema.json")


@cache
def _validator() -> Validator:
    return compile_schema(environment_schema())


def load_environment(name: str, base: Path, asked_at: Place | None = None) -> model.Environment:
    """Return the environment *name*: a preset, or a path to a file relative to *base*.

    Raises:
        InvalidInput: there is no such environment, or its file has mistakes (all of them).
    """
    found = _document(name, base, asked_at)
    spec = _resolved(found, ())
    if findings := [*check_families(spec, found), *check_clusters(spec, found)]:
        raise InvalidInput(findings)
    return to_model(spec, Path(name).stem)


def facts(name: str, base: Path, asked_at: Place | None = None) -> dict[str, Json]:
    """Return the complete facts of the environment *name* as plain data: presets with overrides applied."""
    return _resolved(_document(name, base, asked_at), ())


def document(name: str, base: Path = Path()) -> Document:
    """Return the document of the environment *name* alone, without the preset it extends."""
    return _document(name, base, None)


def _document(name: str, base: Path, asked_at: Place | None) -> Document:
    path = _PRESETS / f"{name}.yaml" if name in preset_names() else base / name
    try:
        content = read_file(path)
    except (OSError, ValueError) as error:  # ValueError: NUL in the name
        fix = suggestion(name, preset_names(), "name the path of an environment file")
        why = "" if isinstance(error, FileNotFoundError | ValueError) else f": {error.strerror}"
        raise InvalidInput([Finding("MG022", f"there is no environment {name!r}{why}", asked_at, fix)]) from error
    documents, findings = read_documents(content, _shown(path))
    if not findings and len(documents) != 1:
        start = Place(_shown(path), 1, 1)
        findings = [Finding("MG007", f"an environment file holds one document, not {len(documents)}", start)]
    if not findings:
        if plain_words.is_plain(documents[0].data):
            documents[0], findings = plain_words.in_our_form(documents[0])
        findings += schema_errors.findings(documents[0], _validator(), wrong="MG012", unknown="MG011", missing="MG013")
        findings += gateways.completed(documents[0]) if not findings else []
    if findings:
        raise InvalidInput(findings)
    return documents[0]


def _shown(path: Path) -> str:
    return path.name if path.is_relative_to(_PRESETS) else str(path)


def _resolved(found: Document, seen: tuple[str, ...]) -> dict[str, Json]:
    parent = found.data.get("extends", None if found.file == "generic.yaml" else "generic")
    own: dict[str, Json] = found.data["spec"]
    if parent is None:
        return own
    place = found.place(("extends",))
    if parent in seen:
        raise InvalidInput(
            [Finding("MG022", f"the environments extend each other: {' → '.join((*seen, parent))}", place)]
        )
    if parent not in preset_names():
        raise InvalidInput(
            [Finding("MG022", f"there is no preset {parent!r}", place, suggestion(parent, preset_names()))]
        )
    return _overlay(_resolved(_document(parent, Path(), place), (*seen, parent)), own)


_WHOLE = frozenset({"labels", "gateways", "clusters", "prometheus", "namespaces"})
"""Facts that are replaced as a whole: half of one gateway's labels is nobody's labels."""


def _overlay(base: dict[str, Json], over: dict[str, Json]) -> dict[str, Json]:
    merged = dict(base)
    for key, value in over.items():
        if key not in _WHOLE and isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _overlay(merged[key], value)
        else:
            merged[key] = value
    return merged
