"""Whatever has changed since is rendered and proven anew: input, output, question, program."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from generator import pipeline
from generator.core.errors import EXIT_DIFFERENT
from generator.output import proven
from tests.output.proven.command import FILE, WORDS, Meshgen, adding, editing, kept, linking
from tests.support import MINIMAL


@pytest.mark.parametrize(
    "change",
    [
        editing("policies/shop.yaml"),
        editing("policies/shop.yaml", "9090", "9091"),
        editing("policies/move.yaml"),
        editing("policies/used/bank.yaml"),
        editing("ours.yaml"),
        editing("templates/kubernetes/networkpolicy.yaml.j2"),
        editing("types/own/schema.json"),
        editing("types/own/intent.yaml.j2"),
        editing("schemas/Thing.json"),
        adding("policies/more.yaml", MINIMAL.replace("environment: kind\n", "").replace("shop", "more")),
        adding("templates/kubernetes/serviceaccount.yaml.j2"),
        adding("types/more"),
        adding("schemas/More.json", '{"properties": {"apiVersion": {"const": "a/v1"}, "kind": {"const": "B"}}}'),
        lambda: Path("policies/move.yaml").unlink(),
        linking("policies", "elsewhere"),
        linking("ours.yaml", "theirs.yaml"),
    ],
)
def test_another_input(meshgen: Meshgen, change: Callable[[], object]) -> None:
    meshgen(*WORDS)
    change()
    meshgen(*WORDS, "--check")
    assert meshgen.renders == 2


@pytest.mark.parametrize(
    "change",
    [
        editing(FILE, "9090", "9091"),
        editing(FILE),
        lambda: Path(FILE).unlink(),
        linking(FILE, "aside"),
        linking("out/policies/shop", "aside"),
        linking("out/policies", "aside"),
        lambda: Path("out").rename("aside"),
        lambda: Path("out/policies/.meshgen.json").unlink(),
        editing("out/policies/.meshgen.json"),
    ],
)
def test_another_output(meshgen: Meshgen, change: Callable[[], object]) -> None:
    meshgen(*WORDS)
    change()
    meshgen(*WORDS)
    assert meshgen.renders == 2


def test_a_file_that_is_ours_no_more(here: Path, meshgen: Meshgen) -> None:
    meshgen(*WORDS)
    record = here / "out" / "policies" / ".meshgen.json"
    (here / "out" / "policies" / "stale.yaml").write_text("stale\n")
    told = json.loads(record.read_text())
    told["files"]["stale.yaml"] = sha256(b"stale\n").hexdigest()
    record.write_text(json.dumps(told, indent=2) + "\n")
    assert meshgen(*WORDS, "--check") == EXIT_DIFFERENT
    assert "stale.yaml" in meshgen.shown


def test_a_pull_request_cannot_vouch_for_itself(here: Path, meshgen: Meshgen) -> None:
    meshgen(*WORDS)
    edited = (here / FILE).read_text().replace("9090", "22")
    (here / FILE).write_text(edited)
    record = here / "out" / "policies" / ".meshgen.json"
    told = json.loads(record.read_text())
    told["files"]["shop/network/networkpolicy-allow-api.yaml"] = sha256(edited.encode()).hexdigest()
    record.write_text(json.dumps(told, indent=2) + "\n")
    assert meshgen(*WORDS, "--check") == EXIT_DIFFERENT
    assert "-        - {protocol: TCP, port: 22}" in meshgen.shown


@pytest.mark.parametrize(
    "words",
    [["--env", "kind"], ["--layer", "mesh", "-o", "out/policies"], ["--set", "shop:spec.namespace=till"], ["--force"]],
    ids=" ".join,
)
def test_another_question(meshgen: Meshgen, words: list[str]) -> None:
    meshgen("policies", "-o", "out/policies", "--env", "ours.yaml")
    meshgen("policies", "-o", "out/policies", "--env", "ours.yaml", *words, "--check")
    assert meshgen.renders == 2


def test_another_folder(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    meshgen("policies/shop.yaml", "--env", "kind", "-o", "out")
    (here / "below" / "policies").mkdir(parents=True)
    (here / "below" / "policies" / "shop.yaml").write_text(MINIMAL.replace("9090", "9091"))
    monkeypatch.chdir(here / "below")
    meshgen("policies/shop.yaml", "--env", "kind", "-o", "out")
    assert meshgen.said.endswith("new\n")


def test_an_input_that_changes_meanwhile(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pipeline.render

    def disturbed(request: pipeline.Request) -> pipeline.Bundle:
        bundle = whole(request)
        path = here / "policies" / "shop.yaml"
        path.write_text(path.read_text().replace("9090", "9091"))
        monkeypatch.setattr(proven, "STARTED", path.stat().st_ctime_ns - 1)
        return bundle

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "render", disturbed)
        meshgen(*WORDS)
    assert kept(here) == []
    meshgen(*WORDS)
    assert meshgen.said == "out/policies: 33 files, 3 changed\n"


def _of_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    for name in ("generator/plan/build.py", "templates/a.j2", "profiles/app/schema.json", "site/jinja2/a.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a\n")
    monkeypatch.setattr(proven, "_PACKAGE", str(folder / "generator"))
    monkeypatch.setattr(sys, "path", [str(folder / "site"), str(folder / "nowhere")])
    return proven._program


@pytest.mark.parametrize(
    "name", ["generator/plan/build.py", "templates/a.j2", "profiles/app/schema.json", "generator/new.py"]
)
def test_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    program = _of_program(tmp_path, monkeypatch)
    before = program()
    assert program() == before
    (tmp_path / name).write_text("other\n")
    assert program() != before


def test_another_python_or_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = _of_program(tmp_path, monkeypatch)
    before = program()
    (tmp_path / "site" / "jinja2-9.9.dist-info").mkdir()
    upgraded = program()
    monkeypatch.setattr(sys, "version", "4.0")
    assert len({before, upgraded, program()}) == 3


def test_another_program_proves_anew(meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    meshgen(*WORDS)
    monkeypatch.setattr(proven, "_program", lambda: "another")
    meshgen(*WORDS)
    assert meshgen.renders == 2
