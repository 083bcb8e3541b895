"""Compiled templates, kept between runs: compiling a template takes longer than rendering a bundle with it.

What is kept is bytecode, and whoever may write it runs code as the user. So it lies in a
folder that belongs to the user alone, or nowhere; and whatever goes wrong with it, the
template is compiled as if nothing had been kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from types import CodeType
from typing import Any

from jinja2 import FileSystemBytecodeCache, compiler
from jinja2.bccache import Bucket

from generator import __version__
from generator.core import scalars
from generator.core.private_folder import private_folder
from generator.templating import bounds, placed, quoting

_MOST = 500
"""Entries before all are thrown away: one for each template of each folder that was ever rendered from."""


def compiled_templates(finalize: Callable[[Any], Any], environment: str) -> FileSystemBytecodeCache | None:
    """Return the place for templates that print with *finalize* in one sort of *environment*.

    None where there is no safe one.
    """
    folder = private_folder()
    return _Kept(folder, f"{environment} {finalize.__module__}.{finalize.__qualname__}") if folder else None


class _Kept(FileSystemBytecodeCache):
    def __init__(self, folder: str, finalizer: str) -> None:
        super().__init__(folder, "template-%s.bytecode")
        # Constants are worked out while compiling, with our filters: the code depends on those, too.
        sources = (compiler, quoting, placed, scalars, bounds)
        self._stamp = repr((__version__, finalizer, [_version_of(module.__file__) for module in sources]))

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return sha256(f"{name}|{filename}".encode()).hexdigest()

    def get_source_checksum(self, source: str) -> str:
        return sha256(f"{self._stamp}|{source}".encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(Exception):  # pickle and marshal raise whatever they like on a damaged file
            super().load_bytecode(bucket)
        if not isinstance(bucket.code, CodeType):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):  # a full or read-only disk
            if len(os.listdir(self.directory)) >= _MOST:  # noqa: PTH208
                self.clear()
            super().dump_bytecode(bucket)


def _version_of(file: str | None) -> tuple[int, int]:
    if file is None:
        return (0, 0)
    found = os.stat(file)  # noqa: PTH116
    return (found.st_mtime_ns, found.st_size)
