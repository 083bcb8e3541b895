"""The site holds a page for everything that has one, and a dead link is noticed."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.core.codes import CODES
from generator.intent.profile_types import profile_types
from generator.rules import registry
from tests import site
from tests.support import ROOT

TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("site") / "docs"
    return folder, str(site.collect(folder))


def test_every_type_rule_and_code_has_a_page(collected: tuple[Path, str]) -> None:
    folder, navigation = collected
    for name in profile_types():
        assert f"profiles/{name}/README.md" in navigation
        assert (folder / "profiles" / name / "README.md").is_file()
    for module in registry():
        page = (folder / "rules" / f"{module.RULE.code}.md").read_text("utf-8")
        assert page.startswith(f"# {module.RULE.code} {module.RULE.slug}\n")
        assert page.count("```yaml") == 2
        assert "<bound method" not in page
    codes = (folder / "rules" / "codes.md").read_text("utf-8")
    assert all(f"## {code} " in codes for code in CODES)


def test_every_document_is_in_the_navigation(collected: tuple[Path, str]) -> None:
    folder, navigation = collected
    written = [path.relative_to(folder).as_posix() for path in folder.rglob("*.md")]
    assert [name for name in written if f"'{name}'" not in navigation] == []


def test_troubleshooting_speaks_of_what_there_is() -> None:
    known = {*CODES, *(module.RULE.code for module in registry())}
    assert set(re.findall(r"MG\d{3}", TROUBLESHOOTING)) <= known
    for symptom in ("403", "timeout", "reset", "503"):
        assert f"--symptom {symptom}" in TROUBLESHOOTING


@pytest.mark.slow
def test_the_site_builds_and_a_dead_link_does_not(tmp_path: Path) -> None:
    if importlib.util.find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed here: `make docs` does")
    rubbish = shutil.ignore_patterns(
        ".git", ".venv", "build", "dist", "__pycache__", ".*_cache", ".hypothesis", ".judges", ".bench"
    )
    shutil.copytree(ROOT, tmp_path / "tree", ignore=rubbish)
    command = [sys.executable, "-m", "tests.site"]
    built = subprocess.run(command, cwd=tmp_path / "tree", capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "tree" / "build" / "site" / "rules" / "MG101.html").read_text("utf-8")
    assert "fonts.googleapis" not in page
    with (tmp_path / "tree" / "docs" / "troubleshooting.md").open("a", encoding="utf-8") as file:
        file.write("\n[dead](nowhere.md)\n")
    assert subprocess.run(command, cwd=tmp_path / "tree", capture_output=True, check=False).returncode != 0
