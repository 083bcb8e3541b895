"""What the tests of writing have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.output.writer import write_bundle
from tests.output.bundles import OLD


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with the old bundle in it, beside a file of somebody else."""
    folder = tmp_path / "out"
    write_bundle(folder, "b", OLD)
    (folder / "notes.txt").write_text("mine")
    (folder / "a" / "deep" / "er").mkdir(parents=True)
    (folder / "a" / "deep" / "er" / "notes.txt").write_text("mine too")
    (folder / "link").symlink_to("notes.txt")
    return folder
