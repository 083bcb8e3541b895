"""The judges are two releases of Kustomize; what they make of the bundles goes to the other judges again."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.judges.api_server import running
from tests.judges.bundles import EXAMPLES, Object, identity, rendered, write
from tests.judges.installed import find
from tests.judges.istioctl import refusals
from tests.judges.results import Result
from tests.judges.test_kustomize import ORDINARY

OVERLAYS: dict[str, Any] = {"labels, annotations, images, patches": ORDINARY, "namePrefix": {"namePrefix": "eu-"}}


WRITTEN_INTO = {"CronJob", "ClusterRoleBinding"}
"""Kinds whose specs hold images, or names of other objects."""


def sit() -> Result:
    """Build every base and its overlays with each, compare, and show the outcome to the others."""
    own, builders = find("kustomize"), []
    builders += [["kubectl", "kustomize"]] if shutil.which("kubectl") else []
    builders += [[own, "build"]] if own else []
    if len(builders) < 2:
        return Result(skipped="kubectl or kustomize not installed")
    built = [(name, objects) for example in EXAMPLES for name, objects in _built(example, builders)]
    different = [name for name, (first, second) in built if first != second]
    found = [f"{name}: the two releases make different objects of it" for name in different]
    found += [f"{name}: {reason}" for name, reason in _judged({name: both[0] for name, both in built})]
    documents = sum(len(both[0]) for _, both in built)
    counts = {
        "overlays, built by both alike": len(built) - len(different),
        "documents that came out of them": documents,
    }
    inside = _said(["kubectl", "version", "--client"]).rpartition("Kustomize Version: ")[2]
    versions = f"Kustomize {inside} in kubectl, and {_said([str(own), 'version'])}"
    return Result(versions, counts, len(built) + 2 * documents, tuple(found))


def _built(example: str, builders: list[list[str]]) -> Iterator[tuple[str, list[list[Object]]]]:
    """Yield the overlays of *example*, each as every builder makes it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(rendered(example).bundle, folder / "base")
        for number, (title, fields) in enumerate(OVERLAYS.items()):
            overlay = folder / f"overlay-{number}"
            overlay.mkdir()
            kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
            text = yaml.safe_dump({**kustomization, "resources": ["../base"], **fields})
            (overlay / "kustomization.yaml").write_text(text, "utf-8")
            texts = [_said([*builder, str(overlay)]) for builder in builders]
            yield f"{example} with {title}", [_objects(one) for one in texts]


def _objects(text: str) -> list[Object]:
    return sorted((one for one in yaml.safe_load_all(text) if one), key=identity)


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _judged(built: dict[str, list[Object]]) -> Iterator[tuple[str, str]]:
    """Yield what API server and webhook have against what was *built*, and specs that nobody has judged."""
    documents = [(name, one) for name, objects in built.items() for one in objects]
    if find("kube-apiserver") and find("etcd"):
        with running() as server:
            yield from ((name, reason) for name, one in documents if (reason := server.refusal(one)))
    if find("istioctl"):
        reasons = refusals(one for _, one in documents)
        yield from ((name, reason) for (name, _), reason in zip(documents, reasons, strict=True) if reason)
    for name, objects in built.items():
        before = rendered(name.partition(" with ")[0]).objects
        if _specs(objects) != _specs(before):
            yield name, "a spec is not what the other judges have seen"


def _specs(objects: Iterable[Object]) -> list[str]:
    """Return what readers of policies and proxies go by: everything but names, labels and annotations.

    The image of a workload, and whom a binding names, are Kustomize's to write, and nothing of theirs.
    """
    read = (one for one in objects if one["kind"] not in WRITTEN_INTO)
    return sorted(json.dumps({**one, "metadata": one["metadata"].get("namespace")}, sort_keys=True) for one in read)
