"""What `meshgen check` prints: every format, and nothing that a terminal or a log would obey."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.cli.check import FORMATS
from generator.core.errors import EXIT_BROKEN_PIPE, EXIT_FINDINGS, EXIT_WRONG_INPUT
from generator.report import REPORTERS
from tests.cli.policies import NARROW, OPEN, UNRELATED, WIDE, findings, write
from tests.support import ROOT, meshgen


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- formats -------------------------------------------------------------------------------------------


def test_every_format_is_offered() -> None:
    assert set(FORMATS) == set(REPORTERS)


def test_json(here: Path) -> None:
    write(here, OPEN)
    run = meshgen("check", "policy.yaml", "--format", "json")
    assert run.code == EXIT_FINDINGS
    (found,) = findings(run)
    assert list(found) == ["code", "severity", "message", "fix", "file", "line", "column", "related"]
    assert (found["code"], found["file"], found["line"], found["column"]) == ("MG101", "policy.yaml", 8, 13)
    write(here, NARROW)
    assert findings(meshgen("check", "policy.yaml", "--format", "json")) == []


def test_github(here: Path) -> None:
    write(here, OPEN)
    run = meshgen("check", "policy.yaml", "--format", "github")
    assert run.out.startswith("::error file=policy.yaml,line=8,col=13,title=MG101::shop/api opens every port")


def test_errors_of_usage_come_in_the_format_asked_for(here: Path) -> None:
    write(here, OPEN)
    run = meshgen("check", "policy.yaml", "--env", "moon", "--format", "sarif")
    assert json.loads(run.out)["runs"][0]["results"][0]["ruleId"] == "MG022"


@pytest.mark.parametrize("output_format", FORMATS)
def test_every_run_prints_the_same(here: Path, output_format: str) -> None:
    for name in ("b.yaml", "a.yaml", "c/d.yml"):
        write(here, OPEN + "---\n" + WIDE, name)
    code = "from generator.__main__ import main; main()"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, "check", ".", "--format", output_format],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            capture_output=True,
            check=False,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert outputs != {b""}


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "policy.yaml", "--env", "no-such-environment"),
        ("check", "--kustomize", "nowhere"),
        ("diff", "policy.yaml"),
        ("why", "a", "b", "-f", "policy.yaml"),
        ("graph", "nowhere.yaml"),
        ("render", "nowhere.yaml"),
        ("verify", "nowhere.yaml"),
    ],
    ids=" ".join,
)
def test_errors_are_json_too_where_json_is_asked_for(here: Path, arguments: tuple[str, ...]) -> None:
    write(here, NARROW)
    run = meshgen(*arguments, "--format", "json")
    assert run.code == EXIT_WRONG_INPUT
    found = findings(run)
    assert found
    assert all(one["severity"] == "error" and one["message"] for one in found)


# --- the terminal --------------------------------------------------------------------------------------


def _process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-m", "generator", "check", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}])
def test_a_pipe_gets_no_colour(here: Path, variables: dict[str, str]) -> None:
    write(here, OPEN)
    assert "\x1b" not in _process("policy.yaml", **variables).stdout


def test_control_characters_of_a_file_do_not_reach_the_terminal(here: Path) -> None:
    write(here, OPEN.replace("name: api", r'name: "a\e[2Jpi"'))
    write(here, UNRELATED.replace("ConfigMap", r'"Config\eMap"'), "other.yaml")
    run = meshgen("check", ".")
    assert "MG101" in run.out
    assert "\x1b" not in run.out + run.err


def test_a_name_with_a_line_break_prints_no_line_of_its_own(here: Path) -> None:
    text = OPEN.replace("name: api", r'name: "a\n::error ::b"').replace("[Ingress]", r'["\n::error ::c"]')
    write(here, text, "a\n::error ::d.yaml")
    write(here, UNRELATED.replace("ConfigMap", r'"\n::error ::e"'), "other.yaml")
    for output_format in FORMATS:
        run = meshgen("check", ".", "--format", output_format)
        assert run.code == EXIT_FINDINGS
        lines = (run.out + run.err).splitlines()
        assert not [line for line in lines if line.startswith("::error ::")], output_format


@pytest.mark.skipif(os.name != "posix", reason="pipes")
@pytest.mark.parametrize("output_format", FORMATS)
def test_a_reader_that_goes_away(here: Path, output_format: str) -> None:
    write(here, OPEN)
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "generator", "check", "policy.yaml", "--format", output_format]
    try:
        run = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)
    assert run.returncode == EXIT_BROKEN_PIPE
    assert b"Traceback" not in run.stderr


def test_lines_of_files_with_secrets_are_not_printed(here: Path) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2\n  password: hunter3\n"
    write(here, text)
    run = meshgen("check", "policy.yaml")
    assert "policy.yaml:6:3: error[MG003]" in run.out
    assert "hunter" not in run.out + run.err
