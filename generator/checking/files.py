"""Which files a path stands for: folders are walked to the bottom, each file once, links not in circles."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generator.core.files import LARGEST, read_file
from generator.core.findings import Finding
from generator.core.places import Place

STANDARD_INPUT = "-"
STDIN_NAME = "<stdin>"
KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_SUFFIXES = (".yaml", ".yml", ".json")
_CHART = "Chart.yaml"


@dataclass(slots=True)
class Found:
    """What the paths of a command line stand for.

    ``missing`` are paths that do not exist at all, ``charts`` folders of Helm templates,
    which are not YAML yet.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def add(self, given: str, standard_input: bytes | None = None) -> None:
        """Read the file, the folder or the standard input that *given* names."""
        path = Path(given)
        if given == STANDARD_INPUT:
            self.contents[STDIN_NAME] = standard_input or b""
        elif not _exists(path):
            self.missing.append(given)
            self._unreadable(given, "there is no such file or folder", "check the path")
        elif path.is_dir():
            is_new, known = _key(path) not in self._seen, len(self.findings) + len(self.charts)
            files = list(self._files(path))
            for file in files:
                self.read(file)
            if is_new and not files and len(self.findings) + len(self.charts) == known:
                self._unreadable(given, "the folder holds no .yaml, .yml or .json file", "check the path")
        else:
            self.read(path, is_named=True)

    def read(self, path: Path, *, is_named: bool = False) -> None:
        """Read one file, unless it was read before under this or another name.

        What is no regular file is read only where somebody named it: a pipe in a folder would never end.
        """
        try:
            status = path.stat()
            is_regular = stat.S_ISREG(status.st_mode)
            if (status.st_dev, status.st_ino) in self._seen or not (is_regular or is_named):
                return
            if is_regular:
                self._seen.add((status.st_dev, status.st_ino))
                if status.st_size > LARGEST:
                    self._too_large(path, status.st_size)
                    return
            content = read_file(path)
        except OSError as error:
            self._unreadable(str(path), f"cannot be read: {error.strerror}", "")
            return
        if is_named or path.suffix != ".json" or b'"apiVersion"' in content:  # package.json is nobody's manifest
            self.contents[str(path)] = content

    def _files(self, folder: Path) -> Iterator[Path]:
        """Yield the files of *folder*, sorted; hidden ones and Helm templates are left out."""
        for root, folders, names in os.walk(folder, followlinks=True, onerror=self._unlistable):
            here = Path(root)
            if not self._is_new(here):
                folders.clear()
                continue
            if _CHART in names and "templates" in folders:
                folders.remove("templates")
                self.charts.append(str(here))
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                is_wanted = name.endswith(_SUFFIXES) or name in KUSTOMIZATION_NAMES
                if is_wanted and not name.startswith("."):
                    yield here / name

    def _is_new(self, folder: Path) -> bool:
        """Remember *folder*; a link that leads back to where we have been is not followed again."""
        key = _key(folder)
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new

    def _unlistable(self, error: OSError) -> None:
        self._unreadable(str(error.filename), f"cannot be read: {error.strerror}", "")

    def _unreadable(self, name: str, message: str, fix: str) -> None:
        self.findings.append(Finding("MG001", message, Place(name, 1, 1), fix))

    def _too_large(self, path: Path, size: int) -> None:
        message = f"the file has {size:,} bytes; at most {LARGEST:,} are read"
        self.findings.append(Finding("MG005", message, Place(str(path), 1, 1), "split it into several files"))


def _key(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _exists(path: Path) -> bool:
    """Whether there is anything at *path*, also a link that leads nowhere."""
    return path.exists() or path.is_symlink()
