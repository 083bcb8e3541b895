"""`meshgen fn` under the programs that run functions: kustomize, kpt, and kubectl with its legacy plugins."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support import ROOT, snapshot

DOCS = ROOT / "docs" / "kustomize"
PLUGINS = ("--enable-alpha-plugins",)
EXEC = ("--enable-alpha-plugins", "--enable-exec")


def _needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program} on this machine")


def _run(folder: Path, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return a copy of the documented folder, so that a test can break it."""
    shutil.copytree(DOCS / "function", tmp_path / "function")
    return tmp_path / "function"


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def _without_functions(folder: Path) -> None:
    """What kubectl runs as legacy plugins names no function."""
    for name in ("profile", "check", "verify"):
        path = folder / f"{name}.yaml"
        path.write_text(re.sub(r"  annotations:\n.*\n.*\n", "", path.read_text("utf-8")), "utf-8")


# --- kustomize -------------------------------------------------------------------------------------------


@_needs("kustomize")
def test_kustomize_generates_labels_and_proves(here: Path) -> None:
    built = _run(here, "kustomize", "build", *EXEC, ".")
    assert built.returncode == 0, built.stderr
    documents = list(yaml.safe_load_all(built.stdout))
    assert {one["kind"] for one in documents} == {"NetworkPolicy", "PeerAuthentication", "AuthorizationPolicy"}
    assert all(one["metadata"]["labels"]["team"] == "payments" for one in documents)
    assert "config.kubernetes.io" not in built.stdout, "what runners note for themselves stays with them"


@_needs("kustomize")
def test_kustomize_stops_where_a_gate_fails(here: Path) -> None:
    _edit(here / "labels.yaml", "{path: metadata/labels", "{kind: NetworkPolicy, path: spec/podSelector/matchLabels")
    _edit(here / "kustomization.yaml", "check.yaml, ", "")
    built = _run(here, "kustomize", "build", *EXEC, ".")
    assert (built.returncode, built.stdout) == (1, "")
    assert "MG702" in built.stderr


@_needs("kustomize")
def test_kustomize_stops_at_a_wrong_profile(here: Path) -> None:
    _edit(here / "profile.yaml", "to: api", "to: apo")
    built = _run(here, "kustomize", "build", *EXEC, ".")
    assert (built.returncode, built.stdout) == (1, "")
    assert "MG020" in built.stderr
    assert "did you mean 'api'?" in built.stderr


@_needs("kustomize")
def test_check_notices_that_the_generator_is_gone(here: Path) -> None:
    _edit(here / "kustomization.yaml", "generators: [profile.yaml]\n", "")
    _edit(here / "kustomization.yaml", "check.yaml, verify.yaml", "check.yaml")
    (here / "map.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n", "utf-8")
    with (here / "kustomization.yaml").open("a", encoding="utf-8") as file:
        file.write("resources: [map.yaml]\n")
    built = _run(here, "kustomize", "build", *EXEC, ".")
    assert built.returncode == 1
    assert "MG048" in built.stderr


# --- kubectl ---------------------------------------------------------------------------------------------


@_needs("kubectl")
def test_kubectl_runs_the_legacy_plugins(here: Path) -> None:
    _without_functions(here)
    plugins = str(DOCS / "plugin")
    built = _run(here, "kubectl", "kustomize", *PLUGINS, ".", KUSTOMIZE_PLUGIN_HOME=plugins)
    assert built.returncode == 0, built.stderr
    documents = list(yaml.safe_load_all(built.stdout))
    assert len(documents) == 10
    assert all(one["metadata"]["labels"]["team"] == "payments" for one in documents)
    _edit(here / "profile.yaml", "to: api", "to: apo")
    broken = _run(here, "kubectl", "kustomize", *PLUGINS, ".", KUSTOMIZE_PLUGIN_HOME=plugins)
    assert broken.returncode != 0
    assert broken.stdout == ""


