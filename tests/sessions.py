"""Questions and answers as files: `session.txt` in a folder of YAML, commands and what they print, byte for byte.

python -m tests.refresh renews them. A line beginning with `$ ` is a command (`< FILE` gives
it standard input), its lines below are standard output, then standard error, then the exit code where it is not 0.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.support import ROOT, meshgen

FOLDERS = ("mistakes", "why", "diff", "graph", "fn", "adopt", "verify")


def sessions() -> list[Path]:
    """Return every session."""
    return sorted(path for name in FOLDERS for path in (ROOT / "tests" / name).glob("*/session.txt"))


def played(path: Path) -> str:
    """Return the session at *path* with what its commands print now."""
    written = path.read_text("utf-8").splitlines()
    lines = [line for line, after in zip(written, [*written[1:], ""], strict=True) if _is_kept(line, after)]
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        return "\n".join(text for line in lines for text in _step(line)) + "\n"
    finally:
        os.chdir(before)


def _is_kept(line: str, after: str) -> bool:
    """Tell whether *line* is a command, or a remark right above one; other lines with a # are output."""
    return line.startswith("$ ") or (line.startswith("# ") and after.startswith("$ "))


def _step(line: str) -> Iterator[str]:
    yield line
    if line.startswith("# "):
        return
    program, *arguments = shlex.split(line.removeprefix("$ "))
    assert program == "meshgen"
    stdin: bytes | None = None
    if "<" in arguments:
        stdin = Path(arguments.pop()).read_bytes()
        arguments.remove("<")
    run = meshgen(*arguments, stdin=stdin)
    for text in (run.out, run.err):
        if text:
            yield text.removesuffix("\n")
    if run.code:
        yield f"exit {run.code}"
    yield ""
