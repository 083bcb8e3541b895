"""The command as a process: signals, pipes, terminals, encodings, and errors that nobody foresaw."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator import __main__, __version__
from generator.cli import terminal
from generator.core.errors import EXIT_BROKEN_PIPE, EXIT_INTERRUPTED, EXIT_OUR_BUG, EXIT_WRONG_INPUT
from tests.support import MINIMAL, ROOT, meshgen

COMMAND = [sys.executable, "-m", "generator"]
WRONG = MINIMAL.replace("to: api", "to: apu")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "shop.yaml").write_text(MINIMAL)
    (tmp_path / "wrong.yaml").write_text(WRONG)
    return tmp_path


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_interrupted(here: Path) -> None:
    # The child interrupts itself at the moment it waits for its input, so nobody has to guess when that is.
    code = """
import os, signal, sys
from generator.__main__ import main
class Waiting:
    def read(self, size=-1):
        os.kill(os.getpid(), signal.SIGINT)
        while True:
            signal.pause()
class Input:
    buffer = Waiting()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so do its children
sys.stdin = Input()
sys.argv = ["meshgen", "render", "-", "-o", "out"]
main()
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == EXIT_INTERRUPTED
    assert "Traceback" not in run.stderr
    assert not (here / "out").exists()


@pytest.mark.skipif(os.name != "posix", reason="pipes")
@pytest.mark.parametrize(
    "arguments", [["render", "shop.yaml", "-o", "-"], ["render", "shop.yaml", "--check"], ["profiles"]]
)
def test_a_reader_that_goes_away(arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        run = subprocess.run([*COMMAND, *arguments], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(write)
    assert run.returncode == EXIT_BROKEN_PIPE
    assert "Traceback" not in run.stderr
    assert "Exception ignored" not in run.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_what_is_printed_is_utf_8_whatever_the_terminal_speaks(
    here: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MINIMAL.replace("{from: web, to: api}", "{from: web, to: api, purpose: Grüße 😀}")
    (here / "shop.yaml").write_text(text, "utf-8")
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    run = subprocess.run([*COMMAND, "render", "shop.yaml", "-o", "-"], capture_output=True, check=False)
    assert run.returncode == 0
    assert "Grüße 😀" in run.stdout.decode("utf-8")
    checked = subprocess.run([*COMMAND, "render", "shop.yaml", "--check"], capture_output=True, check=False)
    assert checked.returncode == 1
    assert b"Traceback" not in checked.stderr


def _at_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """Run the command with a terminal as its standard error, and return what it shows there."""
    pty = pytest.importorskip("pty")
    main, child = pty.openpty()
    run = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=child, env={**os.environ, **environment}
    )
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(main, 1024)
        except OSError:  # how Linux says that the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(main)
    assert run.stdout is not None
    printed = run.stdout.read()
    run.stdout.close()
    assert run.wait() == EXIT_WRONG_INPUT
    assert printed == b""
    return shown.decode()


def test_colour_only_where_it_is_wanted() -> None:
    assert "\x1b[31merror[MG020]\x1b[0m" in _at_a_terminal(["render", "wrong.yaml"], {"TERM": "xterm"})
    for environment in ({"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}):
        assert "\x1b" not in _at_a_terminal(["render", "wrong.yaml"], environment)


def test_no_colour_in_pipes() -> None:
    for arguments in (["render", "wrong.yaml"], ["--help"], ["render", "--help"], ["render"], ["nope"], ["profiles"]):
        run = subprocess.run([*COMMAND, *arguments], capture_output=True, check=False)
        assert b"\x1b" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("environment", "is_terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_who_wants_colour(
    environment: dict[str, str], is_terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    assert terminal.wants_colour(sys.stderr) is expected


def _main(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["meshgen", *arguments])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    return ended.value.code


def _fail(*_: object, **__: object) -> None:
    raise LookupError("unforeseen")


@pytest.mark.parametrize("where", ["generator.pipeline.render", "generator.output.writer.write_bundle"])
def test_our_own_bug(
    here: Path, where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(where, _fail)
    assert _main("render", "shop.yaml", monkeypatch=monkeypatch) == EXIT_OUR_BUG
    shown = capsys.readouterr().err
    assert "LookupError: unforeseen" in shown
    assert f"This is a bug in meshgen (LookupError). Please report the text above. meshgen {__version__}" in shown
    assert not (here / "out").exists()


def test_a_bundled_template_that_fails_is_our_bug_too(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., object] = __import__("generator.render.render", fromlist=["x"]).bundled
    broken = here / "templates"
    broken.mkdir()
    monkeypatch.setattr("generator.render.render.bundled", lambda kind: broken if kind == "templates" else real(kind))
    run = meshgen("render", "shop.yaml")
    assert run.code == EXIT_OUR_BUG
    assert "there is no template" in run.err
    assert not (here / "out").exists()


def test_versions_and_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["meshgen", "--version"])
    __main__.main()
    assert capsys.readouterr().out == f"meshgen {__version__}\n"
    assert meshgen("-V").out == f"meshgen {__version__}\n"
    for arguments in (["--help"], ["-h"], ["render", "-h"], ["init", "--help"], ["schema", "--help"]):
        run = meshgen(*arguments)
        assert (run.code, run.err) == (0, "")
        assert "Usage" in run.out
    assert meshgen("nope").code == EXIT_WRONG_INPUT


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_kill_while_writing_is_not_answered_with_a_half_bundle(here: Path) -> None:
    code = """
import os, signal, sys
from generator.__main__ import main
from generator.output import writer
writer.put_in_place = lambda *_: os.kill(os.getpid(), signal.SIGTERM)
sys.argv = ["meshgen", "render", "shop.yaml", "-o", "out"]
main()
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert run.returncode == -signal.SIGTERM
    assert not (here / "out").exists()
    assert meshgen("render", "shop.yaml", "-o", "out").code == 0
    assert sorted(path.name for path in here.iterdir()) == ["out", "shop.yaml", "wrong.yaml"]
