"""Writing a bundle: the old folder or the new one, never half, whatever happens meanwhile.

The whole new folder is built beside the old one (unchanged files as hard links, which
keep their times), flushed to disk, and put in its place in one step.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from generator.core.errors import OutputRefused
from generator.output.compare import Changes, compare
from generator.output.exchange import put_in_place
from generator.output.record import RECORD, record_text

_STAGING = ".meshgen-"


def write_bundle(folder: Path, bundle: str, files: Mapping[str, bytes], *, force: bool = False) -> Changes:
    """Make *folder* hold *files* and whatever else in it is not ours.

    Raises:
        OutputRefused: hand-edited or foreign files are in the way and *force* is not given,
            or the system refuses to write. Nothing was changed.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100  (resolve() would follow links)
    try:
        with _alone(folder):
            changes = compare(folder, files)
            if not force:
                _refuse_foreign_work(folder, changes)
            wanted = {**files, RECORD: record_text(bundle, files)}
            if not changes.is_empty or not _holds(folder / RECORD, wanted[RECORD]):
                _replace(folder, wanted, changes)
            return changes
    except OSError as error:
        raise OutputRefused(f"{error.filename or folder}: cannot be written: {error.strerror}") from error


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
        for left in folder.parent.glob(f".{folder.name}{_STAGING}*"):
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
        staging.chmod(0o755)
        fresh = set(changes.added) | set(changes.changed) | {RECORD}
        if folder.exists():
            _link_tree(folder, staging, leave_out=fresh | set(changes.removed))
        for path in sorted(fresh):
            _write(staging / path, wanted[path])
        former = put_in_place(staging, folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    if former is not None:
        shutil.rmtree(former, ignore_errors=True)


def _link_tree(source: Path, target: Path, leave_out: set[str]) -> None:
    """Repeat *source* in *target* without copying bytes; folders that would stay empty are left out."""
    for root, folders, names in os.walk(source):
        here = Path(root).relative_to(source)
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        for name in (*names, *links):
            path = here / name
            if path.as_posix() in leave_out:
                continue
            (target / here).mkdir(parents=True, exist_ok=True)
            _link(source / path, target / path)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target, follow_symlinks=False)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
