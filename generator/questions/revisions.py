"""Files as they were at a git revision: read from the repository's objects, without touching the work tree."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from generator.checking.files import KUSTOMIZATION_NAMES, Found
from generator.core.errors import InvalidInput, MeshgenError
from generator.core.findings import Finding
from generator.core.places import Place
from generator.questions.material import Asked, Material, material_of

_SUFFIXES = (".yaml", ".yml", ".json")
_REGULAR = ("100644", "100755")


def is_range(text: str) -> bool:
    """Tell whether *text* is ``OLD..NEW``, and no file of that name."""
    return ".." in text and not text.startswith(".") and "/../" not in text and not Path(text).exists()


def read_revision(revision: str, path: str, asked: Asked) -> Material:
    """Return the objects below *path* as they were at *revision*; none where nothing was there yet.

    Raises:
        MeshgenError: this is no repository, or it has no such revision.
    """
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", of=revision)
    prefix = PurePosixPath(_git("rev-parse", "--show-prefix").strip() or ".")
    title = f"{revision}:{path}"
    with _tree(commit.strip()) as folder:
        start = folder / prefix / path
        if not start.resolve().is_relative_to(folder.resolve()):
            raise MeshgenError(f"{path}: lies outside of the repository")
        found = Found()
        if start.exists():
            found.add(str(start))
        shown = _Shown(f"{folder / prefix}/", f"{revision}:")
        try:
            return _shown(material_of(found, title, asked), shown)
        except InvalidInput as error:
            raise InvalidInput([shown.finding(one) for one in error.findings]) from error


def merge_base(old: str, new: str) -> str:
    """Return the commit where *new* left *old*: what ``OLD...NEW`` means to git."""
    for revision in (old, new):
        _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", of=revision)
    return _git("merge-base", "--", old, new, of=f"{old}...{new}").strip()


class _Shown:
    """How files of the temporary copy are called: by revision and path."""

    def __init__(self, hidden: str, shown: str) -> None:
        self._hidden = hidden
        self._shown = shown

    def name(self, file: str) -> str:
        return self._shown + file.removeprefix(self._hidden) if file.startswith(self._hidden) else file

    def finding(self, one: Finding) -> Finding:
        related = tuple((self._place(place), note) for place, note in one.related)
        place = self._place(one.place) if one.place else None
        return replace(one, place=place, related=related, message=one.message.replace(self._hidden, self._shown))

    def _place(self, place: Place) -> Place:
        return replace(place, file=self.name(place.file))


def _shown(material: Material, names: _Shown) -> Material:
    return replace(material, documents=tuple(replace(one, file=names.name(one.file)) for one in material.documents))


@contextmanager
def _tree(commit: str) -> Iterator[Path]:
    """Lay the YAML files of *commit* out in a folder that is gone afterwards: profiles name files beside them."""
    with tempfile.TemporaryDirectory(prefix="meshgen-") as name:
        folder = Path(name)
        wanted = [one for one in _git("ls-tree", "-r", "-z", "--full-tree", commit).split("\0") if _is_wanted(one)]
        blobs = _blobs([one.split()[2] for one in wanted])
        for entry, content in zip(wanted, blobs, strict=True):
            file = folder / entry.partition("\t")[2]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        yield folder


def _is_wanted(entry: str) -> bool:
    """Tell whether an entry of ``git ls-tree`` is a regular file of ours; links lead out of the revision."""
    path = PurePosixPath(entry.partition("\t")[2])
    is_named = path.name.endswith(_SUFFIXES) or path.name in KUSTOMIZATION_NAMES
    return is_named and entry.startswith(_REGULAR) and ".." not in path.parts and not path.is_absolute()


def _blobs(objects: list[str]) -> Iterator[bytes]:
    """Yield the content of *objects*, all asked for at once."""
    done = subprocess.run(
        ["git", "cat-file", "--batch"],  # noqa: S607
        input="\n".join([*objects, ""]).encode(),
        capture_output=True,
        check=True,
    )
    data, start = done.stdout, 0
    for _ in objects:
        line = data.index(b"\n", start)
        size = int(data[start:line].rsplit(b" ", 1)[1])
        yield data[line + 1 : line + 1 + size]
        start = line + 1 + size + 1


def _git(*arguments: str, of: str = "") -> str:
    """Return what git says.

    Raises:
        MeshgenError: git is not there, this is no repository, or it does not know what is asked.
    """
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S603, S607
    except OSError as error:
        raise MeshgenError(f"comparing revisions needs git: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        told = f": {said[-1]}" if said else ""
        raise MeshgenError(f"git does not know the revision {of!r}{told}" if of else f"git failed{told}")
    return done.stdout.decode("utf-8", "surrogateescape")
