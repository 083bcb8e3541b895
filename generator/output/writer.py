"""Writing a bundle: the old folder or the new one, never half, whatever happens meanwhile.

The whole new folder is built beside the old one (unchanged files as hard links, which
keep their times), flushed to disk, and put in its place in one step.
"""

from __future__ import annotations

import glob
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from generator.core.errors import OutputRefused
from generator.core.processes import each
from generator.output.compare import Changes, compare
from generator.output.exchange import ASIDE, flush_file_system, put_in_place
from generator.output.record import RECORD, record_text

_STAGING = ".meshgen-"
_MANY = 200
"""Files from which on one flush of the whole file system is quicker than one for each of them."""
_VERY_MANY = 2000
"""Files from which on a second process saves more than it costs."""


def write_bundle(folder: Path, bundle: str, files: Mapping[str, bytes], *, force: bool = False) -> Changes:
    """Make *folder* hold *files* and whatever else in it is not ours.

    Raises:
        OutputRefused: hand-edited or foreign files are in the way and *force* is not given,
            or the system refuses to write. Nothing was changed.
    """
    try:
        given, folder = folder, Path(os.path.abspath(folder))  # noqa: PTH100  (resolve() would follow links)
        _refuse_inside(folder)
        with _alone(folder):
            changes = compare(folder, files)
            if not force:
                _refuse_foreign_work(given, changes)
            wanted = {**files, RECORD: record_text(bundle, files)}
            if not changes.is_empty or not _holds(folder / RECORD, wanted[RECORD]):
                _replace(folder, wanted, changes)
            return changes
    except OSError as error:
        raise OutputRefused(f"{error.filename or folder}: cannot be written: {error.strerror}") from error


def _refuse_inside(folder: Path) -> None:
    """The folder is exchanged as a whole: whoever stands in it would be left in the one that is removed."""
    if Path.cwd().is_relative_to(folder.resolve()):
        raise OutputRefused(f"{folder}: is the folder you are in, or above it; choose one below, or go elsewhere")


def _refuse_foreign_work(folder: Path, changes: Changes) -> None:
    lines = [f"  {folder / path}: edited by hand since it was rendered" for path in changes.edited]
    lines += [f"  {folder / path}: is there already, and meshgen did not write it" for path in changes.foreign]
    if lines:
        listed = "\n".join(lines)
        raise OutputRefused(
            f"files are in the way; nothing was written:\n{listed}\n"
            "move the changes into the profile, or give up the files with --force (`--check` shows the difference)"
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock on the parent folder and clear what a killed render left behind."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder.parent, os.O_RDONLY)
    try:
        _lock(handle)
        for left in sorted(folder.parent.glob(f".{glob.escape(folder.name)}{_STAGING}*")):
            if left.name.endswith(ASIDE) and not folder.exists():
                left.rename(folder)  # killed between the two steps of a system without an exchange
            else:
                shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    """Wait until no other render writes into this parent folder."""
    try:
        import fcntl  # noqa: PLC0415  (not on Windows, where two renders at once are the user's to avoid)
    except ImportError:
        return
    fcntl.flock(handle, fcntl.LOCK_EX)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _replace(folder: Path, wanted: Mapping[str, bytes], changes: Changes) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}{_STAGING}", dir=folder.parent))
    try:
        staging.chmod(stat.S_IMODE(folder.stat().st_mode) if folder.exists() else 0o755)
        fresh = set(changes.added) | set(changes.changed) | {RECORD}
        if folder.exists():
            _link_tree(folder, staging, leave_out=fresh | set(changes.removed))
        _write(staging, {path: wanted[path] for path in sorted(fresh)})
        former = put_in_place(staging, folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    if former is not None:
        shutil.rmtree(former, ignore_errors=True)


def _link_tree(source: Path, target: Path, leave_out: set[str]) -> None:
    """Repeat *source* in *target* without copying bytes; folders that would stay empty are left out."""
    for root, folders, names in os.walk(source, onerror=_raise):  # what cannot be listed would be lost
        if os.path.ismount(root):
            raise OutputRefused(f"{root}: is a mount point, and cannot be exchanged; choose a folder below it")
        here = Path(root).relative_to(source)
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        for name in (*names, *links):
            path = here / name
            if path.as_posix() in leave_out:
                continue
            (target / here).mkdir(parents=True, exist_ok=True)
            _link(source / path, target / path)


def _raise(error: OSError) -> None:
    raise error


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target, follow_symlinks=False)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write new *files*, and see that they are on the disk before a folder that holds them is put in place.

    To survive a kill they need not be: this is for a power cut, after which a folder of
    empty files would look like policies that somebody emptied.
    """
    for parent in {(folder / path).parent for path in files}:
        parent.mkdir(parents=True, exist_ok=True)
    is_later = len(files) > _MANY

    def write(path: str) -> None:
        with open(f"{folder}/{path}", "wb") as file:  # noqa: PTH123  (a path object costs as much as the file)
            file.write(files[path])
            if not is_later:
                file.flush()
                os.fsync(file.fileno())

    each(write, list(files), at_least=_VERY_MANY)
    if is_later and not flush_file_system(folder):
        for path in files:
            _flush(folder / path)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
