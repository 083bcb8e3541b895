"""pre-commit, GitLab, Argo CD, Flux: each recipe is valid, and does what it says as far as a machine alone can tell."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import MINIMAL
from tests.workflow.shell import OPEN, ROOT, committed, git, project, run

DOCS = ROOT / "docs" / "workflow"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    project(tmp_path / "project")
    return tmp_path / "project"


def _yaml(name: str) -> Any:
    return yaml.safe_load((DOCS / name).read_text("utf-8"))


# --- pre-commit --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a repository with this very tree, as pre-commit would clone it, and its commit."""
    copy = tmp_path_factory.mktemp("clone") / "meshgen"
    rubbish = shutil.ignore_patterns(".git", ".venv", "build", "dist", "__pycache__", ".*_cache", ".hypothesis", "out")
    shutil.copytree(ROOT, copy, ignore=rubbish)
    return copy, committed(copy)


def _pre_commit(folder: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    if subprocess.run([sys.executable, "-m", "pre_commit", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("pre-commit is not installed here")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PRE_COMMIT_HOME": str(home),
        "HOME": str(home),
    }
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_manifest_of_hooks_is_valid(tmp_path: Path) -> None:
    done = _pre_commit(tmp_path, "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"), home=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_hooks_pass_and_fail_in_a_clone(here: Path, clone: tuple[Path, str], tmp_path: Path) -> None:
    documented = re.search(r"```yaml\n(repos:.*?)```", (DOCS / "README.md").read_text("utf-8"), re.DOTALL)
    assert documented
    config = yaml.safe_load(documented[1])
    config["repos"][0] |= {"repo": str(clone[0]), "rev": clone[1]}
    for hook in config["repos"][0]["hooks"]:
        hook["args"] = ["kind" if one == "environments/prod.yaml" else one for one in hook["args"]]
    (here / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    committed(here)
    fine = _pre_commit(here, "run", "--all-files", home=tmp_path / "home")
    if fine.returncode == 3 and "CalledProcessError" in fine.stdout:
        pytest.skip("the hooks' environment needs the package index, and there is none here")
    assert fine.returncode == 0, fine.stdout
    (here / "deploy" / "open.yaml").write_text(OPEN.replace("ingress:", "ingres:"), "utf-8")
    path = here / "policies" / "shop.yaml"
    path.write_text(path.read_text("utf-8").replace("port: 9090", "port: 9091"), "utf-8")
    git(here, "add", "--all")
    wrong = _pre_commit(here, "run", "--all-files", home=tmp_path / "home")
    assert wrong.returncode == 1
    assert "deploy/open.yaml:7:3: error[MG232]" in wrong.stdout
    assert "+        - {protocol: TCP, port: 9091}" in wrong.stdout


# --- GitLab ------------------------------------------------------------------------------------------------


def test_the_jobs_for_gitlab_are_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*command, DOCS / "gitlab-ci.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _job(here: Path, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
    jobs = _yaml("gitlab-ci.yml")
    values = {key: value for key, value in jobs["variables"].items() if key.startswith("MESHGEN_")}
    values |= {"MESHGEN_ENVIRONMENT": "kind", **variables}
    return run("\n".join(jobs[name]["script"]), here, values)


def test_the_jobs_for_gitlab_run(here: Path) -> None:
    base = git(here, "rev-parse", "HEAD")
    assert _job(here, "meshgen-fresh").returncode == 0
    assert _job(here, "meshgen-check").returncode == 0
    path = here / "policies" / "shop.yaml"
    path.write_text(path.read_text("utf-8") + "    - {from: web, to: db}\n", "utf-8")
    assert _job(here, "meshgen-fresh").returncode == 1
    assert run("meshgen render policies -o deploy/policies", here, {}).returncode == 0
    change = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_COMMIT_SHA": committed(here)}
    told = _job(here, "meshgen-diff", **change)
    assert told.returncode == _yaml("gitlab-ci.yml")["meshgen-diff"]["allow_failure"]["exit_codes"]
    assert "shop/db" in (here / "meshgen-diff.md").read_text("utf-8")


# --- Argo CD and Flux --------------------------------------------------------------------------------------


def test_the_plugin_for_argo_cd_renders_and_discovers(here: Path) -> None:
    plugin = _yaml("argocd-plugin.yaml")["spec"]
    application = _yaml("argocd-application.yaml")["spec"]["source"]
    assert application["plugin"]["name"] == "meshgen-v1"
    variables = {f"ARGOCD_ENV_{one['name']}": one["value"] for one in application["plugin"]["env"]}
    (here / "environments").mkdir()
    (here / "environments" / "prod.yaml").write_text(
        "apiVersion: meshgen.dev/v1alpha1\nkind: Environment\nmetadata: {name: prod}\nextends: kind\nspec: {}\n",
        "utf-8",
    )
    folder = here / application["path"]
    command: list[str] = [*plugin["generate"]["command"], *plugin["generate"]["args"]]
    script = command[-1]
    assert command[:-1] == ["sh", "-c"]
    rendered = run(script, folder, {"ARGOCD_APP_NAME": "policies", **variables}, program="sh")
    assert rendered.returncode == 0, rendered.stderr
    documents = list(yaml.safe_load_all(rendered.stdout))
    assert {one["metadata"]["labels"]["meshgen.dev/bundle"] for one in documents} == {"policies"}
    find = plugin["discover"]["find"]["command"][-1]
    assert run(find, folder, {}, program="sh").stdout == "shop.yaml\n"
    assert run(find, here / "deploy" / "policies", {}, program="sh").stdout == ""
    (folder / "shop.yaml").write_text(MINIMAL.replace("to: db", "to: dbb"), "utf-8")
    wrong = run(script, folder, {"ARGOCD_APP_NAME": "policies", **variables}, program="sh")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean 'db'?" in wrong.stderr


def test_what_flux_and_argo_cd_apply_is_there(here: Path) -> None:
    path = _yaml("flux.yaml")["spec"]["path"]
    assert (here / path / "kustomization.yaml").is_file()
