"""Writing: the old bundle becomes the new one, and nobody else's files change."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from generator.output.record import RECORD
from generator.output.writer import write_bundle
from tests.output.bundles import NEW, OLD, files_of
from tests.support import names_in, snapshot


def test_a_new_folder(tmp_path: Path) -> None:
    changes = write_bundle(tmp_path / "x" / "y" / "out", "b", OLD)
    assert changes.added == tuple(OLD)
    assert files_of(tmp_path / "x" / "y" / "out") == OLD
    assert names_in(tmp_path / "x" / "y") == ["out"]


def test_a_changed_bundle(out: Path) -> None:
    changes = write_bundle(out, "b", NEW)
    assert (changes.added, changes.changed, changes.removed) == (("c/four.yaml",), ("a/two.yaml",), ("b/three.yaml",))
    assert (changes.unchanged, changes.edited, changes.foreign) == (("a/one.yaml",), (), ())
    assert files_of(out) == NEW
    assert not (out / "b").exists(), "a folder without files of anybody goes"
    assert write_bundle(out, "b", NEW).is_empty


def test_foreign_files_stay(out: Path) -> None:
    before = snapshot(out)
    write_bundle(out, "b", NEW)
    after = snapshot(out)
    for name in ("notes.txt", "a/deep/er/notes.txt", "link"):
        assert after[name] == before[name]
    write_bundle(out, "b", {})
    assert files_of(out) == {}
    assert after["a/deep/er/notes.txt"] == snapshot(out)["a/deep/er/notes.txt"]


def test_unchanged_files_keep_their_times(out: Path) -> None:
    for name in ("a/one.yaml", "a/two.yaml", "notes.txt"):
        os.utime(out / name, ns=(1_000_000_000, 1_000_000_000))
    write_bundle(out, "b", NEW)
    assert (out / "a/one.yaml").stat().st_mtime_ns == 1_000_000_000
    assert (out / "notes.txt").stat().st_mtime_ns == 1_000_000_000
    assert (out / "a/two.yaml").stat().st_mtime_ns != 1_000_000_000


def test_an_equal_bundle_touches_nothing(out: Path) -> None:
    inode = out.stat().st_ino
    write_bundle(out, "b", OLD)
    assert out.stat().st_ino == inode


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o2775])
def test_the_folder_keeps_its_mode(out: Path, mode: int) -> None:
    out.chmod(mode)
    write_bundle(out, "b", NEW)
    assert stat.S_IMODE(out.stat().st_mode) == mode


def test_without_a_record_equal_files_become_ours(out: Path) -> None:
    (out / RECORD).unlink()
    write_bundle(out, "b", OLD)
    write_bundle(out, "b", NEW)
    assert files_of(out) == NEW
