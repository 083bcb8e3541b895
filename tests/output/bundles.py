"""An old bundle and a new one, and what of them stands in a folder."""

from __future__ import annotations

from pathlib import Path

from generator.output import exchange
from generator.output.record import RECORD
from tests.support import snapshot

OLD = {"a/one.yaml": b"1\n", "a/two.yaml": b"2\n", "b/three.yaml": b"3\n"}
NEW = {"a/one.yaml": b"1\n", "a/two.yaml": b"two\n", "c/four.yaml": b"4\n"}


def files_of(folder: Path) -> dict[str, bytes]:
    found = {name: content for name, content in snapshot(folder).items() if isinstance(content, bytes)}
    return {name: content for name, content in found.items() if name != RECORD and not name.endswith("notes.txt")}


def recovered(out: Path) -> dict[str, bytes]:
    """Return the bundle that stands there; between two renames (no exchange) it is the one put aside."""
    if not out.exists():
        (aside,) = out.parent.glob(f".out*{exchange.ASIDE}")
        aside.rename(out)
    return files_of(out)
