"""Baselines: what is known stays hidden while files move, what is new is shown, what is gone is told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from generator.core.errors import EXIT_FINDINGS, EXIT_OK, EXIT_WRONG_INPUT
from tests.support import Run, meshgen

OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from: []
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s" / "policy.yaml").write_text(OPEN)
    run = meshgen("check", "k8s", "--write-baseline", "known.json")
    assert (run.code, run.out) == (EXIT_OK, "")
    assert run.err.startswith("known.json: 1 finding written\n")
    return tmp_path


def _codes(run: Run) -> list[str]:
    return [one["code"] for one in json.loads(run.out)["findings"]]


def _check(*paths: str) -> Run:
    return meshgen("check", *(paths or ("k8s",)), "--baseline", "known.json", "--format", "json")


def test_entries_name_no_line(here: Path) -> None:
    text = (here / "known.json").read_text()
    (entry,) = json.loads(text)["findings"]
    digest = entry.pop("digest")
    assert entry == {"code": "MG101", "file": "k8s/policy.yaml", "object": "NetworkPolicy shop/api"}
    assert len(digest) == 16
    meshgen("check", "k8s", "--write-baseline", "again.json")
    assert (here / "again.json").read_text() == text


def test_what_is_known_is_hidden_wherever_it_moves(here: Path) -> None:
    run = _check()
    assert (run.code, _codes(run)) == (EXIT_OK, [])
    assert "1 finding in the baseline" in run.err
    (here / "k8s" / "policy.yaml").write_text("# moved\n\nkind: X\napiVersion: v1\n---\n" + OPEN)
    assert _codes(_check()) == []
    assert _codes(_check(str(here / "k8s"))) == []


@pytest.mark.skipif(os.name != "posix", reason="names that are no text")
@pytest.mark.parametrize("name", [b"\xff.yaml", b"a\nb.yaml", "\U0001f600 '\".yaml".encode(), b"\x1b[2J.yaml"])
def test_files_of_any_name(here: Path, name: bytes) -> None:
    Path(os.fsdecode(name)).write_text(OPEN)
    assert meshgen("check", ".", "--write-baseline", "known.json").code == EXIT_OK
    assert _codes(_check(".")) == []


def test_what_is_new_is_shown(here: Path) -> None:
    (here / "k8s" / "policy.yaml").write_text(OPEN + "    - from: []\n")
    run = _check()
    assert (run.code, _codes(run)) == (EXIT_FINDINGS, ["MG101"])
    (here / "k8s" / "policy.yaml").write_text(OPEN.replace("name: api", "name: web"))
    assert _codes(_check()) == ["MG101", "MG045"]


def test_what_is_gone_is_told_only_of_files_that_were_read(here: Path) -> None:
    (here / "k8s" / "policy.yaml").write_text("# nothing left\n")
    (here / "other.yaml").write_text(OPEN)
    run = _check()
    assert (run.code, _codes(run)) == (EXIT_OK, ["MG045"])
    assert json.loads(run.out)["findings"][0]["file"] == "known.json"
    assert _codes(_check("other.yaml")) == ["MG101"]
    (here / "k8s" / "policy.yaml").unlink()
    assert _codes(_check("other.yaml")) == ["MG045", "MG101"]


def test_what_cannot_be_read_is_never_hidden(here: Path) -> None:
    (here / "k8s" / "broken.yaml").write_text("a: [")
    run = meshgen("check", "k8s", "--write-baseline", "known.json", "--format", "json")
    assert (run.code, _codes(run)) == (EXIT_FINDINGS, ["MG002"])
    assert _codes(_check()) == ["MG002"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[",
        '{"schemaVersion": 2, "findings": []}',
        '{"schemaVersion": 1, "findings": [7]}',
        '{"schemaVersion": 1, "findings": [{"code": "MG101"}]}',
        '{"schemaVersion": 1, "findings": [{"code": "A", "file": "", "object": "", "digest": "", "count": 0}]}',
        '{"schemaVersion": 1, "findings": 3}',
    ],
)
def test_a_broken_baseline_is_refused(here: Path, text: str) -> None:
    (here / "known.json").write_text(text)
    run = _check()
    assert run.code == EXIT_WRONG_INPUT
    assert json.loads(run.out)["findings"][0]["file"] == "known.json"
