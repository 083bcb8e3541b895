"""Remembering what was proven: the same inputs and the same output need no second proof.

A render is a function of its command line, of the files that it read and of the program.
After one without findings, all three are written down with the digest of every file of
the output, in the user's private folder: never beside the output, where a pull request
could bring its own and let edited YAML pass `render --check`. A later run with the same
command line reads every one of those files again and compares contents, not times; where
anything differs, or is in any way unusual, nothing is remembered and everything is done anew.

Loads next to nothing, as the goal for an unchanged bundle is half the time of starting
Python: `hashlib`, `contextlib`, `collections.abc` or `pathlib` would each take a fifth of that or more.
"""

# ruff: noqa: PTH100, PTH105, PTH108, PTH109, PTH112, PTH116, PTH118, PTH120, PTH123, PTH208, PTH110  (start-up)

from __future__ import annotations

import os
import stat
import sys
import time

try:
    from _blake2 import blake2b
except ImportError:  # another build of Python
    from hashlib import blake2b

from generator.core.private_folder import is_private, private_folder

TYPE_CHECKING = False  # what `typing` has, without loading it
if TYPE_CHECKING:
    from collections.abc import Iterator

STARTED = time.time_ns()
"""When this run began: an input that has changed since may not be what was rendered."""
_TICK = 20_000_000
"""Nanoseconds; file systems take their times from a clock that stands still for some milliseconds."""
_MOST = 100
"""Command lines that are remembered; the oldest is forgotten first."""
_NO_CODE = frozenset({"__pycache__", "examples", "invalid"})
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_AT_START: list[str] = []
"""The program as `recall` found it: one that is exchanged during a run is not the one that ran."""
_Line = tuple[str, str, str]
"""What kind of thing, what is known of it, and its path."""


class _Unusual(Exception):
    """Something that nobody vouches for: a link, a device, a name with a line break."""


def recall(question: str) -> tuple[str, int] | None:
    """Return folder and number of files of the bundle that *question* was answered with, if all is as it was.

    None where it never was, or where an input, a file of the output or meshgen itself has changed since.
    """
    try:
        path = _path(question)
        if path is None:
            return None
        _AT_START.append(_program())
        head, *lines = _kept(path)
        program, folder, count = head.split(b"\t")
        if program == _AT_START[0].encode() and all(map(_is_as_it_was, lines)):
            return os.fsdecode(folder), int(count)
    except (OSError, ValueError, _Unusual):
        pass
    return None


def remember(question: str, folder: str, inputs: list[str], files: dict[str, bytes], beside: dict[str, bytes]) -> None:
    """Remember that *question*, which `recall` had no answer to, was answered with *folder*.

    Args:
        question: the command line and the folder it was given in, in one spelling.
        folder: the output folder, as it was named.
        inputs: every file that was read, and every folder that was looked through.
        files: what the output folder holds for this bundle: the content of each path in it.
        beside: the content of other files that were written too.
    """
    try:
        path = _path(question)
        if path is None or not _AT_START:
            return
        text = bytearray()
        _add(text, (_AT_START[0], folder, str(len(files) - 1)))
        for line in _inputs(inputs):
            _add(text, line)
        for line in _outputs(folder, files):
            _add(text, line)
        for path_beside, content in beside.items():
            _add(text, ("file", _digest(content), path_beside))
        _keep(path, text)
    except (OSError, ValueError, _Unusual):
        pass


def _inputs(paths: list[str]) -> list[_Line]:
    """Return what tells that files are the same, lie in the same folders, and have the same neighbours."""
    lines, folders = [], set()
    for path in dict.fromkeys(paths):
        if os.stat(path).st_ctime_ns > STARTED - _TICK:
            raise _Unusual
        kind = "names" if os.path.isdir(path) else "file"
        lines.append((kind, _TELL[kind.encode()](os.fsencode(path)), path))
        folders.add(path if kind == "names" else os.path.dirname(path))
    return [*lines, *(("at", os.path.realpath(folder), folder) for folder in sorted(folders))]


