"""What a render would change on disk, found before anything is touched."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from generator.core.errors import OutputRefused
from generator.core.frozen import dataclass
from generator.output.record import RECORD, digest, read_record


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between a folder and a bundle.

    ``edited`` are files of ours that a person changed, ``foreign`` files that stand in the
    way and were never ours; both are touched only when forced.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    edited: tuple[str, ...]
    foreign: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the folder holds the bundle as it is."""
        return not (self.added or self.changed or self.removed)


def compare(folder: Path, files: Mapping[str, bytes]) -> Changes:
    """Compare *folder* with the wanted *files* (relative path to content).

    Raises:
        OutputRefused: a symbolic link stands where our files go, or the record is unreadable.
    """
    if not os.path.lexists(folder):
        return Changes(tuple(sorted(files)), (), (), (), (), ())
    _refuse_links(folder, {*files, RECORD})
    owned = read_record(folder) or {}
    _refuse_links(folder, owned.keys() - files.keys())
    on_disk = {path: content for path in {*files, *owned} if (content := _read(folder / path)) is not None}
    added = [path for path in files if path not in on_disk]
    changed = [path for path in files if path in on_disk and on_disk[path] != files[path]]
    removed = [path for path in owned if path not in files and path in on_disk]
    edited = [path for path in (*changed, *removed) if path in owned and digest(on_disk[path]) != owned[path]]
    return Changes(
        added=tuple(sorted(added)),
        changed=tuple(sorted(changed)),
        removed=tuple(sorted(removed)),
        unchanged=tuple(sorted(path for path in files if on_disk.get(path) == files[path])),
        edited=tuple(sorted(edited)),
        foreign=tuple(sorted(path for path in changed if path not in owned)),
    )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be read: {error.strerror}") from error


def _refuse_links(folder: Path, files: Iterable[str]) -> None:
    """A link among our folders could lead a write, or what a difference shows, out of the output folder."""
    seen: set[str] = set()
    for path in files:
        ours = path
        while ours not in seen:  # the file, the folders around it, and at last "", which is the output folder
            seen.add(ours)
            ours = ours.rpartition("/")[0]
    links = [path for path in seen if os.path.islink(folder / path)]  # noqa: PTH114  (Path.is_symlink is slower)
    if links:
        raise OutputRefused(f"{folder / min(links)}: is a symbolic link; meshgen writes only into folders of its own")


def unified_diff(folder: Path, files: Mapping[str, bytes], changes: Changes) -> Iterator[str]:
    """Yield the difference as unified diff text, from what is on disk to what would be rendered."""
    import difflib  # noqa: PLC0415  (start-up: only where there is a difference to show)

    for path in sorted((*changes.added, *changes.changed, *changes.removed)):
        old = (_read(folder / path) or b"").decode("utf-8", "replace").splitlines(keepends=True)
        new = files.get(path, b"").decode("utf-8").splitlines(keepends=True)
        before = "/dev/null" if path in changes.added else f"{folder / path}"
        after = "/dev/null" if path in changes.removed else f"{folder / path} (rendered)"
        for line in difflib.unified_diff(old, new, before, after):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
