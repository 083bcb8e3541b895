"""A release says its version once, and what changed."""

from __future__ import annotations

import re

from generator import __version__
from tests.support import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_version_is_written_in_one_place() -> None:
    files = [
        *(ROOT / "generator").rglob("*.py"),
        *(ROOT / "templates").rglob("*.j2"),
        ROOT / "pyproject.toml",
        ROOT / "Makefile",
    ]
    holding = [
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.is_file() and f'"{__version__}"' in path.read_text("utf-8")
    ]
    assert holding == ["generator/__init__.py"]


def test_the_changelog_begins_with_this_version_or_with_what_is_unreleased() -> None:
    first = re.search(r"^## \[(.+?)\]", CHANGELOG, re.MULTILINE)
    assert first
    assert first[1] in (__version__, "Unreleased")


def test_every_change_is_a_whole_sentence() -> None:
    entries = [line for line in CHANGELOG.splitlines() if line.startswith("- ")]
    assert entries
    assert [line for line in entries if not line.endswith(".")] == []
