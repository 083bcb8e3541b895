"""`meshgen check`: what it reads, what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from generator.cli.check import FORMATS
from generator.core.errors import EXIT_BROKEN_PIPE, EXIT_FINDINGS, EXIT_OK, EXIT_WRONG_INPUT
from generator.report import REPORTERS
from tests.support import ROOT, Run, at, meshgen, snapshot

OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from: []
"""
NARROW = OPEN.replace("- from: []", "- from: [{podSelector: {matchLabels: {app: web}}}]\n      ports: [{port: 8080}]")
WIDE = OPEN.replace("- from: []", "- ports: [{protocol: TCP, port: 8080}]")
UNRELATED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write(here: Path, text: str | bytes, name: str = "policy.yaml") -> Path:
    path = here / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _findings(run: Run) -> list[dict[str, Any]]:
    data = json.loads(run.out)
    assert data.keys() == {"schemaVersion", "findings"}
    assert data["schemaVersion"] == 1
    return list(data["findings"])


def _told(*arguments: str, stdin: str | bytes | None = None) -> list[str]:
    """Return findings as ``FILE:LINE CODE severity``."""
    run = meshgen("check", "--format", "json", *arguments, stdin=stdin)
    return [f"{one['file']}:{one['line']} {one['code']} {one['severity']}" for one in _findings(run)]


# --- results and exit codes ----------------------------------------------------------------------------


def test_a_finding_has_place_source_line_and_cure(here: Path) -> None:
    _write(here, OPEN)
    run = meshgen("check", "policy.yaml")
    assert run.code == EXIT_FINDINGS
    lines = run.out.splitlines()
    assert lines[0].startswith(f"policy.yaml:{at(OPEN, '[]')}: error[MG101]: shop/api opens every port")
    assert lines[1:3] == ["  8 |     - from: []", "    |             ^"]
    assert lines[3].startswith("  fix: ")
    assert run.err == "1 object in 1 file: 1 error. `meshgen explain CODE` says more.\n"


def test_nothing_is_found_and_nothing_printed(here: Path) -> None:
    _write(here, NARROW)
    run = meshgen("check", "policy.yaml", "--fail-on", "info")
    assert (run.code, run.out, run.err) == (EXIT_OK, "", "1 object in 1 file: no findings\n")


@pytest.mark.parametrize(
    ("text", "fails_on"),
    [(OPEN, {"error", "warning", "info"}), (WIDE, {"warning", "info"}), (NARROW, set())],
    ids=["error", "warning", "nothing"],
)
def test_the_threshold_decides_the_exit_code(here: Path, text: str, fails_on: set[str]) -> None:
    _write(here, text)
    for threshold in ("error", "warning", "info", "never"):
        code = meshgen("check", "policy.yaml", "--fail-on", threshold).code
        assert code == (EXIT_FINDINGS if threshold in fails_on else EXIT_OK), threshold
    assert meshgen("check", "policy.yaml").code == (EXIT_FINDINGS if "error" in fails_on and text == OPEN else EXIT_OK)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["policy.yaml", "--format", "xml"],
        ["policy.yaml", "--fail-on", "fatal"],
        ["policy.yaml", "--env", "moon"],
        ["policy.yaml", "--env", "policy.yaml"],
        ["policy.yaml", "--baseline", "absent.json"],
        ["policy.yaml", "--baseline", "policy.yaml"],
        ["policy.yaml", "--write-baseline", "absent/folder.json"],
        ["policy.yaml", "--schemas", "absent"],
        ["absent.yaml"],
        ["policy.yaml", "absent"],
        ["--kustomize", "absent"],
    ],
    ids=" ".join,
)
def test_wrong_usage(here: Path, arguments: list[str]) -> None:
    _write(here, OPEN)
    before = snapshot(here)
    run = meshgen("check", *arguments)
    assert run.code == EXIT_WRONG_INPUT
    assert run.err
    assert snapshot(here) == before


