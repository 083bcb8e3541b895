"""The profile that `meshgen init` writes is one that can be rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.core.errors import MeshgenError
from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import ProfileType, profile_types
from generator.intent.starter import starter
from generator.pipeline import Request, render
from tests.support import put_environments

TYPES = profile_types()


@pytest.mark.parametrize("kind", TYPES)
def test_a_fresh_profile_renders(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = starter(TYPES[kind], "fresh")
    for used in read_documents(text, "f")[0][0].data["spec"].get("use", []):
        (tmp_path / used).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / used).write_text(starter(TYPES["app"], "shop"))  # a phase moves the profile of another file
    put_environments(TYPES[kind].folder, tmp_path)
    (tmp_path / "fresh.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert render(Request(("fresh.yaml",))).written


@pytest.mark.parametrize("kind", TYPES)
def test_every_other_option_is_named_in_a_comment(kind: str) -> None:
    text = starter(TYPES[kind])
    used = read_documents(text, "f")[0][0].data["spec"]
    for option in TYPES[kind].spec_schema()["properties"]:
        assert option in used or f"\n  # {option}:" in text
    assert text.startswith(f"# {TYPES[kind].summary.split()[0]}")
    assert text.endswith("\n")


@pytest.mark.parametrize("kind", TYPES)
def test_the_name_is_the_only_difference(kind: str) -> None:
    one, other = starter(TYPES[kind], "abc"), starter(TYPES[kind], "xyz")
    assert one.replace("abc", "xyz") == other
    assert one != other


def test_a_namespace_that_is_named_like_its_profile_stays_so() -> None:
    assert "  namespace: bank\n" in starter(TYPES["app"], "bank")
    assert "bank" not in starter(TYPES["tenant"], "bank").replace("{name: bank}", "")


def test_types_of_others_may_be_terse(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text('{"properties": {"anything": true}, "description": "Mine."}')
    kind = ProfileType("mine", tmp_path)
    assert kind.summary == "Mine."
    with pytest.raises(MeshgenError, match="Minimal example"):
        starter(kind)
    (tmp_path / "README.md").write_text("# mine\n\nFor me.\n\n## Minimal example\n\n```yaml\nspec: {a: 1}\n```\n")
    more = "  # More options of spec; `meshgen explain mine.OPTION` says more.\n  # anything:\n"
    assert starter(kind) == f"# For me.\nspec: {{a: 1}}\n{more}"
