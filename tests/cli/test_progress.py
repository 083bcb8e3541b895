"""A line for whoever waits at a terminal: shown late, gone in the end, and for nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import MINIMAL, ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="terminals and timers")

# The work waits until the line was drawn twice, so that nobody has to guess how long that takes.
_SLOW = """
import os, signal, sys
from generator import pipeline
from generator.cli import progress
from generator.__main__ import main

progress.PATIENCE, progress._EVERY = float(sys.argv.pop(1)), 0.01
drawn, real, quickly = [], os.write, pipeline.render
os.write = lambda handle, text: (drawn.append(text), real(handle, text))[1]

def slowly(request):
    while is_slow and len(drawn) < 2:
        signal.sigtimedwait([], 0.01)
    return quickly(request)

is_slow = sys.argv.pop(1) == "slow"
pipeline.render = slowly
main()
"""


def _at_a_terminal(folder: Path, *arguments: str, slow: bool, **environment: str) -> tuple[str, bytes]:
    """Return what a terminal at standard error is sent, and what comes on standard output."""
    pty = pytest.importorskip("pty")
    (folder / "shop.yaml").write_text(MINIMAL)
    main, child = pty.openpty()
    command = [sys.executable, "-c", _SLOW, "0.01" if slow else "1000", "slow" if slow else "quick", *arguments]
    base = {key: value for key, value in os.environ.items() if key not in ("CI", "TERM", "NO_COLOR")}
    known = {**base, "TERM": "xterm", "PYTHONPATH": str(ROOT), **environment}
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=child, env=known, cwd=folder)
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
    assert run.wait() == 0
    return shown.decode(), printed


def test_shown_while_it_lasts_and_then_gone(tmp_path: Path) -> None:
    shown, printed = _at_a_terminal(tmp_path, "render", "shop.yaml", "-o", "-", slow=True, NO_COLOR="1")
    lines = shown.split("\r")
    assert lines[1].startswith("meshgen: rendering and proving, ")
    assert lines[-2].strip(" ") == "", "it is written over"
    assert len(lines[-2]) == max(map(len, lines))
    assert lines[-1] == ""
    assert "\x1b" not in shown
    assert printed.startswith(b"# ")
    assert b"rendering" not in printed


def test_messages_stand_on_a_line_of_their_own(tmp_path: Path) -> None:
    shown, _ = _at_a_terminal(tmp_path, "render", "shop.yaml", "-o", "out", slow=True)
    assert shown.rsplit("\r", 2)[-2].endswith("out: 16 files, 16 new")


def test_not_for_work_that_is_done_at_once(tmp_path: Path) -> None:
    shown, _ = _at_a_terminal(tmp_path, "render", "shop.yaml", "-o", "-", slow=False)
    assert shown == ""


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"CI": "true"}], ids=str)
def test_not_where_nobody_watches(tmp_path: Path, environment: dict[str, str]) -> None:
    shown, _ = _at_a_terminal(tmp_path, "render", "shop.yaml", "-o", "-", slow=False, **environment)
    assert shown == ""


def test_not_into_a_pipe(tmp_path: Path) -> None:
    code = _SLOW.replace("while is_slow and", "for _ in range(20) if")
    code = code.replace("for _ in range(20) if len(drawn) < 2:", "for _ in range(20):")
    (tmp_path / "shop.yaml").write_text(MINIMAL)
    run = subprocess.run(
        [sys.executable, "-c", code, "0.01", "slow", "render", "shop.yaml", "-o", "-"],
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
