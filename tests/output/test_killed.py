"""A render that is killed at any step leaves the old bundle or the new one, and the next one works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from generator.output.writer import write_bundle
from tests.output.bundles import NEW, OLD, recovered
from tests.support import ROOT, names_in

# Kills the process at the n-th event of the interpreter that touches files.
_CHILD = """
import os, signal, sys
from pathlib import Path
from generator.output import exchange, writer

at, has_exchange = int(sys.argv[1]), sys.argv[2] == "True"
if not has_exchange:
    exchange._exchange = lambda *_: False
seen = 0
files = {"a/one.yaml": b"1\\n", "a/two.yaml": b"two\\n", "c/four.yaml": b"4\\n"}

def hook(event, arguments):
    global seen
    if event in ("open", "os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir", "os.chmod", "ctypes.dlsym",
                 "shutil.rmtree", "tempfile.mkdtemp", "os.listdir", "os.scandir"):
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

out = Path(sys.argv[3])
sys.addaudithook(hook)
writer.write_bundle(out, "b", files)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("has_exchange", [True, False])
def test_killed_at_every_step(tmp_path: Path, has_exchange: bool) -> None:
    outcomes = []
    for start in range(1, 200, 8):
        runs = []
        for at in range(start, start + 8):
            out = tmp_path / str(at) / "out"
            write_bundle(out, "b", OLD)
            (out / "notes.txt").write_text("mine")
            command = [sys.executable, "-c", _CHILD, str(at), str(has_exchange), str(out)]
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
            runs.append((out, subprocess.Popen(command, env=environment)))
        for out, child in runs:
            code = child.wait()
            assert code in (0, -signal.SIGKILL)
            found = recovered(out)
            assert found in (OLD, NEW)
            assert (out / "notes.txt").read_text() == "mine"
            outcomes.append((code, "old" if found == OLD else "new"))
            write_bundle(out, "b", NEW)
            assert names_in(out.parent) == ["out"]
        if outcomes[-1][0] == 0:
            break
    killed = [bundle for code, bundle in outcomes if code]
    assert killed == sorted(killed, reverse=True), "first the old bundle, from some step on the new one"
    assert set(killed) == {"old", "new"}
    assert outcomes[-1] == (0, "new")


@pytest.mark.skipif(os.name != "posix", reason="locks")
def test_two_at_once(tmp_path: Path) -> None:
    """Several processes render different bundles into one folder: whoever is last wins, as a whole."""
    out = tmp_path / "out"
    code = """
import sys
from pathlib import Path
from generator.output.writer import write_bundle
for round in range(25):
    write_bundle(Path(sys.argv[1]), "b", {f"{n}.yaml": sys.argv[2].encode() for n in range(int(sys.argv[2]))})
"""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(out), str(count)], env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        for count in (2, 4, 6)
    ]
    assert [child.wait() for child in children] == [0, 0, 0]
    contents = {path.read_text() for path in out.glob("*.yaml")}
    assert len(contents) == 1
    assert len(list(out.glob("*.yaml"))) == int(contents.pop())
    assert names_in(tmp_path) == ["out"]
