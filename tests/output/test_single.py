"""One file that somebody named: whole or as it was, through links, never over what must not be written."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from generator.core.errors import OutputRefused
from generator.output import single
from generator.output.single import write_file
from tests.support import ROOT, names_in, snapshot


def test_new_and_again(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    write_file(path, "ä\n")
    assert path.read_bytes() == "ä\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~single._umask()
    path.chmod(0o640)
    write_file(path, "two\n")
    assert path.read_text() == "two\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names_in(tmp_path) == ["a.svg"]


def test_what_is_there_is_kept_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("mine")
    with pytest.raises(OutputRefused, match=r"a.yaml: is there already; take care"):
        write_file(path, "x", is_new=True, cure="take care")
    (tmp_path / "nowhere").symlink_to("gone.yaml")
    with pytest.raises(OutputRefused, match="nowhere: is there already"):
        write_file(tmp_path / "nowhere", "x", is_new=True)
    assert snapshot(tmp_path) == {"a.yaml": b"mine", "nowhere": "-> gone.yaml"}


def test_one_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    monkeypatch.setattr("generator.output.single.os.fsync", lambda _: path.write_text("theirs"))
    with pytest.raises(OutputRefused, match="is there already"):
        write_file(path, "ours", is_new=True)
    assert snapshot(tmp_path) == {"a.yaml": b"theirs"}


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.svg").write_text("old")
    (tmp_path / "link.svg").symlink_to("real/a.svg")
    write_file(tmp_path / "link.svg", "new")
    assert snapshot(tmp_path) == {"link.svg": "-> real/a.svg", "real": "folder", "real/a.svg": b"new"}


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from generator.output.single import write_file;"
        "write_file(Path('/dev/stdout'), 'a\\n')"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "a\n"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputRefused, match="cannot be written: Is a directory"):
        write_file(tmp_path, "x")
    with pytest.raises(OutputRefused, match=r"gone/a: cannot be written: No such file or directory"):
        write_file(tmp_path / "gone" / "a", "x")
    assert names_in(tmp_path) == []


def test_a_read_only_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.svg"
    path.write_text("old")
    path.chmod(0o444)
    # Root may write everything; the answer that everybody else gets is given here.
    monkeypatch.setattr("generator.output.single.os.access", lambda name, _: Path(name).stat().st_mode & 0o200 != 0)
    with pytest.raises(OutputRefused, match=r"a.svg: cannot be written: Permission denied"):
        write_file(path, "new")
    assert snapshot(tmp_path) == {"a.svg": b"old"}


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.svg").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("generator.output.single.os.fsync", full)
    with pytest.raises(OutputRefused, match=r"a.svg: cannot be written: No space left on device"):
        write_file(tmp_path / "a.svg", "new")
    assert snapshot(tmp_path) == {"a.svg": b"old"}
