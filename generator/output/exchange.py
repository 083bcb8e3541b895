"""Putting a finished folder in the place of the old one, in a single step where the system has one."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

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
    aside = new.with_name(f"{new.name}.old")
    old.rename(aside)
    new.rename(old)
    return aside


def _exchange(first: Path, second: Path) -> bool:
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    if renameat2 is None:
        return False
    result: int = renameat2(_AT_CWD, os.fsencode(first), _AT_CWD, os.fsencode(second), _EXCHANGE)
    return result == 0