@_needs("kubectl")
def test_what_kubectl_skips_in_silence_is_noticed(here: Path) -> None:
    """With the flag for plugins and without the one for exec, kubectl runs no function and says nothing."""
    (here / "run.sh").write_text('#!/bin/sh\nexec meshgen fn "$@"\n', "utf-8")
    (here / "run.sh").chmod(0o755)
    _edit(here / "profile.yaml", "exec: {path: meshgen, args: [fn]}", "exec: {path: ./run.sh}")
    (here / "kustomization.yaml").write_text("generators: [profile.yaml]\n", "utf-8")
    built = _run(here, "kubectl", "kustomize", *PLUGINS, ".")
    assert (built.returncode, built.stdout.strip()) == (0, ""), "kubectl has changed: mend the documentation"
    (here / "built.yaml").write_text(built.stdout, "utf-8")
    guarded = _run(here, "meshgen", "check", "built.yaml", "--require-bundle", "shop")
    assert guarded.returncode == 1
    assert "MG048" in guarded.stdout
    proven = _run(here, "meshgen", "verify", "profile.yaml", "--manifests", "built.yaml")
    assert proven.returncode == 1
    assert "NOT proven" in proven.stdout


@_needs("kubectl")
def test_kubectl_refuses_functions_without_the_flag(here: Path) -> None:
    assert _run(here, "kubectl", "kustomize", ".").returncode != 0


# --- kpt -------------------------------------------------------------------------------------------------


@pytest.fixture
def package(here: Path) -> Path:
    (here / "Kptfile").write_text("apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: shop}\n", "utf-8")
    (here / "mine.yaml").write_text(
        "# whose this is\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine} # kept\ndata:\n  answer: 'yes'\n",
        "utf-8",
    )
    for name in ("kustomization.yaml", "labels.yaml", "check.yaml", "verify.yaml"):
        (here / name).rename(here.parent / name)
    return here


def _eval(package: Path, configuration: Path) -> subprocess.CompletedProcess[str]:
    results = package.parent / "results"
    command = ("kpt", "fn", "eval", ".", "--exec", "meshgen fn", "--fn-config", configuration)
    return _run(package, *command, "--results-dir", results)


@_needs("kpt")
def test_kpt_writes_renews_and_prunes(package: Path) -> None:
    before = snapshot(package)
    done = _eval(package, package / "profile.yaml")
    assert done.returncode == 0, done.stderr
    first = snapshot(package)
    assert before.items() <= first.items(), "what is not ours keeps every byte"
    assert "shop/shop/network/networkpolicy-allow-web.yaml" in first
    assert _eval(package, package / "profile.yaml").returncode == 0
    assert snapshot(package) == first, "a second run changes nothing"
    _edit(package / "profile.yaml", "  flows:\n    - {from: web, to: api}\n", "")
    assert _eval(package, package / "profile.yaml").returncode == 0
    now = snapshot(package)
    assert "shop/shop/network/networkpolicy-allow-api.yaml" not in now
    assert "shop/shop/network/networkpolicy-allow-web.yaml" in now


@_needs("kpt")
def test_kpt_shows_results_with_file_field_and_line(package: Path) -> None:
    (package / "open.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: shop}\n"
        "spec:\n  podSelector: {matchLabels: {app: api}}\n  policyTypes: [Ingress]\n"
        "  ingress:\n    - from: []\n      ports: [{port: 8080}]\n",
        "utf-8",
    )
    done = _eval(package, package.parent / "check.yaml")
    assert done.returncode == 1
    written = yaml.safe_load((package.parent / "results" / "results.yaml").read_text("utf-8"))
    results = written["items"][0]["results"]
    (one,) = [result for result in results if result["tags"]["code"] == "MG101"]
    assert one["severity"] == "warning"
    assert one["file"]["path"] == "open.yaml"
    assert one["field"] == {"path": "spec.ingress[0].from"}
    assert one["tags"]["line"] == "8"
    assert "MG048" in {result["tags"]["code"] for result in results}
