"""The command as a process would run it, and what happens to its files between two runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator import __main__, pipeline
from generator.core.errors import EXIT_OK
from generator.output import proven

WORDS = ["policies", "--env", "ours.yaml", "--templates", "templates", "--profiles", "types", "--schemas", "schemas"]
FILE = "out/policies/shop/network/networkpolicy-allow-api.yaml"


class Meshgen:
    """The command as `main` runs it, in this process; ``renders`` counts those that were not answered from memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.renders = 0
        self.said = self.shown = ""
        self._patch = monkeypatch
        self._captured = capsys
        whole = pipeline.render

        def counted(request: pipeline.Request) -> pipeline.Bundle:
            self.renders += 1
            return whole(request)

        monkeypatch.setattr(pipeline, "render", counted)

    def __call__(self, *words: str) -> int:
        """Run `meshgen render` as a process that starts long after everything was written."""
        newest = max((path.lstat().st_ctime_ns for path in Path().rglob("*")), default=0)
        self._patch.setattr(proven, "STARTED", newest + 10**9)
        self._patch.setattr(proven, "_AT_START", [])
        self._patch.setattr(sys, "argv", ["meshgen", "render", *words])
        try:
            __main__.main()
            code = EXIT_OK
        except SystemExit as end:
            code = int(str(end.code))
        self.shown, self.said = self._captured.readouterr()
        return code


def kept(here: Path) -> list[Path]:
    return sorted((here.parent / "cache" / "meshgen" / "proven").glob("*"))


def editing(name: str, old: str = "", new: str = "\n") -> Callable[[], None]:
    def edit() -> None:
        path = Path(name)
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        text = path.read_text()
        path.write_text(text.replace(old, new, 1) if old else text + new)
        os.utime(path, ns=times)  # contents decide, not times

    edit.__name__ = f"edit {name}"
    return edit


def adding(name: str, text: str = "") -> Callable[[], None]:
    def add() -> None:
        Path(name).write_text(text)

    add.__name__ = f"add {name}"
    return add


def linking(name: str, aside: str) -> Callable[[], None]:
    def link() -> None:
        Path(name).rename(aside)
        Path(name).symlink_to(Path(aside).resolve())

    link.__name__ = f"link {name}"
    return link
