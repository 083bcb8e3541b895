"""Putting a finished folder in the place of the old one, in a single step where the system has one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ASIDE = ".old"
"""How the former folder's name ends while it waits, where there is no exchange, for the new one to take its place."""

_AT_CWD = -100
_EXCHANGE = 2
"""Linux, renameat2(2): RENAME_EXCHANGE swaps two paths atomically (kernel 3.15)."""


def put_in_place(new: Path, old: Path) -> Path | None:
    """Make *new* appear at the path *old*; return where the former folder now is, if there was one.

    Whoever looks, or is killed, finds the old folder or the new one. On systems without an
    exchange there is an instant between two renames in which neither is there.
    """
    if not old.exists():
        new.rename(old)
        return None
    if _exchange(new, old):
        return new
    aside = new.with_name(new.name + ASIDE)
    old.rename(aside)
    new.rename(old)
    return aside


def flush_file_system(folder: Path) -> bool:
    """Write everything that waits for the disk under *folder* out, in one call; tell whether the system can.

    15,000 single `fsync` take seconds where this takes a tenth of one. `os.sync` would do
    it for every disk there is, and need not wait for the end.
    """
    syncfs = getattr(_system(), "syncfs", None)
    if syncfs is None:
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        result: int = syncfs(handle)
    finally:
        os.close(handle)
    return result == 0


def _exchange(first: Path, second: Path) -> bool:
    renameat2 = getattr(_system(), "renameat2", None)
    if renameat2 is None:
        return False
    result: int = renameat2(_AT_CWD, os.fsencode(first), _AT_CWD, os.fsencode(second), _EXCHANGE)
    return result == 0


def _system() -> Any:
    """Return the C library, None where it has another name."""
    import ctypes  # noqa: PLC0415  (start-up: not for a folder that is new, or unchanged)

    return ctypes.CDLL(None) if os.name == "posix" else None
