"""The judge is `kubectl kustomize`: a component patches the pods of another kustomization, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from generator.plan.extras import WORKLOADS
from tests.judges.bundles import EXAMPLES, rendered
from tests.judges.test_kustomize import build

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

WITH_PROXIES = [example for example in EXAMPLES if example.startswith("proxy-resources/")]
SIZES = {"proxyCPU", "proxyMemory", "proxyCPULimit", "proxyMemoryLimit"}


def workload(kind: str, name: str, namespace: str) -> dict[str, object]:
    pods = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": "app"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": pods}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


@pytest.mark.parametrize("example", WITH_PROXIES)
def test_component_annotates_the_pod_template(example: str, tmp_path: Path) -> None:
    for path, text in rendered(example).bundle.extras.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text, "utf-8")
    (proxies,) = (tmp_path / WORKLOADS).iterdir()
    patches = yaml.safe_load((proxies / "kustomization.yaml").read_text("utf-8"))["patches"]
    targets = [(one["target"]["kind"], one["target"]["name"]) for one in patches]
    app = tmp_path / "app"
    app.mkdir()
    found = [workload(kind, name, proxies.name) for kind, name in targets]
    stranger = workload("Deployment", "stranger", proxies.name)
    (app / "pods.yaml").write_text(yaml.safe_dump_all([*found, stranger]), "utf-8")
    kustomization = {"resources": ["pods.yaml"], "components": [f"../{WORKLOADS}/{proxies.name}"]}
    (app / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), "utf-8")
    built = {(one["kind"], one["metadata"]["name"]): one["spec"]["template"]["metadata"] for one in build(app)}
    assert "annotations" not in built.pop(("Deployment", "stranger"))
    assert set(built) == set(targets)
    for pods in built.values():
        names = {key.removeprefix("sidecar.istio.io/") for key in pods["annotations"]}
        assert names >= SIZES or not names & SIZES
        assert all(isinstance(value, str) for value in pods["annotations"].values())
        for key in names - SIZES:
            assert json.loads(pods["annotations"][f"sidecar.istio.io/{key}"])[0]["name"]
