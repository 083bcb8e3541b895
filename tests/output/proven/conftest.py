"""A folder with every kind of input, and the command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.output.proven.command import Meshgen
from tests.support import MINIMAL, ROOT

ENVIRONMENT = """\
apiVersion: meshgen.dev/v1alpha1
kind: Environment
metadata: {name: ours}
extends: kind
spec: {}
"""


MOVE = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: move}
profile: migration-phase-3
spec:
  use: [used/bank.yaml]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every kind of input: profiles, one that is taken over, and everything of a user's own."""
    if os.name != "posix":
        pytest.skip("nothing is remembered there: ownership is not to be told")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    work = tmp_path / "work"
    for name in ("policies/used", "templates/kubernetes", "types/own", "schemas"):
        (work / name).mkdir(parents=True)
    (work / "policies" / "shop.yaml").write_text(MINIMAL.replace("environment: kind\n", ""))
    (work / "policies" / "move.yaml").write_text(MOVE)
    (work / "policies" / "used" / "bank.yaml").write_text(
        MINIMAL.replace("environment: kind\n", "").replace("shop", "bank")
    )
    (work / "ours.yaml").write_text(ENVIRONMENT)
    template = "kubernetes/networkpolicy.yaml.j2"
    (work / "templates" / template).write_bytes((ROOT / "templates" / template).read_bytes())
    for name in ("schema.json", "intent.yaml.j2"):
        (work / "types" / "own" / name).write_bytes((ROOT / "profiles" / "namespace-baseline" / name).read_bytes())
    schema = {"properties": {"apiVersion": {"const": "example.com/v1"}, "kind": {"const": "Thing"}}}
    (work / "schemas" / "Thing.json").write_text(json.dumps(schema))
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def meshgen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Meshgen:
    return Meshgen(monkeypatch, capsys)
