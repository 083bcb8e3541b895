"""The two sides of a comparison, as a command line names them: paths, ``REVISION:PATH``, or a range and a path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from generator.core.errors import MeshgenError
from generator.questions.material import Asked, Material, in_one_environment, read_material
from generator.questions.revisions import is_range, merge_base, read_revision


def read_pair(given: Sequence[str], asked: Asked) -> tuple[Material, Material]:
    """Return the old and the new side of *given*: ``OLD NEW``, or ``OLD..NEW [PATH]``.

    Raises:
        MeshgenError: these are no two sides, or one of them cannot be read.
    """
    if not given:
        raise MeshgenError("say what to compare: OLD NEW (files, folders, profiles, REVISION:PATH) or OLD..NEW PATH")
    if is_range(given[0]):
        return _of_range(given[0], given[1:], asked)
    if len(given) != 2:
        raise MeshgenError(f"two sides are compared, OLD and NEW; here are {len(given)}")
    if given[0] == given[1] == "-":
        raise MeshgenError("standard input can be one side, not both")
    old, new = (read_side(one, asked) for one in given)
    return in_one_environment(old, new)


def read_side(given: str, asked: Asked) -> Material:
    """Return the objects of *given*: a path, or ``REVISION:PATH``.

    Raises:
        MeshgenError: nothing is there, or it cannot be read.
    """
    revision, colon, path = given.partition(":")
    if colon and revision and not Path(given).exists():
        material = read_revision(revision, path or ".", asked)
        if not material.documents:
            raise MeshgenError(f"{given}: nothing is there")
        return material
    return read_material([given], asked)


def _of_range(text: str, paths: Sequence[str], asked: Asked) -> tuple[Material, Material]:
    """Return both ends of a range; one of them may be without files, which are new then, or gone."""
    if len(paths) > 1:
        raise MeshgenError(f"{text} takes one path; here are {len(paths)}")
    old, dots, new = text.partition("...") if "..." in text else text.partition("..")
    old, new, path = old or "HEAD", new or "HEAD", paths[0] if paths else "."
    start = merge_base(old, new) if dots == "..." else old
    sides = read_revision(start, path, asked), read_revision(new, path, asked)
    if not sides[0].documents and not sides[1].documents:
        raise MeshgenError(f"{path}: there are no manifests or profiles, neither at {old} nor at {new}")
    return in_one_environment(*sides)
