"""What a render depends on, in the words of make: so that a build renders anew when any of it changes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from generator.core.errors import OutputRefused
from generator.output.single import write_file

_SAYABLE = re.compile(r"[-\w./+,@ #:$]+")
_ESCAPED = re.compile(r"([ #:])")


def depfile_text(target: Path, files: Iterable[str]) -> str:
    """Return a rule that makes *target* depend on *files*, as a compiler writes it with ``-MD -MP``.

    Every file has an empty rule of its own: one that is gone is no error to make, and
    what depended on it is made anew.

    Raises:
        OutputRefused: a name means something else to make, whatever is put before it: ``%``, ``=``, ``*``, ``(``.
    """
    names = sorted(set(files))
    rules = [f"{_escaped(str(target))}:" + "".join(f" \\\n  {_escaped(name)}" for name in names)]
    return "\n".join([*rules, *(f"{_escaped(name)}:" for name in names)]) + "\n"


def write_depfile(path: Path, text: str) -> None:
    """Write the depfile.

    Raises:
        OutputRefused: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror}") from error
    write_file(path, text)


def _escaped(name: str) -> str:
    if not _SAYABLE.fullmatch(name):
        raise OutputRefused(f"--depfile: make has no way to write the name {name!r}: rename the file")
    return _ESCAPED.sub(r"\\\1", name).replace("$", "$$")
