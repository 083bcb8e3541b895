"""Writing: the old bundle or the new one, whatever happens, and nobody else's files."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.core.errors import EXIT_WRONG_INPUT, OutputRefused
from generator.output import exchange, writer
from generator.output.record import RECORD
from generator.output.writer import write_bundle
from tests.support import names_in, snapshot

OLD = {"a/one.yaml": b"1\n", "a/two.yaml": b"2\n", "b/three.yaml": b"3\n"}
NEW = {"a/one.yaml": b"1\n", "a/two.yaml": b"two\n", "c/four.yaml": b"4\n"}


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


def _files(folder: Path) -> dict[str, bytes]:
    found = {name: content for name, content in snapshot(folder).items() if isinstance(content, bytes)}
    return {name: content for name, content in found.items() if name != RECORD and not name.endswith("notes.txt")}


def _refused(folder: Path, files: dict[str, bytes] | None = None, **options: bool) -> str:
    before = snapshot(folder.parent)
    with pytest.raises(OutputRefused) as refused:
        write_bundle(folder, "b", NEW if files is None else files, **options)
    assert snapshot(folder.parent) == before, "a refusal changes nothing"
    assert refused.value.exit_code == EXIT_WRONG_INPUT
    return str(refused.value)


def test_a_new_folder(tmp_path: Path) -> None:
    changes = write_bundle(tmp_path / "x" / "y" / "out", "b", OLD)
    assert changes.added == tuple(OLD)
    assert _files(tmp_path / "x" / "y" / "out") == OLD
    assert names_in(tmp_path / "x" / "y") == ["out"]


def test_a_changed_bundle(out: Path) -> None:
    changes = write_bundle(out, "b", NEW)
    assert (changes.added, changes.changed, changes.removed) == (("c/four.yaml",), ("a/two.yaml",), ("b/three.yaml",))
    assert (changes.unchanged, changes.edited, changes.foreign) == (("a/one.yaml",), (), ())
    assert _files(out) == NEW
    assert not (out / "b").exists(), "a folder without files of anybody goes"
    assert write_bundle(out, "b", NEW).is_empty


def test_foreign_files_stay(out: Path) -> None:
    before = snapshot(out)
    write_bundle(out, "b", NEW)
    after = snapshot(out)
    for name in ("notes.txt", "a/deep/er/notes.txt", "link"):
        assert after[name] == before[name]
    write_bundle(out, "b", {})
    assert _files(out) == {}
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
    assert _files(out) == NEW


# --- what is refused ---------------------------------------------------------------------------


def test_edited_files_are_refused(out: Path) -> None:
    (out / "a/two.yaml").write_bytes(b"by hand\n")
    (out / "b/three.yaml").write_bytes(b"by hand\n")
    message = _refused(out)
    assert f"{out}/a/two.yaml: edited by hand" in message
    assert f"{out}/b/three.yaml: edited by hand" in message
    write_bundle(out, "b", NEW, force=True)
    assert _files(out) == NEW


def test_an_edit_that_arrives_at_the_new_content_is_none(out: Path) -> None:
    (out / "a/two.yaml").write_bytes(NEW["a/two.yaml"])
    write_bundle(out, "b", NEW)
    assert _files(out) == NEW


def test_foreign_files_in_the_way_are_refused(out: Path) -> None:
    (out / "c").mkdir()
    (out / "c/four.yaml").write_bytes(b"somebody's\n")
    assert f"{out}/c/four.yaml: is there already" in _refused(out)
    write_bundle(out, "b", NEW, force=True)
    assert _files(out) == NEW


def test_a_folder_of_others_is_not_ours_to_prune(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("one.yaml", "two.yaml"):
        (out / name).write_text("theirs")
    write_bundle(out, "b", OLD)
    write_bundle(out, "b", {})
    assert _files(out) == {"one.yaml": b"theirs", "two.yaml": b"theirs"}


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


# --- what goes wrong on the way ------------------------------------------------------------------

STEPS: list[tuple[Any, str]] = [
    (os, "open"),
    (os, "link"),
    (os, "fsync"),
    (os, "scandir"),
    (os, "mkdir"),
    (Path, "mkdir"),
    (Path, "open"),
    (Path, "chmod"),
    (Path, "glob"),
    (Path, "read_bytes"),
    (writer, "put_in_place"),
    (exchange, "_exchange"),
    (Path, "rename"),
    (tempfile, "mkdtemp"),
]


class _Failing:
    """Lets a function of the system fail at its n-th call, and counts the calls."""

    def __init__(self, real: Callable[..., Any], at: int, error: BaseException) -> None:
        self._real, self._at, self._error = real, at, error
        self.calls = 0

    def __get__(self, owner: object, kind: type | None = None) -> Callable[..., Any]:
        return self if owner is None else lambda *args, **kwargs: self(owner, *args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls == self._at:
            raise self._error
        return self._real(*args, **kwargs)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        PermissionError(errno.EACCES, "Permission denied"),
        OSError(errno.EROFS, "Read-only file system"),
        KeyboardInterrupt(),
    ],
    ids=["full", "denied", "read-only", "interrupted"],
)
@pytest.mark.parametrize("has_exchange", [True, False])
def test_any_failure_leaves_the_old_bundle_or_the_new_one(
    tmp_path: Path, error: BaseException, has_exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_exchange:
        monkeypatch.setattr(exchange, "_exchange", lambda *_: False)
    outcomes: set[str] = set()
    words = str(error.strerror) if isinstance(error, OSError) else ""
    for number, (owner, name) in enumerate(STEPS):
        if name == "_exchange" and not has_exchange:
            continue
        for at in range(1, 30):
            out = tmp_path / f"{number}-{at}" / "out"
            write_bundle(out, "b", OLD)
            (out / "notes.txt").write_text("mine")
            with monkeypatch.context() as patch:
                failing = _Failing(getattr(owner, name), at, error)
                patch.setattr(owner, name, failing)
                try:
                    write_bundle(out, "b", NEW)
                    message = ""
                except (OutputRefused, KeyboardInterrupt) as stopped:
                    message = str(stopped)
                was_reached = failing.calls >= at
            assert not message or words in message
            found = _recovered(out)
            assert found in (OLD, NEW)
            assert (out / "notes.txt").read_text() == "mine"
            outcomes.add("old" if found == OLD else "new")
            write_bundle(out, "b", NEW)
            assert _files(out) == NEW
            assert names_in(out.parent) == ["out"], "the next run clears what a broken one left behind"
            if not was_reached:
                break
        else:
            pytest.fail(f"{name} is called very often")
    assert outcomes == {"old", "new"}


def _recovered(out: Path) -> dict[str, bytes]:
    """Return the bundle that stands there; between two renames (no exchange) it is the one put aside."""
    if not out.exists():
        (aside,) = out.parent.glob(f".out*{exchange.ASIDE}")
        aside.rename(out)
    return _files(out)


def test_a_folder_that_cannot_be_listed_is_no_empty_folder(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("deep"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        with pytest.raises(OutputRefused, match="Permission denied"):
            write_bundle(out, "b", NEW)
    assert _files(out) == OLD


def test_without_hard_links_files_are_copied(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    write_bundle(out, "b", NEW)
    assert _files(out) == NEW
    assert (out / "link").readlink() == Path("notes.txt")


@pytest.mark.parametrize("name", ["out", "[prod]", "a*b", "with space", "-o"])
def test_leftovers_are_cleared_whatever_the_folder_is_called(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    write_bundle(out, "b", OLD)
    (tmp_path / f".{name}.meshgen-killed" / "a").mkdir(parents=True)
    (tmp_path / ".other.meshgen-killed").mkdir()
    write_bundle(out, "b", NEW)
    assert names_in(tmp_path) == sorted([name, ".other.meshgen-killed"])


def test_a_folder_put_aside_by_a_killed_run_comes_back(out: Path) -> None:
    out.rename(out.parent / f".out.meshgen-killed{exchange.ASIDE}")
    write_bundle(out, "b", NEW)
    assert _files(out) == NEW
    assert (out / "notes.txt").read_text() == "mine", "with what was not ours"
    assert names_in(out.parent) == ["out"]


@pytest.mark.parametrize("has_syncfs", [True, False])
def test_many_files_are_flushed_by_one_call_or_each(
    out: Path, has_syncfs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the exchange must not find empty files; which of the two ways depends on the system."""
    flushed: list[int] = []
    real = os.fsync
    monkeypatch.setattr(writer, "_MANY", 1)

    def counted(handle: int) -> None:
        flushed.append(handle)
        real(handle)

    monkeypatch.setattr(os, "fsync", counted)
    if not has_syncfs:
        monkeypatch.setattr(exchange, "_system", lambda: None)
    elif not exchange.flush_file_system(out):
        pytest.skip("there is no syncfs here")
    write_bundle(out, "b", NEW)
    assert _files(out) == NEW
    assert len(flushed) == (0 if has_syncfs else 3), "the two that are new or changed, and the record"