def test_what_is_missing_does_not_hide_the_rest(here: Path) -> None:
    _write(here, OPEN)
    assert _told("policy.yaml", "absent.yaml") == ["absent.yaml:1 MG001 error", "policy.yaml:8 MG101 error"]
    assert meshgen("check", "policy.yaml", "absent.yaml", "--fail-on", "never").code == EXIT_WRONG_INPUT


# --- formats -------------------------------------------------------------------------------------------


def test_every_format_is_offered() -> None:
    assert set(FORMATS) == set(REPORTERS)


def test_json(here: Path) -> None:
    _write(here, OPEN)
    run = meshgen("check", "policy.yaml", "--format", "json")
    assert run.code == EXIT_FINDINGS
    (found,) = _findings(run)
    assert list(found) == ["code", "severity", "message", "fix", "file", "line", "column", "related"]
    assert (found["code"], found["file"], found["line"], found["column"]) == ("MG101", "policy.yaml", 8, 13)
    _write(here, NARROW)
    assert _findings(meshgen("check", "policy.yaml", "--format", "json")) == []


def test_github(here: Path) -> None:
    _write(here, OPEN)
    run = meshgen("check", "policy.yaml", "--format", "github")
    assert run.out.startswith("::error file=policy.yaml,line=8,col=13,title=MG101::shop/api opens every port")


def test_errors_of_usage_come_in_the_format_asked_for(here: Path) -> None:
    _write(here, OPEN)
    run = meshgen("check", "policy.yaml", "--env", "moon", "--format", "sarif")
    assert json.loads(run.out)["runs"][0]["results"][0]["ruleId"] == "MG022"


@pytest.mark.parametrize("output_format", FORMATS)
def test_every_run_prints_the_same(here: Path, output_format: str) -> None:
    for name in ("b.yaml", "a.yaml", "c/d.yml"):
        _write(here, OPEN + "---\n" + WIDE, name)
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


# --- the terminal --------------------------------------------------------------------------------------


def _process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-m", "generator", "check", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}])
def test_a_pipe_gets_no_colour(here: Path, variables: dict[str, str]) -> None:
    _write(here, OPEN)
    assert "\x1b" not in _process("policy.yaml", **variables).stdout


def test_control_characters_of_a_file_do_not_reach_the_terminal(here: Path) -> None:
    _write(here, OPEN.replace("name: api", r'name: "a\e[2Jpi"'))
    _write(here, UNRELATED.replace("ConfigMap", r'"Config\eMap"'), "other.yaml")
    run = meshgen("check", ".")
    assert "MG101" in run.out
    assert "\x1b" not in run.out + run.err


def test_a_name_with_a_line_break_prints_no_line_of_its_own(here: Path) -> None:
    text = OPEN.replace("name: api", r'name: "a\n::error ::b"').replace("[Ingress]", r'["\n::error ::c"]')
    _write(here, text, "a\n::error ::d.yaml")
    _write(here, UNRELATED.replace("ConfigMap", r'"\n::error ::e"'), "other.yaml")
    for output_format in FORMATS:
        run = meshgen("check", ".", "--format", output_format)
        assert run.code == EXIT_FINDINGS
        lines = (run.out + run.err).splitlines()
        assert not [line for line in lines if line.startswith("::error ::")], output_format


@pytest.mark.skipif(os.name != "posix", reason="pipes")
@pytest.mark.parametrize("output_format", FORMATS)
def test_a_reader_that_goes_away(here: Path, output_format: str) -> None:
    _write(here, OPEN)
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "generator", "check", "policy.yaml", "--format", output_format]
    try:
        run = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=write, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(write)
    assert run.returncode == EXIT_BROKEN_PIPE
    assert b"Traceback" not in run.stderr


def test_lines_of_files_with_secrets_are_not_printed(here: Path) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2\n  password: hunter3\n"
    _write(here, text)
    run = meshgen("check", "policy.yaml")
    assert "policy.yaml:6:3: error[MG003]" in run.out
    assert "hunter" not in run.out + run.err


# --- environments --------------------------------------------------------------------------------------


