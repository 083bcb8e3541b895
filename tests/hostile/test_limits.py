"""Every limit has a message with the place, the bound and the cure; the input beyond it does no harm."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from generator.core.errors import EXIT_WRONG_INPUT
from tests.support import MINIMAL, ROOT, meshgen

_LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
_NESTED = "a: " + "[" * 100 + "]" * 100 + "\n"

LIMITS = {
    "size": (
        "# " + "x" * 5_000_000 + "\n",
        "1:1: error[MG005]: the file has more than 5,000,000 characters",
        "split it",
    ),
    "aliases": (
        _LAUGHS,
        "error[MG005]: more than 500,000 values, counting aliases as often as they are used",
        "smaller",
    ),
    "values": ("- 1\n" * 500_001, "500000:3: error[MG005]: more than 500,000 values", "fewer, smaller pieces"),
    "documents": ("--- a\n" * 10_001, "10001:5: error[MG005]: more than 10,000 documents in one file", ""),
    "recursion": (_NESTED, "1:64: error[MG005]: nested more than 60 levels deep", "write it flatter"),
    "endless alias": ("a: &a {b: *a}\n", "1:11: error[MG002]: the alias *a has no anchor &a before it", ""),
}


@pytest.mark.parametrize("verb", ["render", "verify"])
@pytest.mark.parametrize("name", LIMITS)
def test_of_profiles(name: str, verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, message, fix = LIMITS[name]
    (tmp_path / "p.yaml").write_text(text)
    run = meshgen(verb, "p.yaml")
    assert run.code == EXIT_WRONG_INPUT
    assert "p.yaml:" in run.err
    assert message in run.err
    assert fix in run.err


@pytest.mark.parametrize("name", LIMITS)
def test_of_environments(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, message, _ = LIMITS[name]
    (tmp_path / "env.yaml").write_text(text)
    (tmp_path / "p.yaml").write_text(MINIMAL.replace("kind\n", "./env.yaml\n"))
    run = meshgen("render", "p.yaml")
    assert run.code == EXIT_WRONG_INPUT
    assert "env.yaml:" in run.err
    assert message in run.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_LAUGHS, "error[MG005]: more than 100,000 values, counting aliases as often as they are used"),
        ("a: " + "[" * 300 + "]" * 300, "1:204: error[MG005]: nested more than 200 levels deep"),
    ],
)
def test_of_anybodys_yaml(text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text(text)
    run = meshgen("check", "m.yaml")
    assert run.code == 1
    assert message in run.out
    for verb in (("why", "a", "b:80", "-f", "m.yaml"), ("graph", "m.yaml"), ("diff", "m.yaml", "m.yaml")):
        run = meshgen(*verb)
        assert run.code == EXIT_WRONG_INPUT
        assert message in run.err


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "m.yaml").open("wb") as file:
        file.truncate(200_000_000)  # a hole, not bytes
    run = meshgen("check", "m.yaml")
    assert "m.yaml:1:1: error[MG005]: the file has 200,000,000 bytes; at most 100,000,000 are read" in run.out
    assert "fix: split it into several files" in run.out


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero")
@pytest.mark.parametrize(
    "arguments",
    [
        ("render", "/dev/zero"),
        ("render", "p.yaml"),
        ("check", "/dev/zero"),
        ("check", "-"),
        ("check", "p.yaml", "--baseline", "/dev/zero"),
        ("why", "a", "b:80", "-f", "/dev/zero"),
        ("schema", "import", "/dev/zero", "-o", "schemas"),
    ],
    ids=" ".join,
)
def test_a_file_without_end_is_not_read_to_its_end(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(MINIMAL.replace("kind\n", "/dev/zero\n"))
    run = subprocess.run(
        [sys.executable, "-m", "generator", *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        stdin=Path("/dev/zero").open("rb"),  # noqa: SIM115
        preexec_fn=_with_a_gigabyte,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode in (1, 2), run.stderr
    assert "error[MG00" in run.stdout + run.stderr or "error[MG046]" in run.stderr
    assert "Traceback" not in run.stderr


def _with_a_gigabyte() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
