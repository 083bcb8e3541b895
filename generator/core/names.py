"""Finding the name that a user probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to *name*, or None when nothing is close."""
    matches = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the cure for an unknown *name*: the nearest known one, else the list of them all.

    *otherwise* is what else to do, if the name is right.
    """
    choices = sorted(known)
    close = nearest(name, choices)
    if close:
        return f"did you mean {close!r}?" + (f" Otherwise {otherwise}" if otherwise else "")
    listed = ", ".join(choices[:12]) + (", …" if len(choices) > 12 else "")
    cure = f"known: {listed}" if choices else "none is declared here"
    return f"{cure}; or {otherwise}" if otherwise else cure
