"""Compiled templates are kept for the user alone, and never make a difference but in time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator.templating import compiled
from generator.templating.engine import TemplateEngine
from generator.templating.quoting import finalize

TEMPLATE = "{{ word }} {{ value }}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.j2").write_text(TEMPLATE)
    return tmp_path


def _rendered(home: Path) -> str:
    return TemplateEngine([home / "templates"], finalize).render("a.j2", {"word": "yes", "value": 1})


def _kept(home: Path) -> list[Path]:
    return sorted((home / "cache" / "meshgen").glob("*"))


def test_a_template_is_compiled_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _rendered(home) == '"yes" 1\n'
    assert len(_kept(home)) == 1
    monkeypatch.setattr("jinja2.Environment._compile", lambda *_: pytest.fail("compiled again"))
    assert _rendered(home) == '"yes" 1\n'


def test_a_changed_template_is_compiled_again(home: Path) -> None:
    _rendered(home)
    (home / "templates" / "a.j2").write_text("changed\n")
    assert _rendered(home) == "changed\n"


@pytest.mark.parametrize("damage", [b"", b"j2", b"\x80\x04garbage", None])
def test_a_damaged_entry_is_made_anew(home: Path, damage: bytes | None) -> None:
    _rendered(home)
    (entry,) = _kept(home)
    content = entry.read_bytes()
    entry.write_bytes(content[:-20] if damage is None else damage)
    assert _rendered(home) == '"yes" 1\n'
    assert entry.read_bytes() == content


def test_a_folder_that_others_may_enter_is_not_used(home: Path) -> None:
    (home / "cache" / "meshgen").mkdir(parents=True)
    (home / "cache" / "meshgen").chmod(0o750)
    assert _rendered(home) == '"yes" 1\n'
    assert _kept(home) == []


def test_a_link_is_not_followed(home: Path) -> None:
    (home / "elsewhere").mkdir(mode=0o700)
    (home / "cache").mkdir()
    (home / "cache" / "meshgen").symlink_to(home / "elsewhere")
    assert _rendered(home) == '"yes" 1\n'
    assert list((home / "elsewhere").iterdir()) == []


def test_somebody_elses_folder_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert _rendered(home) == '"yes" 1\n'
    assert _kept(home) == []


@pytest.mark.parametrize("base", ["/dev/null/nowhere", "relative", "/proc/nowhere"])
def test_no_place_to_keep_anything(home: Path, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    assert _rendered(home) == '"yes" 1\n'


def test_no_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "")
    assert _rendered(home) == '"yes" 1\n'


def test_a_full_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    assert _rendered(home) == '"yes" 1\n'
    assert _kept(home) == []


def test_old_entries_do_not_pile_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_MOST", 3)
    for number in range(10):
        (home / "templates" / "a.j2").rename(home / "templates" / "b.j2")
        (home / "templates").rename(home / f"templates-{number}")
        TemplateEngine([home / f"templates-{number}"], finalize).render("b.j2", {"word": "yes", "value": 1})
        (home / f"templates-{number}").rename(home / "templates")
        (home / "templates" / "b.j2").rename(home / "templates" / "a.j2")
    assert 1 <= len(_kept(home)) <= 3
