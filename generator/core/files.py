"""Reading files that somebody names: never more of one than anybody would use."""

from __future__ import annotations

import sys
from pathlib import Path

LARGEST = 100_000_000
"""Bytes of one file; more than any export of a cluster, and as much as fits into memory beside its places."""


def read_file(path: Path) -> bytes:
    """Return the content of *path*; of one that is too large, or never ends (``/dev/zero``), one byte too many.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def read_standard_input() -> bytes:
    """Return what comes on standard input, at most one byte too many."""
    return sys.stdin.buffer.read(LARGEST + 1)
