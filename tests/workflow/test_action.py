"""action.yml: valid, safe, and its steps run by bash as a runner of GitHub runs them."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.shell import OPEN, ROOT, committed, git, project, run, stand_in

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"]}
FRESH, CHECK, TELL = "Rendered policies are fresh", "Check", "Tell what a pull request opens and closes"

GH = """\
#!/usr/bin/env python3
import json, os, sys
known = os.environ.get("KNOWN_COMMENT", "")
fields = {}
arguments = sys.argv[1:]
for flag, value in zip(arguments, arguments[1:]):
    if flag in ("--field", "--raw-field"):
        key, _, text = value.partition("=")
        fields[key] = open(text[1:], encoding="utf-8").read() if flag == "--field" and text[:1] == "@" else text
if "--jq" in arguments:
    print(known)
else:
    method = arguments[arguments.index("--method") + 1]
    with open(os.environ["GH_LOG"], "a", encoding="utf-8") as log:
        log.write(json.dumps({"url": arguments[1], "method": method, "fields": fields}) + "\\n")
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    stand_in(tmp_path / "project", "gh", GH)
    project(tmp_path / "project")
    return tmp_path / "project"


def _step(here: Path, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run one step; its variables are those of action.yml, with inputs from *inputs* or their defaults."""
    values = {f"inputs.{key}": one["default"] for key, one in ACTION["inputs"].items()}
    values |= {f"inputs.{key.replace('_', '-')}": value for key, value in inputs.items()}
    values |= {"steps.install.outputs.command": str(Path(sys.executable).with_name("meshgen"))}
    values |= {"github.event.pull_request.base.sha": inputs.get("base", ""), "github.event.pull_request.number": "7"}
    variables = {
        key: values[re.fullmatch(r"\$\{\{ (\S+) \}\}", value)[1]]  # type: ignore[index]
        for key, value in STEPS[name]["env"].items()
    }
    around = {
        "RUNNER_TEMP": str(here.parent),
        "GITHUB_STEP_SUMMARY": str(here.parent / "summary.md"),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SHA": "c0ffee",
        "GITHUB_REF": "refs/heads/main",
        "GH_LOG": str(here.parent / "gh.log"),
        "KNOWN_COMMENT": inputs.get("known", ""),
    }
    return run(STEPS[name]["run"], here, variables | around)


def _asked(here: Path) -> list[dict[str, Any]]:
    log = here.parent / "gh.log"
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


# --- the file ----------------------------------------------------------------------------------------------


def test_the_action_is_valid() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-actions",
        str(ROOT / "action.yml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_an_auditor_of_actions_finds_nothing() -> None:
    auditor = Path(sys.executable).with_name("zizmor")
    if not auditor.exists():
        pytest.skip("zizmor is not installed here")
    command = [str(auditor), "--offline", "--no-progress", "--persona", "auditor", str(ROOT / "action.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_input_becomes_part_of_a_script() -> None:
    """An expression within a script is how branch names and titles become commands."""
    assert all("${{" not in step["run"] for step in STEPS.values())


def test_every_input_is_used_and_described() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    documented = (ROOT / "docs" / "workflow" / "README.md").read_text("utf-8")
    for name, one in ACTION["inputs"].items():
        assert f"inputs.{name} " in text
        assert one["description"].endswith(".")
        assert f"`{name}`" in documented or name in ("token", "python")


# --- its steps ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_install_makes_a_command_of_its_own(here: Path) -> None:
    output = here.parent / "output"
    variables = {
        "PYTHON": sys.executable,
        "ACTION": str(ROOT),
        "RUNNER_TEMP": str(here.parent),
        "GITHUB_OUTPUT": str(output),
    }
    done = run(STEPS["Install"]["run"], here, variables)
    assert done.returncode == 0, done.stderr
    command = output.read_text("utf-8").strip().removeprefix("command=")
    assert subprocess.run([command, "--version"], capture_output=True, check=True).stdout.startswith(b"meshgen ")


def test_fresh_policies_pass_and_stale_ones_do_not(here: Path) -> None:
    asked = {"profiles": "policies", "output": "deploy/policies"}
    assert _step(here, FRESH, **asked).returncode == 0
    path = here / "policies" / "shop.yaml"
    path.write_text(path.read_text("utf-8").replace("port: 9090", "port: 9091"), "utf-8")
    stale = _step(here, FRESH, **asked)
    assert stale.returncode == 1
    assert "+        - {protocol: TCP, port: 9091}" in stale.stdout
    path.write_text(path.read_text("utf-8").replace("to: db", "to: dbb"), "utf-8")
    wrong = _step(here, FRESH, **asked)
    assert wrong.returncode == 2
    assert wrong.stdout.startswith("::error file=policies/shop.yaml,line=14,")


def test_inputs_are_words_and_no_commands(here: Path) -> None:
    assert _step(here, FRESH, profiles="$(touch pwned) ; touch pwned", output="`touch pwned`").returncode == 2
    assert not (here / "pwned").exists()


def test_findings_are_marked_and_uploaded(here: Path) -> None:
    (here / "deploy" / "open.yaml").write_text(OPEN, "utf-8")
    passed = _step(here, CHECK, check="deploy policies", upload_sarif="true", environment="kind")
    assert passed.returncode == 0, passed.stderr
    assert "::warning file=deploy/open.yaml,line=8," in passed.stdout
    (asked,) = _asked(here)
    assert (asked["url"], asked["method"]) == ("repos/acme/shop/code-scanning/sarifs", "POST")
    assert asked["fields"]["commit_sha"] == "c0ffee"
    sarif = json.loads(gzip.decompress(base64.b64decode(asked["fields"]["sarif"])))
    assert "MG101" in {one["ruleId"] for one in sarif["runs"][0]["results"]}
    failed = _step(here, CHECK, check="deploy", fail_on="warning", environment="kind")
    assert failed.returncode == 1


def test_what_a_change_opens_is_told_once(here: Path) -> None:
    base = git(here, "rev-parse", "HEAD")
    path = here / "policies" / "shop.yaml"
    path.write_text(path.read_text("utf-8") + "    - {from: web, to: db}\n", "utf-8")
    assert _render(here) == 0
    committed(here)
    first = _step(here, TELL, diff="policies", comment="true", base=base)
    assert first.returncode == 0, first.stderr
    again = _step(here, TELL, diff="policies", comment="true", base=base, known="42")
    assert again.returncode == 0, again.stderr
    created, updated = _asked(here)
    assert (created["method"], created["url"]) == ("POST", "repos/acme/shop/issues/7/comments")
    assert (updated["method"], updated["url"]) == ("PATCH", "repos/acme/shop/issues/comments/42")
    assert created["fields"]["body"].startswith("<!-- meshgen diff of policies -->\n")
    assert "shop/web" in created["fields"]["body"]
    assert (here.parent / "summary.md").read_text("utf-8").count("shop/web") >= 2
    assert _step(here, TELL, diff="policies", base=base, fail_on_widen="true").returncode == 1


def test_a_diff_that_cannot_be_made_fails(here: Path) -> None:
    (here / "deploy" / "broken.yaml").write_text("a: [\n", "utf-8")
    base = git(here, "rev-parse", "HEAD")
    committed(here)
    assert _step(here, TELL, diff="deploy", base=base, comment="true").returncode == 2
    assert _asked(here) == []


def _render(here: Path) -> int:
    command = [sys.executable, "-m", "generator", "render", "policies", "-o", "deploy/policies"]
    return subprocess.run(command, cwd=here, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False).returncode
