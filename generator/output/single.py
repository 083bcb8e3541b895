"""Writing one file that somebody named: the old content or the new one, never half, whatever happens meanwhile."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from generator.core.errors import OutputRefused


def write_file(path: Path, text: str, *, is_new: bool = False, cure: str = "choose another file") -> None:
    """Make *text* the content of the file at *path*; with *is_new* only if there is none.

    A link is followed. What is no regular file (``/dev/stdout``, a pipe) has no old content to keep, and is
    written to directly.

    Raises:
        OutputRefused: the system refuses, or *is_new* and there is something already; nothing was changed.
    """
    try:
        real = Path(os.path.realpath(path))
        if is_new and os.path.lexists(path):
            raise OutputRefused(f"{path}: is there already; {cure}")
        if path.exists() and (path.is_relative_to("/dev") or not path.is_file()):
            path.write_text(text, "utf-8", newline="\n")
        else:
            _replace(real, text, is_new)
    except FileExistsError as error:
        raise OutputRefused(f"{path}: is there already; {cure}") from error
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror}") from error


def _replace(path: Path, text: str, is_new: bool) -> None:
    """Write beside *path*, and put that in its place when it is whole."""
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(0, "Permission denied")  # a rename would not ask the file, only its folder
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=".meshgen-", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123  (a handle, not a path)
            file.write(text)
            file.flush()
            os.fsync(handle)
        Path(name).chmod(mode)
        if is_new:
            os.link(name, path)
        else:
            Path(name).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _umask() -> int:
    """Return what new files are made without; asking for it is setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
