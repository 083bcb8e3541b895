"""What a Kustomize overlay builds: asked of `kubectl kustomize` itself, never fetched from afar."""

from __future__ import annotations

import re
import shutil
import subprocess
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from generator.checking.files import KUSTOMIZATION_NAMES
from generator.checking.sources import Sources, is_kustomization, read_into
from generator.core.errors import InvalidInput, MeshgenError
from generator.core.files import read_file
from generator.core.findings import Finding
from generator.core.places import Document, Json, Route
from generator.manifests.objects import Manifest

REMOTE = "MG047"
_SECONDS = 120
_REMOTE = re.compile(r"^[\w+.-]+://|^git::|^[\w.-]+@[\w.-]+:|^(github|gitlab|bitbucket)\.com[/:]|\?ref=|\.git(/|$|\?)")
_HOST = re.compile(r"^[\w-]+(\.[\w-]+)+/")
_LOADED = frozenset(
    {
        *("resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators"),
        *("patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "openapi", "helmCharts"),
        *("configMapGenerator", "secretGenerator"),
    }
)
"""Fields of a kustomization whose texts may be paths, and so also addresses."""
_TREES = ("resources", "bases", "components")


@dataclass(slots=True)
class Overlay:
    """What a folder builds, and the files it is built of."""

    built: Sources = field(default_factory=Sources)
    sources: Sources = field(default_factory=Sources)

    def with_origin(self, finding: Finding) -> Finding:
        """Return *finding*, if it is about a built object, with the place where that object is written."""
        place = finding.place
        if place is None or place.file not in self.built.files:
            return finding
        index = bisect_right(self.built.documents, place, key=Document.place) - 1
        if index < 0:
            return finding
        about = _identity(self.built.documents[index])
        found = [one for one in self.sources.documents if _is_origin(_identity(one), about)]
        if len(found) != 1:  # two objects of like names: better none than the wrong one
            return finding
        return replace(finding, related=(*finding.related, (found[0].place(), "the object is written here")))


def _identity(document: Document) -> tuple[str, str]:
    one = Manifest(document, (), document.data)
    return one.kind, one.name


def _is_origin(written: tuple[str, str], built: tuple[str, str]) -> bool:
    """Prefixes and suffixes of names are all that may differ."""
    return written[0] == built[0] and bool(written[1]) and written[1] in built[1]


def build(folder: str) -> Overlay:
    """Return what the kustomization in *folder* builds.

    Raises:
        InvalidInput: MG047, something is to be fetched from elsewhere.
        MeshgenError: there is no kustomization, no program that builds it, or it fails.
    """
    overlay = Overlay()
    _collect(Path(folder), overlay.sources, set())
    remote = [finding for one in overlay.sources.documents for finding in _remote(one)]
    if remote:
        raise InvalidInput(remote)
    read_into(overlay.built, _run(folder), f"{folder} (built)")
    return overlay


def _collect(folder: Path, sources: Sources, seen: set[Path]) -> None:
    """Read the kustomization in *folder* and, downwards, everything in it that lies on this disk."""
    file = next((folder / name for name in KUSTOMIZATION_NAMES if (folder / name).is_file()), None)
    if file is None or file.resolve() in seen:
        return
    known = len(sources.documents)
    _read(file, sources, seen)
    for kustomization in sources.documents[known:]:
        for key in _TREES:
            listed = kustomization.data.get(key)
            for entry in listed if isinstance(listed, list) else ():
                path = folder / str(entry) if "\0" not in str(entry) else folder
                if path.is_dir():
                    _collect(path, sources, seen)
                elif path.is_file() and path.resolve() not in seen:
                    _read(path, sources, seen)


def _read(file: Path, sources: Sources, seen: set[Path]) -> None:
    seen.add(file.resolve())
    try:
        read_into(sources, read_file(file), str(file))
    except OSError as error:
        raise MeshgenError(f"{file}: cannot be read: {error.strerror}") from error


def _remote(document: Document) -> Iterator[Finding]:
    if not is_kustomization(document.data):
        return
    folder = Path(document.file).parent
    for key in document.data.keys() & _LOADED:
        for route, text in _texts(document.data[key], (key,)):
            is_host = key in _TREES and _HOST.match(text)
            if (_REMOTE.search(text) or is_host) and "\n" not in text and not _is_here(folder / text):
                message = f"{text} is fetched from elsewhere, and meshgen reads only what lies here"
                fix = "vendor it (`kustomize localize`), or pipe: kustomize build … | meshgen check -"
                yield Finding(REMOTE, message, document.place(route), fix)


def _is_here(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _texts(value: Json, route: Route) -> Iterator[tuple[Route, str]]:
    if isinstance(value, str):
        if route[-1] not in ("patch", "name", "namespace", "version", "releaseName"):
            yield route, value
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if key not in ("literals", "target", "options"):
                yield from _texts(inner, (*route, key))


def _run(folder: str) -> bytes:
    command = _command()
    shown = " ".join([Path(command[0]).name, *command[1:], folder])
    try:
        done = subprocess.run(  # noqa: S603  (a program by its full path, the folder as one argument)
            [*command, str(Path(folder).resolve())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeshgenError(f"{shown}: took more than {_SECONDS} seconds") from error
    except OSError as error:
        raise MeshgenError(f"{shown}: cannot be run: {error.strerror}") from error
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip()
        raise MeshgenError(f"{shown}: failed with exit code {done.returncode}\n{told}")
    return done.stdout


def _command() -> list[str]:
    if kubectl := shutil.which("kubectl"):
        return [kubectl, "kustomize"]
    if kustomize := shutil.which("kustomize"):
        return [kustomize, "build"]
    raise MeshgenError(
        "--kustomize needs kubectl or kustomize, and neither is on the PATH: what the overlay builds cannot be "
        "checked. The files themselves can (meshgen check DIR), rules MG501 to MG505 about its transformers included"
    )
