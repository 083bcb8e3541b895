"""What is not remembered, and a memory that is damaged, of somebody else, full or switched off."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.core.errors import EXIT_OK, EXIT_WRONG_INPUT
from generator.output import proven
from tests.output.proven.command import WORDS, Meshgen, kept
from tests.support import MINIMAL


@pytest.mark.parametrize("words", [["-", "-o", "out"], ["policies/shop.yaml", "-o", "-"]], ids=" ".join)
def test_streams_are_not_remembered(
    here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MINIMAL.encode())))
        assert meshgen(*words, "--env", "kind") == EXIT_OK
    assert meshgen.renders == 2
    assert kept(here) == []


def test_mistakes_are_not_remembered(here: Path, meshgen: Meshgen) -> None:
    (here / "policies" / "shop.yaml").write_text(MINIMAL.replace("to: api", "to: apu"))
    for _ in range(2):
        assert meshgen("policies/shop.yaml") == EXIT_WRONG_INPUT
        assert "MG020" in meshgen.said
    assert kept(here) == []


def test_names_that_nobody_vouches_for(here: Path, meshgen: Meshgen) -> None:
    (here / "a\tb.yaml").write_text(MINIMAL)
    (here / "policies" / "link.yaml").symlink_to(here / "a\tb.yaml")
    for name in ("a\tb.yaml", "policies/link.yaml"):
        assert meshgen(name, "-o", "out") == EXIT_OK
    assert kept(here) == []


@pytest.mark.parametrize("damage", ["cut", "empty", "longer", "edited", "readable", "link", "folder", "pipe"])
def test_a_memory_that_is_not_what_was_kept(here: Path, meshgen: Meshgen, damage: str) -> None:
    meshgen(*WORDS)
    (path,) = kept(here)
    content = path.read_bytes()
    new = {
        "cut": content[: len(content) // 2],
        "empty": b"",
        "longer": content + b"\n",
        "edited": content.replace(b"out/policies", b"out/policiez"),
    }
    if damage in new:
        path.write_bytes(new[damage])
    elif damage == "readable":
        path.chmod(0o640)
    else:
        path.rename(here / "kept")
        make: dict[str, Callable[[], None]] = {
            "link": lambda: path.symlink_to(here / "kept"),
            "folder": path.mkdir,
            "pipe": lambda: os.mkfifo(path),
        }
        make[damage]()
    assert meshgen(*WORDS) == EXIT_OK
    assert meshgen.said == "out/policies: 33 files, unchanged\n"
    assert meshgen.renders == 2


@pytest.mark.parametrize("mode", [0o750, 0o707, 0o777])
def test_a_folder_that_others_may_enter(here: Path, meshgen: Meshgen, mode: int) -> None:
    meshgen(*WORDS)
    for folder in (here.parent / "cache" / "meshgen", here.parent / "cache" / "meshgen" / "proven"):
        folder.chmod(mode)
        meshgen(*WORDS)
        folder.chmod(0o700)
    assert meshgen.renders == 3


def test_somebody_elses_folder(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    meshgen(*WORDS)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    meshgen(*WORDS)
    assert meshgen.renders == 2


@pytest.mark.parametrize("base", ["/dev/null/nowhere", "relative", "/proc/nowhere"])
def test_no_place_to_keep_anything(meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    for _ in range(2):
        assert meshgen(*WORDS) == EXIT_OK
    assert meshgen.renders == 2


def test_switched_off(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    meshgen(*WORDS)
    monkeypatch.setenv("MESHGEN_NO_CACHE", "1")
    before = kept(here)
    meshgen(*WORDS)
    assert meshgen.renders == 2
    assert kept(here) == before


def test_a_full_disk(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert meshgen("policies", "--env", "kind") == EXIT_OK
    assert kept(here) == []


def test_old_ones_do_not_pile_up(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proven, "_MOST", 2)
    for number in range(4):
        meshgen("policies/shop.yaml", "--env", "kind", "-o", f"out-{number}")
    assert len(kept(here)) == 2
    meshgen("policies/shop.yaml", "--env", "kind", "-o", "out-3")
    assert meshgen.renders == 4
