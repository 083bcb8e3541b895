"""Compiled templates, kept between runs: compiling a template takes longer than rendering a bundle with it.

What is kept is bytecode, and whoever may write it runs code as the user. So it lies in a
folder that belongs to the user alone, or nowhere; and whatever goes wrong with it, the
template is compiled as if nothing had been kept.

Jinja's own cache on disk does the same, but loads `pickle` and reads every constant with a
call of its own: a cold render takes 5 ms longer with it.
"""

from __future__ import annotations

import marshal
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from types import CodeType
from typing import TYPE_CHECKING, Any, cast

from jinja2 import compiler

from generator import __version__
from generator.core import scalars
from generator.core.private_folder import private_folder
from generator.templating import placed, quoting

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment

_MOST = 500
"""Entries before all are thrown away: one for each template of each folder that was ever rendered from."""


def compiled_templates(finalize: Callable[[Any], Any], environment: str) -> BytecodeCache | None:
    """Return the place for templates that print with *finalize* in one sort of *environment*.

    None where there is no safe one.
    """
    folder = private_folder()
    if folder is None:
        return None
    return cast("BytecodeCache", _Kept(folder, f"{environment} {finalize.__module__}.{finalize.__qualname__}"))


class _Entry:
    """One template: where it is kept, what it was compiled from and with, and the code once there is any."""

    def __init__(self, path: str, origin: bytes) -> None:
        self.path = path
        self.origin = origin
        self.code: CodeType | None = None


class _Kept:
    """What Jinja asks of a `BytecodeCache`."""

    def __init__(self, folder: str, finalizer: str) -> None:
        self._folder = folder
        self._stamp = f"{finalizer}|{_program()}"

    def get_bucket(self, _: Environment, name: str, filename: str | None, source: str) -> _Entry:
        """Return the template *name*, with its code where the same program compiled it from the same *source*."""
        key = sha256(f"{name}|{filename}".encode()).hexdigest()
        origin = sha256(f"{self._stamp}|{source}".encode()).digest()
        entry = _Entry(os.path.join(self._folder, f"template-{key}.bytecode"), origin)  # noqa: PTH118
        with suppress(Exception):  # no file yet; and marshal raises whatever it likes on a damaged one
            with open(entry.path, "rb") as file:  # noqa: PTH123
                content = file.read()
            code = marshal.loads(content[len(origin) :]) if content.startswith(origin) else None  # noqa: S302
            entry.code = code if isinstance(code, CodeType) else None
        return entry

    def set_bucket(self, entry: _Entry) -> None:
        """Keep the code of *entry*: a whole file or none, as others may be reading it."""
        with suppress(OSError):  # a full or read-only disk
            entries = os.listdir(self._folder)  # noqa: PTH208
            if len(entries) >= _MOST:
                self._clear(entries)
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix="template-", delete=False) as file:
                try:
                    file.write(entry.origin + marshal.dumps(entry.code))
                    file.close()
                    os.replace(file.name, entry.path)  # noqa: PTH105
                except BaseException:
                    os.unlink(file.name)  # noqa: PTH108
                    raise

    def _clear(self, entries: list[str]) -> None:
        for name in entries:
            if name.startswith("template-"):
                with suppress(OSError):
                    os.remove(os.path.join(self._folder, name))  # noqa: PTH107, PTH118


@cache
def _program() -> str:
    """Return what tells this program from every other one that compiles the same source to other code."""
    # Constants are worked out while compiling, with our filters: the code depends on those, too.
    sources = [module.__file__ for module in (compiler, quoting, placed, scalars)]
    bounds = os.path.join(os.path.dirname(__file__), "bounds.py")  # noqa: PTH118, PTH120  (loaded for templates of users alone)
    return repr((__version__, sys.version, [_version_of(file) for file in (*sources, bounds)]))


def _version_of(file: str | None) -> tuple[int, int]:
    if file is None:
        return (0, 0)
    found = os.stat(file)  # noqa: PTH116
    return (found.st_mtime_ns, found.st_size)
