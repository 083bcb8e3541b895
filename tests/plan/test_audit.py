"""The script of a scheduled audit, run by a shell whose `kubectl` and `meshgen` write down what they are asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import profile_types
from generator.pipeline import Request, render

EXAMPLE = profile_types()["scheduled-audit"].folder / "examples" / "policy-audit.yaml"

KUBECTL = """\
#!/bin/sh
echo "kubectl $*" >> "$LOG"
[ "$1" != api-resources ] || { cat "$INSTALLED" && exit; }
"""

MESHGEN = """\
#!/bin/sh
echo "meshgen $*" >> "$LOG"
exit 1
"""


def _objects(kind: str) -> list[Any]:
    documents, findings = read_documents(render(Request((str(EXAMPLE),))).stream, "stream")
    assert not findings
    return [one.data for one in documents if one.data["kind"] == kind]


def _run(folder: Path, installed: str | None) -> tuple[int, list[str]]:
    """Run the script where the API server has the kinds *installed*, or does not say; return its end and its calls."""
    container = _objects("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    for name, text in (("kubectl", KUBECTL), ("meshgen", MESHGEN)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    if installed is not None:
        (folder / "installed").write_text(installed)
    script = container["args"][0].replace("/tmp/", f"{folder}/")  # noqa: S108  (the container's own)
    variables = {one["name"]: one["value"] for one in container["env"]}
    paths = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "LOG": str(folder / "log"),
        "INSTALLED": str(folder / "installed"),
    }
    run = subprocess.run([*container["command"], script], env=variables | paths, check=False)
    return run.returncode, (folder / "log").read_text().splitlines()


@pytest.mark.parametrize(
    ("installed", "more"),
    [
        ("pods\n", ""),
        (
            "pods\nhttproutes.gateway.networking.k8s.io\nsecrets\ngateways.gateway.networking.k8s.io\n",
            ",httproutes.gateway.networking.k8s.io,gateways.gateway.networking.k8s.io",
        ),
        ("httproutes.gateway.networking.k8s.io.example.com\nroutes\n", ""),
    ],
)
def test_what_is_installed_is_read(installed: str, more: str, tmp_path: Path) -> None:
    code, calls = _run(tmp_path, installed)
    assert code == 1, "the job ends as the check does"
    asked, listed, checked = calls
    assert asked == "kubectl api-resources --verbs=list --output=name"
    kinds = listed.removeprefix("kubectl get ").removesuffix(" --all-namespaces --output=yaml")
    assert kinds.endswith(f",telemetries.telemetry.istio.io{more}")
    assert ",virtualservices.networking.istio.io," in kinds
    assert checked == f"meshgen check {tmp_path}/cluster.yaml --fail-on error"


def test_without_an_answer_of_the_api_server_nothing_is_called_fine(tmp_path: Path) -> None:
    code, calls = _run(tmp_path, None)
    assert code != 0
    assert len(calls) == 1


def test_it_may_list_what_it_reads_and_nothing_else() -> None:
    container = _objects("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    variables = {one["name"]: one["value"] for one in container["env"]}
    asked = {*variables["KINDS"].split(","), *variables["KINDS_IF_INSTALLED"].split()}
    rules = _objects("ClusterRole")[0]["rules"]
    assert {f"{name}.{rule['apiGroups'][0]}".rstrip(".") for rule in rules for name in rule["resources"]} == asked
    assert all(rule["verbs"] == ["list"] for rule in rules)
