"""The user's files: found, read, and checked for the envelope that every profile shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from generator.core import schema_errors
from generator.core.files import read_file
from generator.core.findings import Finding
from generator.core.frozen import dataclass
from generator.core.json_schema import compile_schema
from generator.core.places import Document, Place
from generator.core.schema_words import quoted
from generator.core.yaml_quick import read_quickly

API_VERSION = "meshgen.dev/v1alpha1"
STANDARD_INPUT = "-"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Profile:
    """One document of the user's: its envelope read, its ``spec`` not yet looked at."""

    name: str
    type: str
    environment: str | None
    document: Document
    folder: Path

    @property
    def place(self) -> Place:
        """Where the profile's name is written."""
        return self.document.place(("metadata", "name"))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of profiles: the name shown to the user, its content, and what relative paths start from."""

    name: str
    content: bytes
    folder: Path


def envelope_schema() -> dict[str, Any]:
    """Return the JSON Schema of what all profiles share; ``spec`` is left to the profile's type."""
    name = {"$ref": "#/$defs/name"}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["apiVersion", "kind", "metadata", "profile", "spec"],
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "The version of this format."},
            "kind": {
                "const": "Profile",
                "description": "What this document is; an Environment states facts of a cluster.",
            },
            "metadata": {
                "type": "object",
                "description": "Its name, and what else you want to note.",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {
                        **name,
                        "description": "The name of the profile, and of its bundle when it is the only one.",
                    },
                    "annotations": {
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                        "description": "Notes for other programs, such as those that run functions.",
                    },
                },
            },
            "profile": {"type": "string", "description": "The profile type; `meshgen profiles` lists them."},
            "environment": {
                "type": "string",
                "minLength": 1,
                "description": "A preset (`meshgen env`) or the path of your own environment file.",
            },
            "spec": {"type": "object", "description": "What is intended, in the words of the type."},
        },
    }


def find_files(paths: Iterable[str], standard_input: bytes | None = None) -> tuple[list[SourceFile], list[Finding]]:
    """Read the files that *paths* name: files, folders (their YAML files, not below), ``-``."""
    files: list[SourceFile] = []
    findings: list[Finding] = []
    for given in dict.fromkeys(paths):
        if given == STANDARD_INPUT:
            files.append(SourceFile("<stdin>", standard_input or b"", Path()))
            continue
        path = Path(given)
        try:
            chosen = sorted(child for child in path.iterdir() if child.suffix in _SUFFIXES) if path.is_dir() else [path]
        except OSError as error:
            findings.append(_unreadable(given, error))
            continue
        if not chosen:
            fix = "name a folder or files of profiles; `meshgen init TYPE` writes one to start from"
            findings.append(Finding("MG001", "the folder holds no .yaml file", Place(given, 1, 1), fix))
        for file in chosen:
            try:
                files.append(SourceFile(str(file), read_file(file), file.parent))
            except OSError as error:
                findings.append(_unreadable(str(file), error))
    return files, findings


def _unreadable(name: str, error: OSError) -> Finding:
    if isinstance(error, FileNotFoundError):
        return Finding("MG001", "there is no such file or folder", Place(name, 1, 1), "check the path")
    message = f"cannot be read: {error.strerror}"
    return Finding("MG001", message, Place(name, 1, 1), "check the path, and who may read it")


def read_profiles(files: Sequence[SourceFile], common: dict[str, Any]) -> tuple[list[Profile], list[Finding]]:
    """Read every profile of *files* and check its envelope, with the shared definitions *common*.

    Environment files lie beside profiles; they are read when a profile names them, and passed over here.
    """
    validator = compile_schema({**envelope_schema(), "$defs": common})
    profiles: list[Profile] = []
    findings: list[Finding] = []
    for file in files:
        documents, mistakes = read_quickly(file.content, file.name)
        if not documents and not mistakes:
            fix = "`meshgen init TYPE` writes one to start from"
            mistakes = [Finding("MG007", "the file holds no profile", Place(file.name, 1, 1), fix)]
        findings += mistakes
        for document in documents:
            if isinstance(document.data, dict) and document.data.get("kind") == "Environment":
                continue  # the facts that the profiles beside it name
            if is_manifest(document):
                findings.append(_manifest(document))
                continue
            errors = schema_errors.findings(document, validator, wrong="MG012", unknown="MG011", missing="MG013")
            findings += errors
            if not errors:
                data = document.data
                profiles.append(
                    Profile(
                        data["metadata"]["name"],
                        data["profile"],
                        data.get("environment"),
                        document,
                        file.folder,
                    )
                )
    if files and not profiles and not findings:
        fix = "name the profiles; an environment is named in them, or with --env"
        findings.append(Finding("MG007", "there are environments here and no profile", Place(files[0].name, 1, 1), fix))
    return profiles, findings + _twice(profiles)


def is_manifest(document: Document) -> bool:
    """Tell whether *document* is an object of another API than ours."""
    data = document.data
    group = str(data.get("apiVersion", "")) if isinstance(data, dict) else ""
    is_other = bool(group) and not group.startswith("meshgen.dev/")
    return is_other and isinstance(data.get("kind"), str) and data["kind"] != "Profile" and "profile" not in data


def _manifest(document: Document) -> Finding:
    message = f"this is {quoted(document.data['kind'])} of {quoted(document.data['apiVersion'])}, and no profile"
    fix = "`meshgen check` reads such objects, and `meshgen init --from` proposes a profile for them"
    return Finding("MG012", message, document.place(("kind",)), fix)


def _twice(profiles: Sequence[Profile]) -> list[Finding]:
    first: dict[str, Profile] = {}
    findings = []
    for profile in sorted(profiles, key=lambda profile: profile.place):
        known = first.setdefault(profile.name, profile)
        if known is not profile:
            message = f"two profiles of this run are named {profile.name!r}"
            related = ((known.place, "the other one"),)
            findings.append(Finding("MG025", message, profile.place, "rename one of them", related=related))
    return findings
