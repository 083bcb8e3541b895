"""`init --from`: what a profile made comes back, what nobody says is refused; and questions at a terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from generator.core.errors import EXIT_OK, EXIT_WRONG_INPUT
from tests.support import ROOT, meshgen


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_an_application_rendered_is_read_back(here: Path) -> None:
    """Workloads and rendered policies of an example propose that example's workloads, flows and doors."""
    shutil.copytree(ROOT / "docs" / "kustomize" / "workloads", here / "k8s" / "workloads")
    shutil.copytree(ROOT / "out" / "app" / "checkout", here / "k8s" / "policies")
    run = meshgen("init", "--from", "k8s", "--env", "kind", "-o", "shop.yaml")
    assert run.code == EXIT_OK, run
    proposed = yaml.safe_load((here / "shop.yaml").read_text("utf-8"))["spec"]
    written = yaml.safe_load((ROOT / "profiles/app/examples/checkout.yaml").read_text("utf-8"))["spec"]
    assert proposed["workloads"].keys() == written["workloads"].keys()
    for name, one in written["workloads"].items():
        assert proposed["workloads"][name]["port"] == one["port"]
        assert proposed["workloads"][name]["protocol"] == "http"
        assert proposed["workloads"][name].get("serviceAccount") == one.get("serviceAccount")
        assert bool(proposed["workloads"][name].get("expose")) == bool(one.get("expose"))
    assert {(one["from"], one["to"]) for one in proposed["flows"]} == {
        (one["from"], one["to"]) for one in written["flows"]
    }


def test_what_was_not_filled_in_is_refused_at_its_line(here: Path) -> None:
    shutil.copy(ROOT / "tests/adopt/questions/existing.yaml", here)
    assert meshgen("init", "--from", "existing.yaml", "--namespace", "shop").code == EXIT_OK
    text = (here / "shop.yaml").read_text("utf-8")
    places = [f"shop.yaml:{number}:" for number, line in enumerate(text.splitlines(), 1) if "FILL-IN" in line]
    run = meshgen("render", "shop.yaml")
    assert run.code == EXIT_WRONG_INPUT
    assert places
    assert all(place in run.err for place in places)


def test_a_profile_is_never_overwritten(here: Path) -> None:
    shutil.copy(ROOT / "tests/adopt/shop/existing.yaml", here)
    (here / "shop.yaml").write_text("mine", "utf-8")
    assert meshgen("init", "--from", "existing.yaml", "--namespace", "shop").code == EXIT_WRONG_INPUT
    assert (here / "shop.yaml").read_text("utf-8") == "mine"


def test_the_environment_of_a_starter(here: Path) -> None:
    assert meshgen("init", "app", "shop", "--env", "kind").code == EXIT_OK
    assert yaml.safe_load((here / "shop.yaml").read_text("utf-8"))["environment"] == "kind"
    assert meshgen("init", "app", "bank", "--env", "knid").code == EXIT_WRONG_INPUT
    assert not (here / "bank.yaml").exists()


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")
@pytest.mark.parametrize(
    ("answers", "file", "kind"),
    [
        ("\n\n", "app.yaml", "app"),
        ("tenant\nacme\n", "acme.yaml", "tenant"),
        ("tenent\ntenant\nacme\n", "acme.yaml", "tenant"),
    ],
)
def test_questions_at_a_terminal(here: Path, answers: str, file: str, kind: str) -> None:
    """Enter takes what is in brackets: two of them, and there is a profile. A slip is asked about again."""
    main, side = os.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    command = [sys.executable, "-m", "generator", "init"]
    with subprocess.Popen(command, stdin=side, stdout=side, stderr=side, env=environment) as asking:
        os.close(side)
        os.write(main, answers.encode())
        code = asking.wait(timeout=60)
    os.close(main)
    assert code == EXIT_OK
    assert [path.name for path in here.iterdir()] == [file]
    assert yaml.safe_load((here / file).read_text("utf-8"))["profile"] == kind