def _outputs(folder: str, files: dict[str, bytes]) -> Iterator[_Line]:
    yield "at", os.path.realpath(folder), folder
    folders = {folder}
    for path, content in files.items():
        yield "file", _digest(content), f"{folder}/{path}"
        inner = path
        while inner := inner.rpartition("/")[0]:
            folders.add(f"{folder}/{inner}")
    for one in sorted(folders):
        yield "folder", "", one


def _add(text: bytearray, line: _Line) -> None:
    """Write *line* down at once: ten thousand bundles have too many to hold them all.

    Raises:
        _Unusual: a name in it holds what ends names and lines.
    """
    written = os.fsencode("\t".join(line))
    if written.count(b"\t") != len(line) - 1 or b"\n" in written:
        raise _Unusual
    if text:
        text += b"\n"
    text += written


def _is_as_it_was(line: bytes) -> bool:
    kind, known, path = line.split(b"\t")
    return _TELL[kind](path) == os.fsdecode(known)


def _of_file(path: bytes) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # no link, and never wait for a pipe
    try:
        found = os.fstat(handle)
        content = os.read(handle, found.st_size + 1)
        if not stat.S_ISREG(found.st_mode) or len(content) != found.st_size:
            raise _Unusual
    finally:
        os.close(handle)
    return _digest(content)


def _of_names(path: bytes) -> str:
    return _digest(b"\0".join(sorted(os.listdir(path))))


def _of_folder(path: bytes) -> str:
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        raise _Unusual
    return ""


def _of_way(path: bytes) -> str:
    return os.fsdecode(os.path.realpath(path))


_TELL = {
    b"file": _of_file,
    b"names": _of_names,
    b"folder": _of_folder,
    b"at": _of_way,
}


def _program() -> str:
    """Return the fingerprint of what would render: Python, meshgen, and whatever it could import.

    By times and sizes, as Python itself tells whether a compiled module is stale: here
    nobody hides a change but who may change the program anyway.
    """
    data = [os.path.join(_PACKAGE, "_data")]
    if not os.path.isdir(data[0]):  # a checkout
        data = [os.path.join(os.path.dirname(_PACKAGE), name) for name in ("templates", "profiles")]
    told: list[object] = [sys.version, sys.path]
    for folder in sys.path:  # a distribution that comes, goes or changes its version changes the folder
        if os.path.exists(folder):
            found = os.stat(folder)
            told += (found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
    for folder in (_PACKAGE, *data):
        _note(folder, told)
    return _digest(os.fsencode(repr(told)))


def _note(folder: str, told: list[object]) -> None:
    """Add the state of every file below *folder* to what is *told*."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                found = entry.stat()
                told += (entry.name, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            elif entry.name not in _NO_CODE:
                told.append(entry.path)
                _note(entry.path, told)


def _digest(content: bytes | bytearray) -> str:
    return blake2b(content, digest_size=32).hexdigest()


def _path(question: str) -> str | None:
    folder = private_folder("proven")
    name = _digest(os.fsencode(f"{os.getcwd()}\0{question}"))
    return os.path.join(folder, name) if folder else None


def _kept(path: str) -> list[bytes]:
    """Return the lines that were kept at *path*, if they are whole and the user's own.

    Raises:
        OSError, _Unusual: they are not.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, "rb") as file:
        if not is_private(os.fstat(handle)):
            raise _Unusual
        digest, _, text = file.read().partition(b"\n")
    if _digest(text).encode() != digest:
        raise _Unusual
    return text.split(b"\n")


def _keep(path: str, text: bytearray) -> None:
    """Write *text* in one step, so that whoever reads meanwhile finds the old or the new."""
    folder = os.path.dirname(path)
    others = [os.path.join(folder, name) for name in os.listdir(folder)]
    for one in sorted(others, key=os.path.getmtime)[: max(0, len(others) + 1 - _MOST)]:
        os.unlink(one)
    new = f"{path}.{os.getpid()}"
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(_digest(text).encode() + b"\n")
            file.write(text)
        os.replace(new, path)
    except OSError:
        os.unlink(new)
        raise
