"""The commands for a cluster parse, speak of verbs that exist, and of none that Istio has dropped."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from generator.cli.app import app
from tests.docs.session import ROOT, blocks

TEXT = (ROOT / "docs" / "verifying.md").read_text("utf-8")
COMMANDS = [block.body for block in blocks(TEXT) if block.language == "sh"]
GONE = ("authn tls-check", "experimental authz", "x authz convert", "kube-inject")
"""Removed from istioctl, or about to be."""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("body", COMMANDS)
def test_commands_parse(body: str) -> None:
    done = subprocess.run(["bash", "-n"], input=body, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_verbs_of_meshgen_exist() -> None:
    verbs = {one.name or one.callback.__name__ for one in app.registered_commands if one.callback}
    asked = {verb for body in COMMANDS for verb in re.findall(r"^meshgen (\S+)", body, re.MULTILINE)}
    assert asked
    assert asked <= verbs


def test_no_command_is_one_that_is_gone() -> None:
    assert COMMANDS
    assert not [word for body in COMMANDS for word in GONE if word in body]
