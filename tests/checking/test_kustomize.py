"""`check --kustomize`: what is built is judged, transformers are blamed, nothing is fetched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from generator.core.errors import EXIT_FINDINGS, EXIT_OK, EXIT_WRONG_INPUT
from tests.support import Run, meshgen

NEEDS_KUBECTL = pytest.mark.skipif(
    shutil.which("kubectl") is None and shutil.which("kustomize") is None, reason="needs kubectl or kustomize"
)
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
PATCH = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec: {ingress: [{from: [], ports: [{port: 8080}]}]}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write(here: Path, **files: str) -> None:
    for name, text in files.items():
        path = here / name.replace("__", "/").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _found(run: Run) -> list[tuple[str, str]]:
    return [(one["code"], one["file"]) for one in json.loads(run.out)["findings"]]


@NEEDS_KUBECTL
def test_the_built_result_is_judged(here: Path) -> None:
    _write(here, base__kustomization_yaml="resources: [policy.yaml]\n", base__policy_yaml=NARROW)
    _write(here, over__kustomization_yaml="resources: [../base]\npatches: [{path: p.yaml}]\nnamePrefix: prod-\n")
    _write(here, over__p_yaml=PATCH)
    assert meshgen("check", "--kustomize", "base").code == EXIT_OK
    run = meshgen("check", "--kustomize", "over", "--format", "json", "--fail-on", "warning")
    assert run.code == EXIT_FINDINGS
    (found,) = json.loads(run.out)["findings"]
    assert (found["code"], found["file"]) == ("MG101", "over (built)")
    assert [(one["file"], one["line"], one["note"]) for one in found["related"]] == [
        ("over/../base/policy.yaml", 1, "the object is written here")
    ]


@NEEDS_KUBECTL
def test_transformers_are_blamed_where_they_stand(here: Path) -> None:
    peer = "- from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]"
    _write(here, kustomization_yaml="namespace: prod\nresources: [policy.yaml]\n")
    _write(here, policy_yaml=OPEN.replace("- from: []", f"{peer}\n      ports: [{{port: 8080}}]"))
    found = _found(meshgen("check", "--kustomize", ".", "--format", "json"))
    assert [code for code, file in found if not file.endswith("(built)")] == ["MG503"]


@NEEDS_KUBECTL
@pytest.mark.parametrize(
    "text",
    [
        "resources: [absent.yaml]\n",
        "resources: [.]\n",
        "resources: [../one, ../one]\n",
        "resources: 7\n",
        "resource: [policy.yaml]\n",
        "namespace: [\n",
    ],
    ids=["missing", "itself", "twice", "no list", "unknown field", "no YAML"],
)
def test_what_the_tool_refuses_is_told_in_its_words(here: Path, text: str) -> None:
    _write(here, one__kustomization_yaml=text, one__policy_yaml=OPEN)
    run = meshgen("check", "--kustomize", "one")
    assert run.code == EXIT_WRONG_INPUT
    assert run.err.startswith(("meshgen: kubectl kustomize one: failed", "meshgen: kustomize build one: failed"))


@pytest.mark.parametrize(
    "text",
    [
        "resources: [https://example.com/a.yaml]\n",
        "resources: [github.com/org/repo/base]\n",
        "resources: ['github.com/org/repo//base?ref=v1']\n",
        "resources: ['git@github.com:org/repo.git']\n",
        "resources: ['git::https://example.com/repo']\n",
        "resources: ['ssh://git@example.com/repo']\n",
        "resources: [git.example.com/org/repo]\n",
        "bases: [http://example.com/base]\n",
        "components: [https://example.com/c]\n",
        "patches: [{path: https://example.com/p.yaml}]\n",
        "helmCharts: [{name: x, repo: https://charts.example.com}]\n",
        "openapi: {path: https://example.com/o.json}\n",
        "configMapGenerator: [{name: a, files: [https://example.com/f]}]\n",
    ],
)
def test_nothing_is_fetched(here: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PATH", "")  # whoever got as far as running something would say so
    _write(here, over__kustomization_yaml="resources: [../base]\n", base__kustomization_yaml=text)
    run = meshgen("check", "--kustomize", "over", "--format", "json")
    assert run.code == EXIT_WRONG_INPUT
    assert _found(run) == [("MG047", "over/../base/kustomization.yaml")]


def test_addresses_that_are_no_sources_are_fine(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    text = "commonAnnotations: {see: https://example.com}\nconfigMapGenerator: [{name: a, literals: [u=https://x.y]}]\n"
    _write(here, kustomization_yaml=text)
    run = meshgen("check", "--kustomize", ".")
    assert run.code == EXIT_WRONG_INPUT
    assert "needs kubectl or kustomize, and neither is on the PATH" in run.err
    assert "MG501" in run.err
