"""What a shell offers after TAB, and what an editor shows when a pointer rests on a field."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from generator.cli import completion
from generator.core.errors import EXIT_OK
from generator.intent.fields import all_fields
from generator.intent.profile_types import profile_types
from generator.krm.configuration import function_schema
from tests.support import ROOT, meshgen

TYPES = profile_types()


def _offered(line: str, folder: Path) -> list[str]:
    """Ask as bash does: the words so far, the last of them unfinished."""
    variables = {
        "_MESHGEN_COMPLETE": "complete_bash",
        "COMP_WORDS": f"meshgen {line}",
        "COMP_CWORD": str(len(line.split()) + line.endswith(" ")),
        "PYTHONPATH": str(ROOT),
    }
    code = "import sys; sys.argv = ['meshgen']; from generator.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("init mi", ["migration-phase-1", "migration-phase-2", "migration-phase-3"]),
        ("schema e", ["environment", "external-service", "env"]),
        ("explain app.flows.me", ["app.flows.methods"]),
        ("explain MG70", ["MG701", "MG702", "MG703"]),
        ("explain any-p", ["any-peer"]),
        ("render x.yaml --env ki", ["kind"]),
        ("env ki", ["kind"]),
        ("init nope", []),
        ("explain nope.x", []),
    ],
)
def test_offers(line: str, expected: list[str], tmp_path: Path) -> None:
    assert _offered(line, tmp_path) == expected


def test_files_are_offered_beside_presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "prod.yaml").touch()
    (tmp_path / "environments" / "notes.txt").touch()
    assert completion.environment("env") == [("environments/", "")]
    assert completion.environment("environments/") == [("environments/prod.yaml", "")]
    assert completion.environment("./env") == [("./environments/", "")]
    assert completion.environment("gone/x") == []


def test_every_offer_has_a_word_about_it() -> None:
    for offers in (completion.profile_type(""), completion.schema_target(""), completion.topic("")):
        assert offers
        assert all(text and len(text) <= 60 for _, text in offers), offers


def test_completion_loads_no_pipeline() -> None:
    """A shell waits for it: what renders and what reads YAML stays out."""
    code = (
        "import sys; from generator.cli import completion; completion.profile_type(''); completion.topic('MG1');"
        "print({'generator.pipeline', 'generator.verify', 'jinja2', 'jsonschema'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# --- editors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_every_field_says_what_it_is(kind: str) -> None:
    described: dict[str, bool] = {}
    for field in all_fields(TYPES[kind]):
        described[field.path] = described.get(field.path, False) or bool(field.description)
    assert [path for path, is_described in described.items() if not is_described] == []


def _without_description(node: Any, path: str) -> list[str]:
    found = []
    for key, value in node.get("properties", {}).items():
        found += [f"{path}.{key}"] if "description" not in value else []
        found += _without_description(value, f"{path}.{key}")
    return found


def test_the_envelope_and_functions_say_what_they_are() -> None:
    envelope = TYPES["app"].schema()
    envelope["properties"].pop("spec")
    assert _without_description(envelope, "") == []
    assert [
        path for one in function_schema()["oneOf"] for path in _without_description(one, "") if path != ".spec"
    ] == []


def test_a_new_profile_names_its_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = meshgen("init", "app", "shop").err
    first = (tmp_path / "shop.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./app.schema.json"
    assert "For your editor: meshgen schema app > app.schema.json" in told
    schema = meshgen("schema", "app").out
    (tmp_path / "app.schema.json").write_text(schema, "utf-8")
    assert '"$id": "https://meshgen.dev/schemas/v1alpha1/app.json"' in schema
    assert '"$ref": "http' not in schema, "an editor needs no network"


# --- help --------------------------------------------------------------------------------------------------

VERBS = ("render", "verify", "check", "why", "diff", "graph", "init", "profiles", "explain", "env", "schema", "fn")


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_fits_a_terminal(verb: str, tmp_path: Path) -> None:
    """80 columns, and no colour in a pipe, whatever the surroundings ask for."""
    variables = {
        "COLUMNS": "80",
        "GITHUB_ACTIONS": "true",
        "FORCE_COLOR": "1",
        "NO_COLOR": "1",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "generator", *verb.split(), "--help"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout


def test_explain_lists_what_it_knows() -> None:
    run = meshgen("explain")
    assert run.code == EXIT_OK
    for topic in ("app", "MG020", "rules", "app.flows.methods"):
        assert topic in run.out
