"""A document's examples, played in a folder of their own from top to bottom.

Marks in the Markdown, each on the line before a fenced block, say what the block is:

``<!-- file: PATH -->``     the block is written to PATH, for the commands below it
``<!-- include: PATH -->``  the block is that file of the repository, and written to PATH
``<!-- excerpt: PATH -->``  the block occurs, line for line, in PATH, which a command above wrote

In a ``console`` block every line that starts with ``$ meshgen`` or ``$ kubectl kustomize`` is
run, and the lines below it are what it prints on both streams; a line ``…`` stands for any
lines. A command that fails is followed by ``$ echo $?``, which shows its exit code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SESSIONS = (
    ROOT / "README.md",
    ROOT / "profiles" / "README.md",
    ROOT / "templates" / "README.md",
    *sorted((ROOT / "docs").glob("*/README.md")),
)

_BLOCK = re.compile(
    r"^(?P<head>(?:<!-- (?P<mark>file|include|excerpt): (?P<path>\S+) -->\n+)?(?P<fence>`{3,})(?P<language>[a-z]*)\n)"
    r"(?P<body>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_STEP = re.compile(r"^(\$ (?:.*\\\n)*.*\n)((?:(?!\$ ).*\n)*)", re.MULTILINE)
"""A command as written, and the output below it."""
_EXIT_CODES = (0, 1, 2)
"""Those that a document may show; 3 is a bug of ours."""
_ELISION = "…\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, and what its mark says of it."""

    language: str
    mark: str
    path: str
    body: str


@dataclass(slots=True)
class Session:
    """The folder in which a document's examples are played, and what went wrong there."""

    folder: Path
    problems: list[str] = field(default_factory=list)
    _status: int = 0

    def play(self, text: str) -> str:
        """Return the document *text* with the output of its commands as it is now."""
        played = _BLOCK.sub(lambda match: match["head"] + self._block(_of(match)) + match["fence"], text)
        self._expect_success("the end of the document")
        return played

    def _block(self, block: Block) -> str:
        if block.language in {"console", "sh"}:
            return _STEP.sub(lambda match: self._command(match[1], match[2]), block.body)
        target = self.folder / block.path
        if block.mark == "excerpt" and (not target.is_file() or block.body not in target.read_text("utf-8")):
            self.problems.append(f"{block.path}: does not hold the excerpt\n{block.body}")
        if block.mark in {"file", "include"}:
            body = (ROOT / block.path).read_text("utf-8") if block.mark == "include" else block.body
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body, "utf-8")
            return body
        return block.body

    def _command(self, line: str, written: str) -> str:
        command = _joined(line)
        if command == "echo $?":
            printed, self._status = f"{self._status}\n", 0
        elif not _is_run(command):
            return line + written
        else:
            self._expect_success(command)
            known = len(self.problems)
            printed = self._run(command)
            if len(self.problems) > known:
                return line + written
        return line + (written if _matches(written, printed) else printed)

    def _run(self, command: str) -> str:
        scripts = Path(sys.executable).parent
        environment = {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "80",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",  # both streams in the order of a terminal
        }
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self._status = done.returncode
        printed = done.stdout.decode("utf-8")
        if done.returncode not in _EXIT_CODES:
            self.problems.append(f"exit code {done.returncode} of {command!r}:\n{printed}")
            self._status = 0
        return printed

    def _expect_success(self, before: str) -> None:
        if self._status:
            self.problems.append(f"exit code {self._status} before {before!r}: show it with `$ echo $?`")
        self._status = 0


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of the document *text*."""
    return (_of(match) for match in _BLOCK.finditer(text))


def commands(text: str) -> Iterator[str]:
    """Yield the commands in the document's console blocks."""
    for block in blocks(text):
        if block.language in {"console", "sh"}:
            yield from (_joined(match[1]) for match in _STEP.finditer(block.body))


def _of(match: re.Match[str]) -> Block:
    return Block(match["language"], match["mark"] or "", match["path"] or "", match["body"])


def _joined(line: str) -> str:
    return line.removeprefix("$ ").replace("\\\n", " ").strip()


def _is_run(command: str) -> bool:
    if command.startswith("kubectl kustomize "):
        return shutil.which("kubectl") is not None
    return command.startswith("meshgen ")


def _matches(written: str, printed: str) -> bool:
    if _ELISION not in written:
        return written == printed
    parts = [re.escape(part) for part in re.split(rf"^{_ELISION}", written, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*?".join(parts), printed) is not None
