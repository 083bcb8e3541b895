"""Every command that writes, killed at each step that does: the old content or the new one, and then it works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import MINIMAL, ROOT, meshgen, snapshot

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="signals and forks")

CHANGED = MINIMAL.replace("db}", "db, purpose: orders}").replace("9090", "9091")
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}]}]}
"""
COMMANDS = {
    "render": ("render", "shop.yaml", "-o", "out"),
    "render for make": ("render", "shop.yaml", "-o", "out", "--depfile", "out.d"),
    "picture": ("graph", "shop.yaml", "--format", "svg", "-o", "shop.svg"),
    "baseline": ("check", "policy.yaml", "--fail-on", "never", "--write-baseline", "baseline.json"),
    "init": ("init", "app", "bank", "--force"),
    "recommend": ("recommend", "answers.yaml", "-o", "start.yaml", "--force"),
}
# For each step: a fork that is killed there, in a folder of its own, and another that runs in a copy of what is left.
_DRIVER = """
import os, shutil, signal, sys
import generator.cli.app
from generator.__main__ import main

WRITES = ("os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir", "os.chmod", "ctypes.dlsym", "shutil.rmtree",
          "tempfile.mkdtemp", "tempfile.mkstemp", "os.truncate")
at, seen = 0, 0

def hook(event, arguments):
    global seen
    if event in WRITES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

def forked(folder):
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        try:
            main()
        except SystemExit as ended:
            os._exit(ended.code or 0)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

sys.addaudithook(hook)
above = os.getcwd()
os.chdir(shutil.copytree("start", "wanted"))
try:
    main()  # in this process: so every fork begins with everything loaded
except SystemExit as ended:
    assert not ended.code
os.chdir(above)
for step in range(1, 500):
    killed = shutil.copytree("start", f"killed-{step}")
    at, seen = step, 0
    code = forked(killed)
    at = 0
    again = forked(shutil.copytree(killed, f"again-{step}", symlinks=True))
    print(step, code, again, file=sys.stdout, flush=True)
    if code != -signal.SIGKILL:
        break
"""


def _folder(path: Path) -> Path:
    """Make a folder in which every command has run once, before what it reads changed."""
    path.mkdir()
    (path / "answers.yaml").write_text("mesh: istio\noutsiders: false\nsubject: application\n")
    (path / "policy.yaml").write_text(POLICY)
    (path / "shop.yaml").write_text(MINIMAL)
    before = Path.cwd()
    os.chdir(path)
    try:
        for command in COMMANDS.values():
            assert meshgen(*command).code == 0
    finally:
        os.chdir(before)
    (path / "shop.yaml").write_text(CHANGED)
    (path / "policy.yaml").write_text(POLICY.replace("open", "ajar"))
    (path / "bank.yaml").write_text("mine\n")
    (path / "start.yaml").write_text("mine\n")
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_every_write(name: str, tmp_path: Path) -> None:
    old = snapshot(_folder(tmp_path / "start"))
    command = [sys.executable, "-c", _DRIVER, *COMMANDS[name]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    steps = [[int(word) for word in line.split()] for line in run.stdout.splitlines() if line[0].isdigit()]
    *killed, last = steps
    assert len(killed) > 2
    assert {code for _, code, _ in killed} == {-signal.SIGKILL}
    assert last[1] == 0
    assert {again for _, _, again in steps} == {0}
    new = snapshot(tmp_path / "wanted")
    results = {path.split("/")[0] for path in new if new[path] != old.get(path)}
    assert results, "the command writes something"
    for step, _, _ in steps:
        found = _of_ours(snapshot(tmp_path / f"killed-{step}"))
        for part in {path.split("/")[0] for path in found | new}:
            assert _part(found, part) in (_part(old, part), _part(new, part)), (step, part)
        assert _of_ours(snapshot(tmp_path / f"again-{step}")) == new, f"it works after step {step}"


def _part(found: dict[str, bytes | str], name: str) -> dict[str, bytes | str]:
    return {path: one for path, one in found.items() if path.split("/")[0] == name}


def _of_ours(found: dict[str, bytes | str]) -> dict[str, bytes | str]:
    """Leave out what a killed run may leave behind, under names that nothing else looks at."""
    return {path: one for path, one in found.items() if not path.startswith(".")}
