"""`render --depfile`, and `Makefile.meshgen` run by make itself: what changed is rendered, nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import generator
from generator.core.errors import EXIT_OK, EXIT_WRONG_INPUT, OutputRefused
from generator.output.depfile import depfile_text, write_depfile
from tests.support import MINIMAL, ROOT, meshgen, names_in

NEEDS_MAKE = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
PROFILE = MINIMAL.replace("environment: kind", "environment: ../cluster.yaml")
ENVIRONMENT = "apiVersion: meshgen.dev/v1alpha1\nkind: Environment\nmetadata: {name: own}\nextends: kind\nspec: {}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "cluster.yaml").write_text(ENVIRONMENT, "utf-8")
    for name in ("shop", "bank"):
        (tmp_path / "policies" / f"{name}.yaml").write_text(PROFILE.replace("shop", name), "utf-8")
    shutil.copy(ROOT / "Makefile.meshgen", tmp_path / "Makefile.meshgen")
    (tmp_path / "Makefile").write_text("include Makefile.meshgen\n", "utf-8")
    return tmp_path


def _make(*arguments: str) -> list[str]:
    """Run make; return the bundles that it rendered."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")} | {"PATH": path}
    done = subprocess.run(["make", *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return sorted(line.split()[4] for line in done.stdout.splitlines() if line.startswith("meshgen render"))


def _age(changed: Path) -> None:
    """Let every file be old but *changed*, without waiting for the clock; meshgen itself is older than all of them."""
    start = Path(generator.__file__).stat().st_mtime
    sources = [*Path("policies").iterdir(), *Path().glob("*.yaml"), *Path("own").rglob("*")]
    made = [*Path("build").rglob("*.d"), *Path("out").rglob(".meshgen.json")]
    for number, path in enumerate([*sources, Path("own"), *made]):
        if path.exists():
            os.utime(path, (start + 0.001 * (number + 1),) * 2)
    os.utime(changed, (start + 0.5,) * 2)


@NEEDS_MAKE
def test_make_renders_what_changed_and_nothing_else(here: Path) -> None:
    assert _make("-j", "policies") == ["out/bank", "out/shop"]
    assert _make("policies") == []
    _age(here / "policies" / "shop.yaml")
    assert _make("policies") == ["out/shop"]
    assert sorted(path.name for path in (here / "out").iterdir()) == ["bank", "shop"]


@NEEDS_MAKE
def test_make_knows_the_environment_and_templates(here: Path) -> None:
    flags = "MESHGEN_FLAGS=--templates own"
    (here / "own").mkdir()
    assert _make("policies", flags) == ["out/bank", "out/shop"]
    assert _make("policies", flags) == []
    _age(here / "cluster.yaml")
    assert _make("policies", flags) == ["out/bank", "out/shop"]
    assert _make("policies", flags) == []
    template = here / "own" / "kubernetes" / "namespace.yaml.j2"
    template.parent.mkdir()
    shutil.copy(ROOT / "templates" / "kubernetes" / "namespace.yaml.j2", template)
    _age(here / "own")
    assert _make("policies", flags) == ["out/bank", "out/shop"]
    assert _make("policies", flags) == []


@NEEDS_MAKE
def test_a_file_that_is_gone_is_no_riddle_to_make(here: Path) -> None:
    (here / "policies" / "bank.yaml").unlink()
    (here / "policies" / "shop.yaml").write_text(PROFILE, "utf-8")
    _make("policies")
    (here / "cluster.yaml").rename(here / "prod.yaml")
    (here / "policies" / "shop.yaml").write_text(PROFILE.replace("cluster.yaml", "prod.yaml"), "utf-8")
    assert _make("policies") == ["out/shop"]


@NEEDS_MAKE
def test_make_checks_without_writing(here: Path) -> None:
    _make("policies")
    before = names_in(here / "out" / "shop")
    assert _make("policies-check") == ["out/bank", "out/shop"]
    (here / "out" / "shop" / "kustomization.yaml").write_text("edited", "utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["make", "policies-check"], env={**os.environ, "PATH": path}, capture_output=True, check=False
    )
    assert done.returncode != 0
    assert names_in(here / "out" / "shop") == before


def test_depfile_names_every_input(here: Path) -> None:
    (here / "policies" / "phase.yaml").write_text(
        "apiVersion: meshgen.dev/v1alpha1\nkind: Profile\nmetadata: {name: move}\nprofile: migration-phase-1\n"
        "spec: {use: [shop.yaml]}\n",
        "utf-8",
    )
    run = meshgen("render", "policies/phase.yaml", "-o", "out", "--depfile", "d/move.d")
    assert run.code == EXIT_OK, run
    rule = (here / "d" / "move.d").read_text("utf-8").replace(" \\\n ", "").splitlines()[0]
    target, names = rule.split(": ")
    assert target == "out/.meshgen.json"
    assert set(names.split()) >= {"policies/phase.yaml", "policies/shop.yaml"}
    assert any(name.endswith("cluster.yaml") for name in names.split())
    assert any(name.endswith("generator/__init__.py") for name in names.split())


def test_nothing_is_noted_of_what_failed(here: Path) -> None:
    (here / "policies" / "shop.yaml").write_text(PROFILE.replace("to: db", "to: dbb"), "utf-8")
    assert meshgen("render", "policies/shop.yaml", "--depfile", "shop.d").code == EXIT_WRONG_INPUT
    assert meshgen("render", "policies/bank.yaml", "--depfile", "bank.d", "--check").code == EXIT_WRONG_INPUT
    assert meshgen("render", "policies/bank.yaml", "--depfile", "policies").code == EXIT_WRONG_INPUT
    assert not list(here.glob("*.d"))


@NEEDS_MAKE
@pytest.mark.parametrize("name", ["a b", "a#b", "a$b", "a:b", "ä", "a$b c#d"])
def test_names_are_escaped_for_make(here: Path, name: str) -> None:
    """make takes the name for a name: what is newer makes the target anew."""
    (here / name).write_text("", "utf-8")
    write_depfile(here / "s.d", depfile_text(Path("target"), [name]))
    (here / "Makefile").write_text("target:\n\t@echo made\ninclude s.d\n", "utf-8")
    (here / "target").write_text("", "utf-8")
    for seconds, printed in ((1, ""), (3, "made\n")):
        os.utime(here / "target", (2, 2))
        os.utime(here / name, (seconds, seconds))
        done = subprocess.run(["make", "-s", "target"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, printed), done


@pytest.mark.parametrize("name", ["a\nb", "a%b", "a\\b", "$(shell touch pwned)", "a=b", "*", "a;b", "a|b", "~a", "a\0"])
def test_what_make_would_misread_is_refused(here: Path, name: str) -> None:
    with pytest.raises(OutputRefused, match="no way to write"):
        depfile_text(Path("target"), [name])


def test_a_refused_name_stops_the_render(here: Path) -> None:
    (here / "policies" / "shop.yaml").rename(here / "policies" / "a=b.yaml")
    run = meshgen("render", "policies/a=b.yaml", "-o", "out", "--depfile", "s.d")
    assert run.code == EXIT_WRONG_INPUT
    assert not (here / "out").exists()
