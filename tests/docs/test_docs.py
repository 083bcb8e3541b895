"""What the documents say is so: commands print what is shown, examples render, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
import typer
import yaml

from generator.cli.app import app
from generator.intent.profile_types import ProfileType, profile_types
from generator.pipeline import Request, render
from generator.plan.build import KIND_ORDER
from tests import refresh
from tests.docs.session import ROOT, SESSIONS, Session, blocks, commands
from tests.support import put_environments

TYPES = profile_types()
README = ROOT / "README.md"
TYPE_READMES = tuple(kind.folder / "README.md" for kind in TYPES.values())
OTHERS = (ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
DOCUMENTS = (*SESSIONS, *OTHERS, *TYPE_READMES)
FOLDERS = ("generator/", "templates/", "profiles/", "tests/")


def _name(path: object) -> str:
    return str(path.relative_to(ROOT)) if isinstance(path, Path) else str(path)


@cache
def _text(path: Path) -> str:
    return path.read_text("utf-8")


def _code(text: str) -> Iterator[str]:
    """Yield the commands of *text*: lines of shell and make blocks, and code within sentences."""
    for block in blocks(text):
        if block.language in {"console", "sh", "make"}:
            yield from block.body.replace("\\\n", " ").splitlines()
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


def _verbs() -> dict[str, click.Command]:
    group = typer.main.get_command(app)
    return dict(getattr(group, "commands"))  # noqa: B009  (typer may bring a click of its own)


@pytest.mark.parametrize("path", SESSIONS, ids=_name)
def test_commands_print_what_is_shown(path: Path, tmp_path: Path) -> None:
    session = Session(tmp_path)
    played = session.play(_text(path))
    assert session.problems == []
    assert played == _text(path), "`make refresh` renews what commands print; review the difference"


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_tables_are_fresh(path: Path) -> None:
    text = _text(path)
    for mark, table in refresh.tables(path).items():
        assert refresh.with_table(text, mark, table) == text, "`make refresh` renews it"


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_marks_come_in_pairs(path: Path) -> None:
    marks = re.findall(r"^<!-- (/?[a-z]+) -->$", _text(path), re.MULTILINE)
    assert marks[1::2] == [f"/{mark}" for mark in marks[::2]]


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_complete_profiles_render(path: Path, tmp_path: Path) -> None:
    """A profile that a command of the document renders is the session's; every other one must render as it is."""
    played = " ".join(commands(_text(path)))
    put_environments(path.parent, tmp_path)
    for number, block in enumerate(blocks(_text(path))):
        if block.language != "yaml" or "kind: Profile" not in block.body:
            continue
        documents = list(yaml.safe_load_all(block.body))
        if (block.path and block.path in played) or any(not one["spec"] for one in documents):
            continue
        file = tmp_path / f"{number}.yaml"
        file.write_text(block.body, "utf-8")
        if any("use" in one["spec"] for one in documents):
            continue  # the file that it takes over is not there
        assert render(Request((str(file),), name="example")).written


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
def test_init_writes_what_renders(kind: ProfileType, tmp_path: Path) -> None:
    """Beside it lies an application, which the types that take over another profile speak of."""
    for target, name in (("app", "shop"), (kind.name, "first")):
        written = _meshgen(tmp_path, "init", target, name)
        assert written.returncode == 0, written.stderr
    put_environments(kind.folder, tmp_path)
    rendered = _meshgen(tmp_path, "render", "first.yaml", "-o", "bundle")
    assert rendered.returncode == 0, rendered.stderr
    files = list((tmp_path / "bundle").rglob("*.yaml"))
    assert files
    assert all(yaml.safe_load(file.read_text("utf-8")) for file in files)


def _meshgen(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "generator", *arguments]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_commands_and_options_exist(path: Path) -> None:
    """Nothing is promised that the command does not know."""
    verbs = _verbs()
    for line in _code(_text(path)):
        for verb, rest in re.findall(r"\bmeshgen ([a-z]+)\b([^|#\n]*)", line):
            assert verb in verbs, line
            known = {option for parameter in verbs[verb].params for option in parameter.opts} | {"--help", "-h"}
            for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest):
                assert option in known, f"{line}: {option}"


def test_option_table_lists_every_option_of_render() -> None:
    table = _text(README).partition("Options of `meshgen render`:")[2].partition("\n\n`meshgen --version`")[0]
    listed = set(re.findall(r"`(--?[a-z-]+)", table))
    options = {option for parameter in _verbs()["render"].params for option in parameter.opts if option[0] == "-"}
    assert listed == options | {"-h", "--help"}


def test_verb_table_lists_every_verb() -> None:
    assert set(re.findall(r"^\| `meshgen ([a-z]+)", _text(README), re.MULTILINE)) == set(_verbs())


def test_every_template_is_described() -> None:
    described = set(re.findall(r"^\| `([a-z-]+/[a-z]+\.yaml\.j2)`", _text(SESSIONS[2]), re.MULTILINE))
    files = {path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").glob("*/*.j2")}
    assert described == files
    assert {kind.lower() for kind in KIND_ORDER} | {"kustomization"} == {
        Path(path).name.split(".")[0] for path in files if not path.startswith("extras/")
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _text(path)):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        found = path.parent / file if file else path
        assert found.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", _text(found), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, target


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_named_files_exist(path: Path) -> None:
    for name in re.findall(r"`([A-Za-z_./-]+)`", _text(path)):
        if name.startswith(FOLDERS):
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_no_machine_is_named(path: Path) -> None:
    assert not re.search(r"(?<![\w.])/(home|root|work|tmp|Users)/", _text(path))
