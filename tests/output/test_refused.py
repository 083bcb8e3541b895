"""What is not written to: edits by hand, files of others, links, folders in use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator.core.errors import EXIT_WRONG_INPUT, OutputRefused
from generator.output.record import RECORD
from generator.output.writer import write_bundle
from tests.output.bundles import NEW, OLD, files_of
from tests.support import snapshot


def _refused(folder: Path, files: dict[str, bytes] | None = None, **options: bool) -> str:
    before = snapshot(folder.parent)
    with pytest.raises(OutputRefused) as refused:
        write_bundle(folder, "b", NEW if files is None else files, **options)
    assert snapshot(folder.parent) == before, "a refusal changes nothing"
    assert refused.value.exit_code == EXIT_WRONG_INPUT
    return str(refused.value)


def test_edited_files_are_refused(out: Path) -> None:
    (out / "a/two.yaml").write_bytes(b"by hand\n")
    (out / "b/three.yaml").write_bytes(b"by hand\n")
    message = _refused(out)
    assert f"{out}/a/two.yaml: edited by hand" in message
    assert f"{out}/b/three.yaml: edited by hand" in message
    write_bundle(out, "b", NEW, force=True)
    assert files_of(out) == NEW


def test_an_edit_that_arrives_at_the_new_content_is_none(out: Path) -> None:
    (out / "a/two.yaml").write_bytes(NEW["a/two.yaml"])
    write_bundle(out, "b", NEW)
    assert files_of(out) == NEW


def test_foreign_files_in_the_way_are_refused(out: Path) -> None:
    (out / "c").mkdir()
    (out / "c/four.yaml").write_bytes(b"somebody's\n")
    assert f"{out}/c/four.yaml: is there already" in _refused(out)
    write_bundle(out, "b", NEW, force=True)
    assert files_of(out) == NEW


def test_a_folder_of_others_is_not_ours_to_prune(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("one.yaml", "two.yaml"):
        (out / name).write_text("theirs")
    write_bundle(out, "b", OLD)
    write_bundle(out, "b", {})
    assert files_of(out) == {"one.yaml": b"theirs", "two.yaml": b"theirs"}


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("link", ["a/two.yaml", "a/one.yaml", "a", "c", "", "b", RECORD])
def test_links_are_refused(out: Path, tmp_path: Path, link: str, forced: bool) -> None:
    outside = tmp_path / "outside"
    place = out / link
    if place.exists():
        place.rename(outside)
    else:
        outside.mkdir()
    place.symlink_to(outside)
    assert "symbolic link" in _refused(out, force=forced)


def test_a_dangling_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    assert "symbolic link" in _refused(tmp_path / "out")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_where_the_folder_goes(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    assert str(tmp_path / "out") in _refused(tmp_path / "out")
    assert str(tmp_path / "out") in _refused(tmp_path / "out" / "below")


def test_a_file_where_a_folder_goes_and_the_reverse(out: Path) -> None:
    (out / "c").write_text("a file")
    _refused(out)
    (out / "c").unlink()
    (out / "c" / "four.yaml").mkdir(parents=True)
    assert "cannot be read" in _refused(out)


@pytest.mark.parametrize(
    "record",
    [
        *(b"", b"{", b"[]", b"{}", b'{"files": 5}', b'{"files": {"a": 1}}', b"\xff", b"null", b"[" * 100_000),
        *(b'{"files": {"../escape": "00"}}', b'{"files": {"/etc/hostname": "00"}}', b'{"files": {"a/../../b": "00"}}'),
    ],
)
def test_a_corrupt_record_is_refused(out: Path, record: bytes) -> None:
    (out / RECORD).write_bytes(record)
    message = _refused(out)
    assert str(out / RECORD) in message
    assert "delete it" in message


@pytest.mark.parametrize("inside", ["", "a", "a/deep/er"])
def test_nobody_saws_off_the_branch_he_sits_on(out: Path, inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(out / inside)
    assert "is the folder you are in" in _refused(out)
    assert "is the folder you are in" in _refused(Path(os.path.relpath(out)))


def test_a_mount_point_is_refused(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == out / "a" / "deep")
    assert "is a mount point" in _refused(out)
