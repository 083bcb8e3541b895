"""The command `meshgen render`: what it prints where, what it writes, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from generator.core.errors import EXIT_BROKEN_PIPE, EXIT_DIFFERENT, EXIT_OK, EXIT_OUR_BUG, EXIT_WRONG_INPUT
from generator.pipeline import Request, render
from tests.cli.runs import refused
from tests.support import MINIMAL, has_places, meshgen, names_in, snapshot


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with one good profile."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "shop.yaml").write_text(MINIMAL)
    return tmp_path


# --- what is written and printed -------------------------------------------------------------------


def test_writes_below_out(here: Path) -> None:
    run = meshgen("render", "shop.yaml")
    assert (run.code, run.out) == (EXIT_OK, "")
    assert run.err.startswith("out/shop: ")
    files = render(Request(("shop.yaml",))).files
    written = {name: content for name, content in snapshot(here / "out" / "shop").items() if isinstance(content, bytes)}
    assert {name: content.decode() for name, content in written.items() if name != ".meshgen.json"} == files
    assert meshgen("render", "shop.yaml").err.endswith("unchanged\n")


def test_writes_where_it_is_told(here: Path) -> None:
    assert meshgen("render", "shop.yaml", "-o", "a/b c").code == EXIT_OK
    assert names_in(here) == ["a", "shop.yaml"]
    assert names_in(here / "a" / "b c") == [".meshgen.json", "kustomization.yaml", "shop"]


def test_a_stream_is_yaml_and_nothing_else(here: Path) -> None:
    run = meshgen("render", "shop.yaml", "-o", "-")
    assert (run.code, run.err) == (EXIT_OK, "")
    objects = list(yaml.safe_load_all(run.out))
    assert all(one["apiVersion"] and one["kind"] and one["metadata"]["name"] for one in objects)
    assert "Kustomization" not in {one["kind"] for one in objects}
    assert names_in(here) == ["shop.yaml"]


def test_standard_input(here: Path) -> None:
    run = meshgen("render", "-", "-o", "-", stdin=MINIMAL)
    assert run == meshgen("render", "shop.yaml", "-o", "-")
    assert "<stdin>:13:23: error[MG020]" in refused(here, "-", stdin=MINIMAL.replace("to: api", "to: apu")).err
    assert "<stdin>:1:1: error[MG007]" in refused(here, "-", stdin="").err


def test_a_folder_of_profiles(here: Path) -> None:
    (here / "team").mkdir()
    (here / "team" / "one.yaml").write_text(MINIMAL)
    (here / "team" / "two.yml").write_text(MINIMAL.replace("shop", "mall"))
    (here / "team" / "README.md").write_text("no profile")
    assert meshgen("render", "team").err.startswith("out/team: ")
    assert names_in(here / "out" / "team") == [".meshgen.json", "kustomization.yaml", "mall", "shop"]


def test_several_files_need_a_name(here: Path) -> None:
    (here / "mall.yaml").write_text(MINIMAL.replace("shop", "mall"))
    assert "--name" in refused(here, "shop.yaml", "mall.yaml").err
    assert meshgen("render", "shop.yaml", "mall.yaml", "--name", "both").err.startswith("out/both: ")


@pytest.mark.parametrize("name", ["", "a b", "../x", "/x", "a/b", "-x", "x" * 64, "a\nb", "\x1b[31m", "..", "é"])
def test_a_bundle_needs_a_name_that_labels_and_folders_take(here: Path, name: str) -> None:
    run = refused(here, "shop.yaml", "--name", name)
    assert "is no name for a bundle" in run.err
    assert "\x1b" not in run.err


def test_a_name_is_taken_from_the_file_only_where_it_fits(here: Path) -> None:
    (here / "two of them.yaml").write_text(MINIMAL + "---\n" + MINIMAL.replace("shop", "mall"))
    assert "'two of them' is no name for a bundle" in refused(here, "two of them.yaml").err


# --- --check and --dry-run ---------------------------------------------------------------------------


def test_check(here: Path) -> None:
    before = snapshot(here)
    run = meshgen("render", "shop.yaml", "--check")
    assert run.code == EXIT_DIFFERENT
    assert run.out.startswith("--- /dev/null\n+++ out/shop/")
    assert snapshot(here) == before
    meshgen("render", "shop.yaml")
    before = snapshot(here)
    run = meshgen("render", "shop.yaml", "--check")
    assert (run.code, run.out, run.err) == (EXIT_OK, "", "out/shop: up to date\n")
    (here / "shop.yaml").write_text(MINIMAL.replace("5432", "3306"))
    run = meshgen("render", "shop.yaml", "--check")
    assert run.code == EXIT_DIFFERENT
    assert "-        - {protocol: TCP, port: 5432}\n+        - {protocol: TCP, port: 3306}\n" in run.out
    assert snapshot(here) == {**before, "shop.yaml": (here / "shop.yaml").read_bytes()}


def test_check_prints_no_control_characters_of_a_file(here: Path) -> None:
    meshgen("render", "shop.yaml")
    (here / "out" / "shop" / "kustomization.yaml").write_text("\x1b]0;owned\x07\x1b[2J\u202e")
    run = meshgen("render", "shop.yaml", "--check")
    assert "-\\u001b]0;owned\\u0007\\u001b[2J\\u202e\n" in run.out


def test_dry_run(here: Path) -> None:
    before = snapshot(here)
    run = meshgen("render", "shop.yaml", "--dry-run")
    assert run.code == EXIT_OK
    assert "write out/shop/kustomization.yaml\n" in run.out
    assert snapshot(here) == before
    meshgen("render", "shop.yaml")
    (here / "shop.yaml").write_text(MINIMAL.replace("db", "database"))
    before = snapshot(here)
    words = {line.split()[0] for line in meshgen("render", "shop.yaml", "--dry-run").out.splitlines()}
    assert words == {"write", "change", "remove"}
    assert snapshot(here) == before


@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_there_is_nothing_to_compare_a_stream_with(here: Path, option: str) -> None:
    assert "choose one with -o DIR" in refused(here, "shop.yaml", "-o", "-", option).err


def test_hand_edited_files_are_kept_unless_forced(here: Path) -> None:
    meshgen("render", "shop.yaml")
    edited = here / "out" / "shop" / "kustomization.yaml"
    edited.write_text("mine")
    (here / "shop.yaml").write_text(MINIMAL.replace("5432", "3306"))
    assert "edited by hand" in refused(here, "shop.yaml").err
    assert meshgen("render", "shop.yaml", "--force").code == EXIT_OK
    assert edited.read_text() != "mine"


# --- what differs from the profile as it is written -----------------------------------------------------


def test_environment(here: Path) -> None:
    environment = meshgen("env", "kind").out
    (here / "prod.yaml").write_text(environment.replace("15021", "16021").replace("istiod", "pilot"))
    for arguments in (["--env", "./prod.yaml"], ["--env", "prod.yaml"], ["--set", "environment=./prod.yaml"]):
        run = meshgen("render", "shop.yaml", "-o", "-", *arguments)
        assert run.code == EXIT_OK
        assert "pilot" in run.out
    assert "MG022" in refused(here, "shop.yaml", "--env", "knid").err
    assert "did you mean 'kind'?" in refused(here, "shop.yaml", "--env", "knid").err
    assert "MG029" in refused(here, "shop.yaml", "--env", "generic").err, "it does not say which gateways there are"
    (here / "prod.yaml").write_text(environment.replace("dns:", "dsn:"))
    assert has_places(refused(here, "shop.yaml", "--env", "prod.yaml").err, "prod.yaml")


def test_overrides(here: Path) -> None:
    run = meshgen(
        "render", "shop.yaml", "-o", "-", "--set", "spec.namespace=mall", "--set", "spec.workloads.db.port=3306"
    )
    assert run.code == EXIT_OK
    assert (
        run.out
        == meshgen(
            "render",
            "-",
            "-o",
            "-",
            stdin=MINIMAL.replace("namespace: shop", "namespace: mall").replace("5432", "3306"),
        ).out
    )
    run = refused(here, "shop.yaml", "--set", "spec.namespace=Mall", "--set", "spec.flows.0.to=apu")
    assert "--set:1:1: error[MG012]" in run.err


@pytest.mark.parametrize(
    ("layer", "kinds"), [("network", {"NetworkPolicy"}), ("mesh", {"PeerAuthentication", "AuthorizationPolicy"})]
)
def test_layers(layer: str, kinds: set[str]) -> None:
    run = meshgen("render", "shop.yaml", "-o", "-", "--layer", layer)
    assert {one["kind"] for one in yaml.safe_load_all(run.out)} == kinds


@pytest.mark.parametrize(("option", "value"), [("--layer", "both"), ("--format", "xml"), ("--layer", "x\n\x1b[31m")])
def test_choices(here: Path, option: str, value: str) -> None:
    run = refused(here, "shop.yaml", option, value)
    assert "choose one of" in run.err
    assert "\x1b" not in run.err


@pytest.mark.parametrize("arguments", [[], ["--nope"], ["shop.yaml", "--env"], ["shop.yaml", "-o"]])
def test_usage(here: Path, arguments: list[str]) -> None:
    refused(here, *arguments)


def test_codes_are_told_apart() -> None:
    assert [EXIT_OK, EXIT_DIFFERENT, EXIT_WRONG_INPUT, EXIT_OUR_BUG, EXIT_BROKEN_PIPE] == [0, 1, 2, 3, 141]
