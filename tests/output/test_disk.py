"""A disk that is really full, or really read-only: the old bundle stays, the error is clear, the next run works."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.core.errors import EXIT_OK, EXIT_WRONG_INPUT
from tests.support import MINIMAL, meshgen, names_in, snapshot


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB in memory, where we may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a file system is not allowed here")
    except OSError:
        pytest.skip("there is no mount here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def out(disk: Path, tmp_path: Path) -> Path:
    """A bundle on that disk, and a profile that would change it."""
    (tmp_path / "shop.yaml").write_text(MINIMAL)
    assert meshgen("render", tmp_path / "shop.yaml", "-o", disk / "out").code == EXIT_OK
    (tmp_path / "shop.yaml").write_text(MINIMAL.replace("db}", "db, purpose: orders}").replace("9090", "9091"))
    return disk / "out"


def _refused(out: Path, tmp_path: Path, words: str) -> None:
    before = snapshot(out)
    run = meshgen("render", tmp_path / "shop.yaml", "-o", out)
    assert run.code == EXIT_WRONG_INPUT
    assert run.err.startswith("meshgen: ")
    assert words in run.err
    assert "Traceback" not in run.err
    assert snapshot(out) == before


def test_a_full_disk(out: Path, tmp_path: Path) -> None:
    filler = out.parent / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(b"x" * 1_000_000)
    _refused(out, tmp_path, "No space left on device")
    assert names_in(out.parent) == ["filler", "out"], "what was begun is gone"
    filler.unlink()
    assert meshgen("render", tmp_path / "shop.yaml", "-o", out).code == EXIT_OK


def test_a_read_only_disk(out: Path, tmp_path: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(out.parent)], check=True)
    _refused(out, tmp_path, "Read-only file system")
    subprocess.run(["mount", "-o", "remount,rw", str(out.parent)], check=True)
    assert meshgen("render", tmp_path / "shop.yaml", "-o", out).code == EXIT_OK
