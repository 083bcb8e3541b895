"""The difference between a folder and a bundle, told before anything is touched."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from generator import __version__
from generator.output.compare import compare, unified_diff
from generator.output.record import RECORD, read_record, record_text
from generator.output.writer import write_bundle

FILES = {"a.yaml": b"one\ntwo\n", "b/c.yaml": b"three\n"}


def _difference(folder: Path, files: dict[str, bytes]) -> str:
    return "".join(unified_diff(folder, files, compare(folder, files)))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    changes = compare(folder, FILES)
    assert (changes.added, changes.is_empty) == (("a.yaml", "b/c.yaml"), False)
    assert not folder.exists()
    assert _difference(folder, FILES).startswith(f"--- /dev/null\n+++ {folder / 'a.yaml'} (rendered)\n@@ ")


def test_every_sort_of_difference(tmp_path: Path) -> None:
    write_bundle(tmp_path / "out", "b", {**FILES, "old.yaml": b"old\n"})
    (tmp_path / "out" / "a.yaml").write_bytes(b"one\nby hand")
    changes = compare(tmp_path / "out", {**FILES, "new.yaml": b"new\n"})
    assert changes.added == ("new.yaml",)
    assert changes.changed == changes.edited == ("a.yaml",)
    assert changes.removed == ("old.yaml",)
    assert changes.unchanged == ("b/c.yaml",)
    text = _difference(tmp_path / "out", {**FILES, "new.yaml": b"new\n"})
    assert "-by hand\n\\ No newline at end of file\n+two\n" in text
    assert "-old\n" in text
    assert "+new\n" in text
    assert all(line[0] in "-+@ \\" for line in text.splitlines())


def test_no_difference(tmp_path: Path) -> None:
    write_bundle(tmp_path / "out", "b", FILES)
    assert compare(tmp_path / "out", FILES).is_empty
    assert _difference(tmp_path / "out", FILES) == ""


def test_content_that_is_no_text(tmp_path: Path) -> None:
    write_bundle(tmp_path / "out", "b", FILES)
    (tmp_path / "out" / "a.yaml").write_bytes(b"\xff\x00")
    assert "\ufffd" in _difference(tmp_path / "out", FILES)


def test_the_record(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    (tmp_path / RECORD).write_bytes(record_text("shop", FILES))
    wanted = {path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()}
    assert read_record(tmp_path) == wanted
    data = json.loads((tmp_path / RECORD).read_text())
    assert (data["bundle"], data["version"], list(data["files"])) == ("shop", __version__, sorted(FILES))


def test_the_record_does_not_depend_on_order() -> None:
    assert record_text("b", FILES) == record_text("b", dict(reversed(FILES.items())))


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\\..\\x"])
def test_a_record_cannot_name_what_lies_outside(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "x"
    secret.write_text("secret")
    out = tmp_path / "out"
    out.mkdir()
    (out / RECORD).write_text(json.dumps({"files": {name: "00"}}))
    with pytest.raises(Exception, match="leads out of the folder"):
        _difference(out, FILES)
