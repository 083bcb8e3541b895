"""Three policies from too open to narrow, and what `meshgen check` finds in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support import Run, meshgen

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
WIDE = OPEN.replace("- from: []", "- ports: [{protocol: TCP, port: 8080}]")
UNRELATED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"


def write(here: Path, text: str | bytes, name: str = "policy.yaml") -> Path:
    path = here / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def findings(run: Run) -> list[dict[str, Any]]:
    data = json.loads(run.out)
    assert data.keys() == {"schemaVersion", "findings"}
    assert data["schemaVersion"] == 1
    return list(data["findings"])


def told(*arguments: str, stdin: str | bytes | None = None) -> list[str]:
    """Return findings as ``FILE:LINE CODE severity``."""
    run = meshgen("check", "--format", "json", *arguments, stdin=stdin)
    return [f"{one['file']}:{one['line']} {one['code']} {one['severity']}" for one in findings(run)]
