"""Where `make judges` puts the judges, and which of them are there."""

from __future__ import annotations

import shutil
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".judges"
BIN = HOME / "bin"
ISTIOD = BIN / "istiod"


def find(name: str) -> str | None:
    """Return the program *name*: of `make judges`, else of the machine; None if there is none."""
    own = [folder / name for folder in (BIN, HOME / "venv" / "bin")]
    return next((str(one) for one in own if one.exists()), shutil.which(name))
