"""What `meshgen render` says when it refuses: all of it, at its place, and nothing that a terminal obeys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.core.errors import EXIT_OK, EXIT_WRONG_INPUT
from generator.core.findings import Finding
from generator.core.places import Place
from generator.report import REPORTERS
from tests.cli.runs import refused
from tests.support import MINIMAL, ROOT, has_places, meshgen

WRONG = MINIMAL.replace("to: api", "to: apu").replace("to: db", "to: dbx").replace("protocol: grpc", "protocl: grpc")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with one good profile."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "shop.yaml").write_text(MINIMAL)
    return tmp_path


def test_all_errors_in_one_run_each_with_place_line_and_cure(here: Path) -> None:
    (here / "shop.yaml").write_text(WRONG)
    run = refused(here, "shop.yaml")
    assert run.out == ""
    assert "shop.yaml:10:23: error[MG011]: `spec.workloads.api.protocl` is not a known field\n" in run.err
    assert "  10 |     api: {port: 9090, protocl: grpc}\n     |                       ^\n" in run.err
    assert "  fix: did you mean 'protocol'?\n" in run.err
    assert run.err.splitlines()[-1].startswith("1 error; nothing was written.")
    (here / "shop.yaml").write_text(WRONG.replace("protocl", "protocol"))
    run = refused(here, "shop.yaml")
    assert "shop.yaml:13:23: error[MG020]" in run.err
    assert "shop.yaml:14:23: error[MG020]" in run.err


def test_errors_for_programs(here: Path) -> None:
    (here / "shop.yaml").write_text(WRONG.replace("protocl", "protocol"))
    run = refused(here, "shop.yaml", "--format", "json")
    data = json.loads(run.out)
    assert run.err == ""
    assert data["schemaVersion"] == 1
    assert [(one["code"], one["file"], one["line"], one["column"], one["severity"]) for one in data["findings"]] == [
        ("MG020", "shop.yaml", 13, 23, "error"),
        ("MG020", "shop.yaml", 14, 23, "error"),
    ]
    assert set(data["findings"][0]) == {"code", "severity", "message", "fix", "file", "line", "column", "related"}


def test_errors_for_pull_requests(here: Path) -> None:
    (here / "a,b%.yaml").write_text(WRONG.replace("protocl", "protocol"))
    lines = refused(here, "a,b%.yaml", "--format", "github").out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("::error file=a%2Cb%25.yaml,line=13,col=23,title=MG020::there is no workload 'apu'")


@pytest.mark.parametrize("output_format", ["text", "json", "github"])
def test_control_characters_of_a_user_are_shown_and_not_obeyed(here: Path, output_format: str) -> None:
    hostile = "\\e[31m\\e]0;x\\a\\r\\b\\u202e\\n::set-output name=x::y"
    for position in ("namespace: shop", "to: api", "{port: 5432"):
        key, _, value = position.partition(": ")
        (here / "shop.yaml").write_text(MINIMAL.replace(position, f'{key}: "{hostile}"', 1))
        run = refused(here, "shop.yaml", "--format", output_format)
        for text in (run.out, run.err):
            assert not any(letter in text for letter in "\x1b\x07\x08\r\u202e")
            assert not any(line.startswith("::set-output") for line in text.splitlines())
        assert value


@pytest.mark.parametrize("output_format", REPORTERS)
def test_no_reporter_obeys_what_it_reports(output_format: str) -> None:
    hostile = "\x1b[31m\x07\r\x85\u202e\u2028\ufeffx\n::set-output name=a::b"
    place = Place(hostile, 1, 1)
    report = REPORTERS[output_format]([Finding("MG012", hostile, place, hostile, related=((place, hostile),))], False)
    assert not any(letter in report for letter in "\x1b\x07\r\x85\u202e\u2028\ufeff")
    assert not any(line.startswith("::set-output") for line in report.splitlines())
    assert "set-output" in report


def test_control_characters_in_the_source_line_do_not_move_the_mark(here: Path) -> None:
    (here / "shop.yaml").write_text(
        MINIMAL.replace("{from: web, to: api}", "{purpose: '\u202e\u200f', from: web, to: apu}")
    )
    lines = refused(here, "shop.yaml").err.splitlines()
    source, mark = next((line, lines[index + 1]) for index, line in enumerate(lines) if "| " in line)
    assert source.index("apu") == mark.index("^")


@pytest.mark.parametrize(
    "text", ["a: [", "a: on\n", "\ta: 1", "a: 1\na: 2\n", "!x a", "\x00", "[" * 100_000, "---\n", "- a\n", "5"]
)
def test_broken_files(here: Path, text: str) -> None:
    (here / "broken.yaml").write_text(text)
    assert has_places(refused(here, "broken.yaml").err, "broken.yaml")
    assert has_places(refused(here, "broken.yaml", "shop.yaml", "--name", "x").err, "broken.yaml")


def test_files_that_cannot_be_read(here: Path) -> None:
    (here / "loop.yaml").symlink_to("loop.yaml")
    (here / "folder.yaml").mkdir()
    (here / "empty").mkdir()
    (here / "odd").mkdir()
    (here / "odd" / "x.yaml").mkdir()
    for name, message in [
        ("gone.yaml", "gone.yaml:1:1: error[MG001]: there is no such file"),
        ("loop.yaml", "loop.yaml:1:1: error[MG001]: cannot be read: "),
        ("folder.yaml", "folder.yaml:1:1: error[MG001]: the folder holds no .yaml file"),
        ("empty", "empty:1:1: error[MG001]: the folder holds no .yaml file"),
        ("odd", "odd/x.yaml:1:1: error[MG001]: cannot be read: Is a directory"),
        ("shop.yaml/x", "shop.yaml/x:1:1: error[MG001]: cannot be read: Not a directory"),
        ("x" * 300, "error[MG001]: cannot be read: File name too long"),
    ]:
        assert message in refused(here, name).err


def test_an_output_that_cannot_be_written(here: Path) -> None:
    (here / "file").write_text("x")
    for place in ("file", "file/below", "."):
        run = refused(here, "shop.yaml", "-o", place)
        assert run.err.startswith("meshgen: ")
        assert run.err.count("\n") == 1


def test_the_same_profile_twice_counts_once(here: Path) -> None:
    assert meshgen("render", "shop.yaml", "shop.yaml").code == EXIT_OK
    assert "MG025" in refused(here, "shop.yaml", "./shop.yaml").err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--layer", "mesh"), "--layer mesh needs -o: in its usual folder it would remove the other layer's files"),
        (("-o", "-", "--check"), "--check and --dry-run compare with a folder: choose one with -o DIR"),
        (("-o", "-", "--dry-run"), "--check and --dry-run compare with a folder: choose one with -o DIR"),
        (("--check", "--depfile", "x.d"), "--check and --dry-run write nothing, and so no --depfile"),
        (("-o", "-", "--depfile", "x.d"), "--depfile speaks of files, and -o - writes none"),
        (("--layer", "both"), "--layer both: choose one of network, mesh, all"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_options_that_contradict_each_other(here: Path, words: tuple[str, ...], expected: str) -> None:
    run = meshgen("render", "shop.yaml", *words)
    assert (run.code, run.out, run.err) == (EXIT_WRONG_INPUT, "", f"meshgen: {expected}\n")
    assert [path.name for path in here.iterdir()] == ["shop.yaml"]


def test_what_a_stream_leaves_out_is_named(here: Path) -> None:
    """Values for Helm are no objects: in a stream they would be applied."""
    example = ROOT / "profiles" / "mesh-install" / "examples"
    profile = sorted(example.glob("*.yaml"))[0]
    run = meshgen("render", profile, "-o", "-")
    assert run.code == EXIT_OK
    assert run.err.startswith("not in the stream, for they are no objects: _install/")
    assert run.err.endswith("; write them with -o DIR\n")
