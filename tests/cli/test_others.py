"""`init`, `profiles`, `explain`, `env` and `schema`: start and learn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from generator.core.codes import CODES
from generator.core.errors import EXIT_OK, EXIT_WRONG_INPUT
from generator.environment.load import preset_names
from generator.intent.profile_types import profile_types
from tests.support import meshgen, names_in, snapshot

TYPES = profile_types()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- init ----------------------------------------------------------------------------------------------


def test_init_writes_a_file(here: Path) -> None:
    run = meshgen("init", "app", "shop")
    assert (run.code, run.out) == (EXIT_OK, "")
    assert run.err.startswith("shop.yaml: written.")
    profile = yaml.safe_load((here / "shop.yaml").read_text())
    assert (profile["profile"], profile["metadata"]) == ("app", {"name": "shop"})
    assert meshgen("init", "app").err.startswith("app.yaml: written.")
    assert meshgen("init", "app", "x", "-o", "other.yml").code == EXIT_OK
    assert names_in(here) == ["app.yaml", "other.yml", "shop.yaml"]
    assert meshgen("init", "app", "shop", "-o", "-").out == (here / "shop.yaml").read_text()


@pytest.mark.parametrize("arguments", [["app", "shop"], ["app", "x", "-o", "shop.yaml"]])
def test_init_never_overwrites(here: Path, arguments: list[str]) -> None:
    (here / "shop.yaml").write_text("mine")
    run = meshgen("init", *arguments)
    assert run.code == EXIT_WRONG_INPUT
    assert "shop.yaml: is there already" in run.err
    assert snapshot(here) == {"shop.yaml": b"mine"}
    assert meshgen("init", *arguments, "--force").code == EXIT_OK
    assert (here / "shop.yaml").read_text() != "mine"


def test_init_writes_through_no_dangling_link(here: Path) -> None:
    (here / "shop.yaml").symlink_to("elsewhere.yaml")
    assert meshgen("init", "app", "shop").code == EXIT_WRONG_INPUT
    assert names_in(here) == ["shop.yaml"]


@pytest.mark.parametrize("name", ["../x", "a/b", "Shop", "a b", "", "a}", "x" * 64, "a\nb: c", "{{ 7*7 }}", "\x1b[31m"])
def test_init_takes_only_names(here: Path, name: str) -> None:
    run = meshgen("init", "app", name)
    assert run.code == EXIT_WRONG_INPUT
    assert "\x1b" not in run.err
    assert names_in(here) == []


def test_init_of_nothing_and_nowhere(here: Path) -> None:
    run = meshgen("init", "ap")
    assert (run.code, names_in(here)) == (EXIT_WRONG_INPUT, [])
    assert "did you mean 'app'?" in run.err
    assert meshgen("init", "app", "-o", "gone/x.yaml").code == EXIT_WRONG_INPUT
    assert meshgen("init", "app", "-o", ".").code == EXIT_WRONG_INPUT


@pytest.mark.parametrize("kind", TYPES)
def test_init_of_every_type_is_a_profile(kind: str) -> None:
    text = meshgen("init", kind, "my-name", "-o", "-").out
    data = yaml.safe_load(text)
    assert data["metadata"]["name"] == "my-name"
    Draft202012Validator(TYPES[kind].schema()).validate(data)


# --- profiles, explain, env, schema ----------------------------------------------------------------------


def test_profiles_lists_every_type() -> None:
    lines = meshgen("profiles").out.splitlines()
    assert [line.split()[0] for line in lines] == list(TYPES)
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    run = meshgen("explain", code.lower())
    assert run.code == EXIT_OK
    assert run.out.startswith(f"{code}: ")


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_explained(kind: str) -> None:
    run = meshgen("explain", kind)
    assert run.code == EXIT_OK
    assert run.out.strip()


def test_explain_prints_a_rules_page() -> None:
    run = meshgen("explain", "mg101")
    assert run.code == EXIT_OK
    assert run.out.startswith("MG101: any-peer (warning)\n\nA NetworkPolicy rule that admits everybody")
    assert all(f"\n{section}:\n" in run.out for section in ("Why", "Bad", "Good"))
    assert meshgen("explain", "any-peer").out == run.out


def test_explain_lists_the_rules() -> None:
    run = meshgen("explain", "rules")
    assert run.code == EXIT_OK
    assert any(line.split()[:3] == ["MG101", "warning", "any-peer"] for line in run.out.splitlines())


@pytest.mark.parametrize(
    ("topic", "meant"), [("MG1001", "MG101"), ("any-pear", "any-peer"), ("mg9", "MG"), ("apps", "app")]
)
def test_explain_suggests(topic: str, meant: str) -> None:
    run = meshgen("explain", topic)
    assert run.code == EXIT_WRONG_INPUT
    assert f"did you mean '{meant}" in run.err


def test_explain_what_is_not_there() -> None:
    for topic in ("ap", "app.flwos", "MG999", "app.flows.from.x", "", ".", "app.", "\x1b[31m"):
        run = meshgen("explain", topic)
        assert run.code == EXIT_WRONG_INPUT, topic
        assert "\x1b" not in run.err
    assert "did you mean 'flows'?" in meshgen("explain", "app.flwos").err


@pytest.mark.parametrize("name", preset_names())
def test_every_environment_prints_as_a_file_that_says_the_same(here: Path, name: str) -> None:
    printed = meshgen("env", name).out
    (here / "prod.yaml").write_text(printed)
    again = meshgen("env", "./prod.yaml")
    assert again.code == EXIT_OK
    assert yaml.safe_load(again.out)["spec"] == yaml.safe_load(printed)["spec"]
    assert name in meshgen("env").out


@pytest.mark.parametrize("name", ["knid", "../x", "/etc/hostname", ".", "", "a\x1bb"])
def test_environments_that_are_none(name: str) -> None:
    run = meshgen("env", name)
    assert run.code == EXIT_WRONG_INPUT
    assert "\x1b" not in run.err


@pytest.mark.parametrize("target", [*TYPES, "intent", "env"])
def test_every_schema_is_one(target: str) -> None:
    run = meshgen("schema", target)
    assert run.code == EXIT_OK
    Draft202012Validator.check_schema(json.loads(run.out))


def test_schema_of_nothing(here: Path) -> None:
    assert "did you mean 'app'?" in meshgen("schema", "ap").err
    assert meshgen("schema", "import").code == EXIT_WRONG_INPUT
    assert meshgen("schema", "import", "gone.yaml", "-o", "x").code == EXIT_WRONG_INPUT
    assert meshgen("schema", "import", "-", "-o", "x", stdin="a: 1").code == EXIT_WRONG_INPUT
    assert meshgen("schema", "import", "-", "-o", "x", stdin="").code == EXIT_WRONG_INPUT
    assert meshgen("schema", "import", "-", "-o", "x", stdin="a: [").code == EXIT_WRONG_INPUT
    assert names_in(here) == []


def test_schemas_that_cannot_be_written(here: Path) -> None:
    (here / "crds.yaml").write_text(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.example.com}\n"
        "spec: {group: example.com, names: {kind: A}, versions: [{name: v1, served: true, "
        "schema: {openAPIV3Schema: {type: object}}}]}\n"
    )
    (here / "taken").write_text("mine")
    run = meshgen("schema", "import", "crds.yaml", "-o", "taken")
    assert (run.code, run.out) == (EXIT_WRONG_INPUT, "")
    assert run.err == "meshgen: taken: cannot be written: File exists\n"
    assert (here / "taken").read_text() == "mine"
