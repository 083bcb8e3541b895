"""Reading a plain command line without Typer, whose loading makes every render a fifth slower.

Only what needs no interpretation is read here; help, mistakes, abbreviations and everything
else is left to Typer. A test holds that both read the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generator.cli.unchanged import PATHS, read

_COMPLETION = "_MESHGEN_COMPLETE"


def plain_arguments(verb: Callable[..., Any], words: list[str]) -> dict[str, Any] | None:
    """Return what *words* say for the parameters of *verb*, which is `render`; None where they are not plain."""
    if os.name == "nt" or _COMPLETION in os.environ:  # there, Typer expands patterns; and completes
        return None
    given = read(words)
    return None if given is None else _defaults(verb) | {name: _typed(name, value) for name, value in given.items()}


def _typed(name: str, value: Any) -> Any:
    if name not in PATHS:
        return value
    return [Path(path) for path in value] if isinstance(value, list) else Path(value)


def _defaults(verb: Any) -> dict[str, Any]:
    """Return the defaults of *verb* without `inspect`, which takes longer than the rest of this."""
    work = verb.__wrapped__
    names, values = work.__code__.co_varnames[: work.__code__.co_argcount], work.__defaults__
    return dict(zip(names[len(names) - len(values) :], values, strict=True))
