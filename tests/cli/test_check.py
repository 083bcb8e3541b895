"""`meshgen check`: what it reads and finds, and how it ends."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from generator.core.errors import EXIT_FINDINGS, EXIT_OK, EXIT_WRONG_INPUT
from tests.cli.policies import NARROW, OPEN, WIDE, told, write
from tests.support import ROOT, at, meshgen, snapshot


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- results and exit codes ----------------------------------------------------------------------------


def test_a_finding_has_place_source_line_and_cure(here: Path) -> None:
    write(here, OPEN)
    run = meshgen("check", "policy.yaml")
    assert run.code == EXIT_FINDINGS
    lines = run.out.splitlines()
    assert lines[0].startswith(f"policy.yaml:{at(OPEN, '[]')}: error[MG101]: shop/api opens every port")
    assert lines[1:3] == ["  8 |     - from: []", "    |             ^"]
    assert lines[3].startswith("  fix: ")
    assert run.err == "1 object in 1 file: 1 error. `meshgen explain CODE` says more.\n"


def test_nothing_is_found_and_nothing_printed(here: Path) -> None:
    write(here, NARROW)
    run = meshgen("check", "policy.yaml", "--fail-on", "info")
    assert (run.code, run.out, run.err) == (EXIT_OK, "", "1 object in 1 file: no findings\n")


@pytest.mark.parametrize(
    ("text", "fails_on"),
    [(OPEN, {"error", "warning", "info"}), (WIDE, {"warning", "info"}), (NARROW, set())],
    ids=["error", "warning", "nothing"],
)
def test_the_threshold_decides_the_exit_code(here: Path, text: str, fails_on: set[str]) -> None:
    write(here, text)
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
    write(here, OPEN)
    before = snapshot(here)
    run = meshgen("check", *arguments)
    assert run.code == EXIT_WRONG_INPUT
    assert run.err
    assert snapshot(here) == before


def test_what_is_missing_does_not_hide_the_rest(here: Path) -> None:
    write(here, OPEN)
    assert told("policy.yaml", "absent.yaml") == ["absent.yaml:1 MG001 error", "policy.yaml:8 MG101 error"]
    assert meshgen("check", "policy.yaml", "absent.yaml", "--fail-on", "never").code == EXIT_WRONG_INPUT


# --- environments --------------------------------------------------------------------------------------


def test_environment_in_plain_words(here: Path) -> None:
    write(here, "serviceCIDRs: [10.96.0.0/12]\ncni: {policyPoint: post-dnat}\n", "env.yaml")
    cluster_ip = NARROW.replace("Ingress", "Egress").replace("ingress", "egress").replace("from:", "to:")
    write(here, cluster_ip.replace("podSelector: {matchLabels: {app: web}}", "ipBlock: {cidr: 10.96.0.10/32}"))
    assert "policy.yaml:8 MG106 error" in told("policy.yaml", "--env", "env.yaml")
    assert "policy.yaml:8 MG106 error" not in told("policy.yaml")


# --- changes -------------------------------------------------------------------------------------------


def test_a_change_is_held_against_what_was_there(here: Path) -> None:
    write(here, NARROW, "old.yaml")
    write(here, WIDE, "new.yaml")
    assert "new.yaml:8 MG405 warning" in told("new.yaml", "--against", "old.yaml")
    assert [one for one in told("new.yaml") if "MG405" in one] == []
    assert [one for one in told("old.yaml", "--against", "old.yaml") if "MG40" in one] == []


def test_a_change_is_held_against_a_git_revision(here: Path) -> None:
    write(here, NARROW)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], check=True, cwd=here)
    write(here, WIDE)
    changes = told("policy.yaml", "--against", "HEAD:policy.yaml")
    assert {one for one in changes if "MG405" in one} == {"policy.yaml:8 MG405 warning"}


@pytest.mark.parametrize("old", ["nowhere.yaml", "no-such-revision:policy.yaml", "-", "broken.yaml"])
def test_what_was_there_must_be_readable(here: Path, old: str) -> None:
    write(here, NARROW)
    write(here, "kind: [", "broken.yaml")
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
