"""The manual page is fresh, complete, and read without complaint by those who show such pages."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import typer

from generator.cli.app import app
from tests import manual
from tests.support import meshgen


def test_it_is_fresh() -> None:
    assert manual.PAGE.read_text("utf-8") == manual.page(), "`make refresh` renews it"


def test_every_verb_and_option_is_in_it() -> None:
    text = manual.page().replace("\\-", "-")
    commands = getattr(typer.main.get_command(app), "commands")  # noqa: B009  (typer may bring a click of its own)
    assert len(commands) > 10
    for name, command in commands.items():
        section = text.split(f'.SS "meshgen {name}', 1)[1].split("\n.S", 1)[0]
        shown = set(re.findall(r"(?<!\S)(--[a-z][-a-z]+)", meshgen(name, "--help").out)) - {"--help"}
        for option in shown:
            assert option in section
        assert "<" not in section, f"{name}: a parameter has no word for its value"
        assert command.help.split()[0] in section


@pytest.mark.parametrize(
    "command",
    [("mandoc", "-T", "lint", "-W", "warning"), ("groff", "-man", "-Tutf8", "-ww", "-z")],
    ids=lambda one: one[0],
)
def test_readers_have_no_complaint(command: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} on this machine")
    run = subprocess.run([*command, manual.PAGE], capture_output=True, text=True, check=False)
    complaints = [line for line in (run.stdout + run.stderr).splitlines() if "missing date" not in line]  # it has none
    assert complaints == []


def test_as_people_see_it() -> None:
    if shutil.which("groff") is None:
        pytest.skip("there is no groff on this machine")
    shown = subprocess.run(
        ["groff", "-man", "-Tascii", "-P-c", "-P-b", "-P-u", manual.PAGE], capture_output=True, text=True, check=True
    ).stdout
    words = " ".join(shown.split())
    assert "meshgen - render NetworkPolicy and Istio policies from one statement of intent" in words
    assert "-o, --output DIR" in shown
    assert "       130    interrupted" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