def test_environment_in_plain_words(here: Path) -> None:
    _write(here, "serviceCIDRs: [10.96.0.0/12]\ncni: {policyPoint: post-dnat}\n", "env.yaml")
    cluster_ip = NARROW.replace("Ingress", "Egress").replace("ingress", "egress").replace("from:", "to:")
    _write(here, cluster_ip.replace("podSelector: {matchLabels: {app: web}}", "ipBlock: {cidr: 10.96.0.10/32}"))
    assert "policy.yaml:8 MG106 error" in _told("policy.yaml", "--env", "env.yaml")
    assert "policy.yaml:8 MG106 error" not in _told("policy.yaml")


# --- explain -------------------------------------------------------------------------------------------


def test_explain_prints_a_rules_page() -> None:
    run = meshgen("explain", "mg101")
    assert run.code == EXIT_OK
    assert run.out.startswith("MG101: any-peer (warning)\n\nA NetworkPolicy rule that admits everybody")
    assert all(f"\n{section}:\n" in run.out for section in ("Why", "Bad", "Good"))
    assert meshgen("explain", "any-peer").out == run.out


def test_explain_lists_the_rules() -> None:
    run = meshgen("explain", "rules")
    assert run.code == EXIT_OK
    assert any(line.split()[:3] == ["MG101", "warning", "any-peer"] for line in run.out.splitlines())


@pytest.mark.parametrize(
    ("topic", "meant"), [("MG1001", "MG101"), ("any-pear", "any-peer"), ("mg9", "MG"), ("apps", "app")]
)
def test_explain_suggests(topic: str, meant: str) -> None:
    run = meshgen("explain", topic)
    assert run.code == EXIT_WRONG_INPUT
    assert f"did you mean '{meant}" in run.err


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
    _write(here, NARROW)
    run = meshgen(*arguments, "--format", "json")
    assert run.code == EXIT_WRONG_INPUT
    found = _findings(run)
    assert found
    assert all(one["severity"] == "error" and one["message"] for one in found)


# --- changes -------------------------------------------------------------------------------------------


def test_a_change_is_held_against_what_was_there(here: Path) -> None:
    _write(here, NARROW, "old.yaml")
    _write(here, WIDE, "new.yaml")
    assert "new.yaml:8 MG405 warning" in _told("new.yaml", "--against", "old.yaml")
    assert [one for one in _told("new.yaml") if "MG405" in one] == []
    assert [one for one in _told("old.yaml", "--against", "old.yaml") if "MG40" in one] == []


def test_a_change_is_held_against_a_git_revision(here: Path) -> None:
    _write(here, NARROW)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], check=True, cwd=here)
    _write(here, WIDE)
    told = _told("policy.yaml", "--against", "HEAD:policy.yaml")
    assert {one for one in told if "MG405" in one} == {"policy.yaml:8 MG405 warning"}


@pytest.mark.parametrize("old", ["nowhere.yaml", "no-such-revision:policy.yaml", "-", "broken.yaml"])
def test_what_was_there_must_be_readable(here: Path, old: str) -> None:
    _write(here, NARROW)
    _write(here, "kind: [", "broken.yaml")
    run = meshgen("check", "policy.yaml", "--against", old)
    assert (run.code, run.out) == (EXIT_WRONG_INPUT, "")
    assert run.err


def test_complete_is_not_heeded_where_something_could_not_be_read(tmp_path: Path) -> None:
    """What is missing may be in the file with the mistake: absence proves nothing then, and the user is told."""
    case = ROOT / "tests" / "rules" / "cases" / "MG512" / "no-label-at-all.yaml"  # the pods of other files might count
    (tmp_path / "policy.yaml").write_bytes(case.read_bytes())
    whole = meshgen("check", tmp_path, "--complete")
    (tmp_path / "broken.yaml").write_text("a: [\n")
    broken = meshgen("check", tmp_path, "--complete")
    note = "--complete was not heeded: what could not be read may be what seems to be absent"
    assert note not in whole.err
    assert note in broken.err
    assert "MG512" in whole.out
    assert "MG512" not in broken.out
