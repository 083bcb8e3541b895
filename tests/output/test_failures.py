"""Whatever fails on the way, the old bundle stands there or the new one."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.core.errors import OutputRefused
from generator.output import exchange, writer
from generator.output.writer import write_bundle
from tests.output.bundles import NEW, OLD, files_of, recovered
from tests.support import names_in

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
            found = recovered(out)
            assert found in (OLD, NEW)
            assert (out / "notes.txt").read_text() == "mine"
            outcomes.add("old" if found == OLD else "new")
            write_bundle(out, "b", NEW)
            assert files_of(out) == NEW
            assert names_in(out.parent) == ["out"], "the next run clears what a broken one left behind"
            if not was_reached:
                break
        else:
            pytest.fail(f"{name} is called very often")
    assert outcomes == {"old", "new"}


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
    assert files_of(out) == OLD


def test_without_hard_links_files_are_copied(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    write_bundle(out, "b", NEW)
    assert files_of(out) == NEW
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
    assert files_of(out) == NEW
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
    assert files_of(out) == NEW
    assert len(flushed) == (0 if has_syncfs else 3), "the two that are new or changed, and the record"
