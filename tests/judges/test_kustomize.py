"""The judge is `kubectl kustomize`: every folder of a bundle is a base, and overlays leave what they should."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tests.judges.bundles import BANK, Json, Object, every_example, identity, rendered, write

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

OWN = {"example.com/team": "payments"}
PATCH = [{"op": "add", "path": "/metadata/annotations/example.com~1reviewed", "value": "yes"}]
ORDINARY: Object = {
    "labels": [{"pairs": OWN}],
    "commonAnnotations": OWN,
    "images": [{"name": "nginx", "newTag": "1.29"}],
    "patches": [{"target": {"kind": "NetworkPolicy"}, "patch": json.dumps(PATCH)}],
}
"""What overlays do all day, and none of it has business in a spec."""


def build(folder: Path) -> list[Object]:
    """Return what `kubectl kustomize` makes of *folder*."""
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def overlay(base: Path, fields: Object) -> list[Object]:
    """Return what a kustomization beside *base* with these *fields* makes of it."""
    folder = base.parent / "overlay"
    folder.mkdir()
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    text = yaml.safe_dump({**kustomization, "resources": [f"../{base.name}"], **fields})
    (folder / "kustomization.yaml").write_text(text, encoding="utf-8")
    return build(folder)


def by_identity(objects: list[Object] | tuple[Object, ...]) -> dict[tuple[str, str, str, str], Object]:
    found = {identity(one): one for one in objects}
    assert len(found) == len(objects), "two objects of the same identity"
    return found


def spec_of(found: Object) -> Json:
    """Return all of *found* but its metadata; that of its pods is metadata too, and Kustomize writes into it."""
    spec = {key: value for key, value in found.items() if key != "metadata"}
    if found["kind"] == "CronJob":
        spec = copy.deepcopy(spec)
        job = spec["spec"]["jobTemplate"]
        job.pop("metadata", None)
        job["spec"]["template"].pop("metadata", None)
    return spec


@every_example
def test_every_folder_builds_to_its_part_of_the_stream(example: str, tmp_path: Path) -> None:
    bundle, objects = rendered(example).bundle, rendered(example).objects
    root = write(bundle, tmp_path / "base")
    folders = sorted(file.parent for file in root.rglob("kustomization.yaml"))
    assert len(folders) > 1
    assert len(bundle.files) == len(objects) + len(folders)
    with ThreadPoolExecutor() as pool:
        built = dict(zip(folders, pool.map(build, folders), strict=True))
    assert by_identity(built[root]) == by_identity(objects)
    for folder, found in built.items():
        names = [name for name in bundle.files if (root / name).is_relative_to(folder)]
        assert by_identity(found) == by_identity([one for name in names for one in _object(bundle.files[name])]), folder


def _object(text: str) -> list[Object]:
    found = yaml.safe_load(text)
    return [] if found["kind"] == "Kustomization" else [found]


@every_example
def test_layers_of_a_namespace_are_disjoint_and_complete(example: str) -> None:
    bundle, objects = rendered(example).bundle, rendered(example).objects
    paths = [name for name in bundle.files if not name.endswith("kustomization.yaml")]
    assert len(paths) == len(objects)
    for path in paths:
        (found,) = _object(bundle.files[path])
        namespace, layer, _ = path.split("/")
        own = found["metadata"]
        assert namespace == (own["name"] if found["kind"] == "Namespace" else own.get("namespace", namespace))
        mesh = found["apiVersion"].startswith("gateway.networking.k8s.io/") or "istio.io" in found["apiVersion"]
        assert layer == ("mesh" if mesh else "network" if found["kind"] == "NetworkPolicy" else "namespace")


@every_example
def test_ordinary_overlay_leaves_specs_alone(example: str, tmp_path: Path) -> None:
    bundle, objects = rendered(example).bundle, rendered(example).objects
    base = write(bundle, tmp_path / "base")
    changed, original = by_identity(overlay(base, ORDINARY)), by_identity(objects)
    assert changed.keys() == original.keys()
    for key, found in changed.items():
        assert spec_of(found) == spec_of(original[key]), key
        assert found["metadata"]["labels"].items() >= OWN.items(), key
        assert found["metadata"]["annotations"].items() >= OWN.items(), key


@every_example
def test_common_labels_reach_own_pods_alone(example: str, tmp_path: Path) -> None:
    """`commonLabels` writes into selectors: right for pods of the overlay, wrong for anybody else's."""
    if not rendered(example).bundle.environment.cni.match_expressions:
        pytest.skip("this environment's network plugin reads no expressions, which is what keeps kustomize out")
    bundle, objects = rendered(example).bundle, rendered(example).objects
    base = write(bundle, tmp_path / "base")
    changed = by_identity(overlay(base, {"commonLabels": OWN}))
    for key, found in by_identity(objects).items():
        assert spec_of(changed[key]) == _commonly_labelled(spec_of(found)), key


def _commonly_labelled(policy: Json) -> Json:
    """Return what may become of a spec: own pods are asked for the label too, foreign ones are not."""
    if policy["kind"] != "NetworkPolicy":
        return policy
    spec = copy.deepcopy(policy["spec"])
    peers = [peer for rule in spec.get("ingress", ()) for peer in rule.get("from", ())]
    peers += [peer for rule in spec.get("egress", ()) for peer in rule.get("to", ())]
    for holder in [spec, *(peer for peer in peers if "namespaceSelector" not in peer)]:
        if "matchLabels" in holder.get("podSelector", {}):
            holder["podSelector"]["matchLabels"].update(OWN)
    return {**policy, "spec": spec}


def test_foreign_peers_of_the_platform_are_among_those_judged() -> None:
    """The bank knows the gateway, DNS, istiod and Prometheus, so the test above speaks of all of them."""
    text = yaml.safe_dump([one["spec"] for one in rendered(BANK).objects if one["kind"] == "NetworkPolicy"])
    for label in ("istio-ingressgateway", "kube-dns", "istiod", "prometheus"):
        assert f"- {label}\n" in text
