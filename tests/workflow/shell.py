"""A folder as a user has it, and programs that stand in for a service: what they were asked is written down."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support import MINIMAL, ROOT, meshgen

OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - from: []
      ports: [{port: 5432}]
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git as nobody in particular, whatever the machine's settings."""
    command = [
        "git",
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.com",
        "-c",
        "init.defaultBranch=main",
        *arguments,
    ]
    variables = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def project(folder: Path) -> str:
    """Make a repository with a profile and its fresh bundle; return the commit."""
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "shop.yaml").write_text(MINIMAL, "utf-8")
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert meshgen("render", "policies", "-o", "deploy/policies").code == 0
    finally:
        os.chdir(before)
    return committed(folder)


def committed(folder: Path) -> str:
    """Commit everything in *folder*; return the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")
    return git(folder, "rev-parse", "HEAD")


def run(
    script: str, folder: Path, variables: Mapping[str, str], *, program: str = "bash"
) -> subprocess.CompletedProcess[str]:
    """Run *script* as a runner of pipelines does: it stops at the first command that fails."""
    path = f"{folder.parent / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    options = ["--noprofile", "--norc", "-eo", "pipefail", "-c"] if program == "bash" else ["-ec"]
    return subprocess.run(
        [program, *options, script],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder.parent), "LC_ALL": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def stand_in(folder: Path, name: str, script: str) -> None:
    """Put a program *name* on the path of `run`."""
    (folder.parent / "bin").mkdir(exist_ok=True)
    program = folder.parent / "bin" / name
    program.write_text(script, "utf-8")
    program.chmod(0o755)


__all__ = ["OPEN", "ROOT", "committed", "git", "project", "run", "stand_in"]
