"""From what a user names to a set of objects: profiles are rendered in memory, everything else is read as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.checking.files import Found
from generator.checking.sources import Sources, read_sources
from generator.core.errors import InvalidInput, MeshgenError
from generator.core.findings import Finding, Severity
from generator.core.places import Document
from generator.core.yaml_quick import read_quickly
from generator.environment.load import load_environment
from generator.environment.model import Environment
from generator.pipeline import DEFAULT_ENVIRONMENT, Bundle, Request, render
from generator.topology import Endpoint
from generator.verify.universe import declared

_OURS = "meshgen.dev/"


@dataclass(frozen=True, slots=True)
class Material:
    """A set of objects and the cluster they are for; ``endpoints`` are the workloads that profiles declare.

    ``is_stated`` tells that somebody chose the environment: a profile, or the user.
    """

    title: str
    documents: tuple[Document, ...]
    environment: Environment
    endpoints: tuple[Endpoint, ...] = ()
    is_stated: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """How to read: the environment of choice, and profile types and templates of the user's own."""

    environment: str | None = None
    standard_input: bytes | None = None
    profile_folders: tuple[Path, ...] = ()
    template_folders: tuple[Path, ...] = ()


def read_material(paths: Sequence[str], asked: Asked) -> Material:
    """Read *paths*: files, folders or ``-``, holding profiles, manifests or both.

    Raises:
        InvalidInput: something cannot be read; an answer without it would be a guess.
        MeshgenError: there is nothing to ask about.
    """
    found = Found()
    for path in dict.fromkeys(paths):
        found.add(path, asked.standard_input)
    return material_of(found, ", ".join(paths), asked)


def material_of(found: Found, title: str, asked: Asked) -> Material:
    """Return the objects of what was *found*, rendered where they are profiles."""
    sources = read_sources(found)
    profiles = dict.fromkeys(one.file for one in sources.documents if _is_ours(one, "Profile"))
    _stop_at(sources, profiles)
    own = [one for one in sources.documents if not _is_ours(one)]
    if not profiles:
        environment = load_environment(asked.environment or DEFAULT_ENVIRONMENT, Path())
        return Material(title, tuple(own), environment, is_stated=asked.environment is not None)
    bundle = _rendered(list(profiles), asked)
    documents = [one for path, text in bundle.files.items() for one in read_quickly(text, path)[0]]
    return Material(
        title,
        (*documents, *own),
        bundle.environment,
        tuple(declared(bundle.intent, bundle.environment)),
        is_stated=True,
    )


def _is_ours(document: Document, kind: str = "") -> bool:
    data = document.data
    if not isinstance(data, dict) or not str(data.get("apiVersion") or "").startswith(_OURS):
        return False
    return kind in ("", data.get("kind"))


def _stop_at(sources: Sources, profiles: Iterable[str]) -> None:
    """What is wrong with profiles the pipeline says better; anything else that is unread would make us guess."""
    passed = set(profiles)
    wrong = [one for one in sources.findings if one.severity is Severity.ERROR]
    wrong = [one for one in wrong if one.place is None or one.place.file not in passed]
    if wrong:
        raise InvalidInput(wrong)


def _rendered(paths: list[str], asked: Asked) -> Bundle:
    given = ["-" if path == "<stdin>" else path for path in paths]
    return render(
        Request(
            paths=tuple(given),
            standard_input=asked.standard_input,
            environment=asked.environment,
            profile_folders=asked.profile_folders,
            template_folders=asked.template_folders,
            name="question",
        )
    )


def in_one_environment(old: Material, new: Material) -> tuple[Material, Material]:
    """Let both be of one cluster: what only one of them states holds for the other too."""
    if old.is_stated and not new.is_stated:
        return old, replace(new, environment=old.environment)
    if new.is_stated and not old.is_stated:
        return replace(old, environment=new.environment), new
    return old, new


def missing(path: str) -> MeshgenError:
    """Return the error that there is nothing at *path*."""
    return InvalidInput([Finding("MG001", f"there is no such file, folder or revision: {path}")])
