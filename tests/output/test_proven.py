"""What was proven is remembered, and nothing else: whatever has changed since is rendered and proven anew."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import __main__, pipeline
from generator.cli import unchanged
from generator.cli.quick import plain_arguments
from generator.cli.render import render
from generator.core.errors import EXIT_DIFFERENT, EXIT_OK, EXIT_WRONG_INPUT
from generator.output import proven
from tests.cli.test_quick import FLAGS, OTHER
from tests.support import MINIMAL, ROOT, snapshot

if os.name != "posix":
    pytest.skip("nothing is remembered there: ownership is not to be told", allow_module_level=True)

ENVIRONMENT = """\
apiVersion: meshgen.dev/v1alpha1
kind: Environment
metadata: {name: ours}
extends: kind
spec: {}
"""
MOVE = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: move}
profile: migration-phase-3
spec:
  use: [used/bank.yaml]
"""
WORDS = ["policies", "--env", "ours.yaml", "--templates", "templates", "--profiles", "types", "--schemas", "schemas"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every kind of input: profiles, one that is taken over, and everything of a user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    work = tmp_path / "work"
    for name in ("policies/used", "templates/kubernetes", "types/own", "schemas"):
        (work / name).mkdir(parents=True)
    (work / "policies" / "shop.yaml").write_text(MINIMAL.replace("environment: kind\n", ""))
    (work / "policies" / "move.yaml").write_text(MOVE)
    (work / "policies" / "used" / "bank.yaml").write_text(
        MINIMAL.replace("environment: kind\n", "").replace("shop", "bank")
    )
    (work / "ours.yaml").write_text(ENVIRONMENT)
    template = "kubernetes/networkpolicy.yaml.j2"
    (work / "templates" / template).write_bytes((ROOT / "templates" / template).read_bytes())
    for name in ("schema.json", "intent.yaml.j2"):
        (work / "types" / "own" / name).write_bytes((ROOT / "profiles" / "namespace-baseline" / name).read_bytes())
    schema = {"properties": {"apiVersion": {"const": "example.com/v1"}, "kind": {"const": "Thing"}}}
    (work / "schemas" / "Thing.json").write_text(json.dumps(schema))
    monkeypatch.chdir(work)
    return work


class Meshgen:
    """The command as `main` runs it, in this process; ``renders`` counts those that were not answered from memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.renders = 0
        self.said = self.shown = ""
        self._patch = monkeypatch
        self._captured = capsys
        whole = pipeline.render

        def counted(request: pipeline.Request) -> pipeline.Bundle:
            self.renders += 1
            return whole(request)

        monkeypatch.setattr(pipeline, "render", counted)

    def __call__(self, *words: str) -> int:
        """Run `meshgen render` as a process that starts long after everything was written."""
        newest = max((path.lstat().st_ctime_ns for path in Path().rglob("*")), default=0)
        self._patch.setattr(proven, "STARTED", newest + 10**9)
        self._patch.setattr(proven, "_AT_START", [])
        self._patch.setattr(sys, "argv", ["meshgen", "render", *words])
        try:
            __main__.main()
            code = EXIT_OK
        except SystemExit as end:
            code = int(str(end.code))
        self.shown, self.said = self._captured.readouterr()
        return code


@pytest.fixture
def meshgen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Meshgen:
    return Meshgen(monkeypatch, capsys)


def _kept(here: Path) -> list[Path]:
    return sorted((here.parent / "cache" / "meshgen" / "proven").glob("*"))


def test_nothing_changed(here: Path, meshgen: Meshgen) -> None:
    assert meshgen(*WORDS) == EXIT_OK
    assert meshgen.said == "out/policies: 33 files, 33 new\n"
    before = snapshot(here)
    for words, said in (
        ((), "out/policies: 33 files, unchanged\n"),
        (("--check",), "out/policies: up to date\n"),
        (("--dry-run",), "out/policies: up to date\n"),
    ):
        assert meshgen(*WORDS, *words) == EXIT_OK
        assert (meshgen.said, meshgen.shown) == (said, "")
        assert snapshot(here) == before
    assert meshgen.renders == 1


def test_it_says_what_a_render_says(meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHGEN_NO_CACHE", "1")
    for words in ([], [], ["--check"], ["--dry-run"]):
        meshgen(*WORDS, *words)
        anew = (meshgen.said, meshgen.shown)
        monkeypatch.delenv("MESHGEN_NO_CACHE")
        meshgen(*WORDS, *words)
        meshgen(*WORDS, *words)
        assert (meshgen.said, meshgen.shown) == (anew[0].replace("33 new", "unchanged"), anew[1])
        monkeypatch.setenv("MESHGEN_NO_CACHE", "1")


def test_a_check_is_remembered_too(meshgen: Meshgen) -> None:
    meshgen(*WORDS, "-o", "there")
    for path in _kept(Path.cwd()):
        path.unlink()
    for _ in range(3):
        assert meshgen(*WORDS, "-o", "there", "--check") == EXIT_OK
    assert meshgen.renders == 2


def _edit(name: str, old: str = "", new: str = "\n") -> Callable[[], None]:
    def edit() -> None:
        path = Path(name)
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        text = path.read_text()
        path.write_text(text.replace(old, new, 1) if old else text + new)
        os.utime(path, ns=times)  # contents decide, not times

    edit.__name__ = f"edit {name}"
    return edit


def _add(name: str, text: str = "") -> Callable[[], None]:
    def add() -> None:
        Path(name).write_text(text)

    add.__name__ = f"add {name}"
    return add


def _link(name: str, aside: str) -> Callable[[], None]:
    def link() -> None:
        Path(name).rename(aside)
        Path(name).symlink_to(Path(aside).resolve())

    link.__name__ = f"link {name}"
    return link


@pytest.mark.parametrize(
    "change",
    [
        _edit("policies/shop.yaml"),
        _edit("policies/shop.yaml", "9090", "9091"),
        _edit("policies/move.yaml"),
        _edit("policies/used/bank.yaml"),
        _edit("ours.yaml"),
        _edit("templates/kubernetes/networkpolicy.yaml.j2"),
        _edit("types/own/schema.json"),
        _edit("types/own/intent.yaml.j2"),
        _edit("schemas/Thing.json"),
        _add("policies/more.yaml", MINIMAL.replace("environment: kind\n", "").replace("shop", "more")),
        _add("templates/kubernetes/serviceaccount.yaml.j2"),
        _add("types/more"),
        _add("schemas/More.json", '{"properties": {"apiVersion": {"const": "a/v1"}, "kind": {"const": "B"}}}'),
        lambda: Path("policies/move.yaml").unlink(),
        _link("policies", "elsewhere"),
        _link("ours.yaml", "theirs.yaml"),
    ],
)
def test_another_input(meshgen: Meshgen, change: Callable[[], object]) -> None:
    meshgen(*WORDS)
    change()
    meshgen(*WORDS, "--check")
    assert meshgen.renders == 2


FILE = "out/policies/shop/network/networkpolicy-allow-api.yaml"


@pytest.mark.parametrize(
    "change",
    [
        _edit(FILE, "9090", "9091"),
        _edit(FILE),
        lambda: Path(FILE).unlink(),
        _link(FILE, "aside"),
        _link("out/policies/shop", "aside"),
        _link("out/policies", "aside"),
        lambda: Path("out").rename("aside"),
        lambda: Path("out/policies/.meshgen.json").unlink(),
        _edit("out/policies/.meshgen.json"),
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


def test_the_same_question_in_another_spelling(meshgen: Meshgen) -> None:
    meshgen("policies", "-o", "out", "--env", "ours.yaml", "--templates", "templates")
    meshgen("-o", "x", "--templates", "./templates/", "--env", "ours.yaml", "policies", "-o", "out", "--layer", "all")
    assert meshgen.renders == 1


@pytest.mark.parametrize("words", [["--set", "shop:spec.namespace=till"], ["--format", "github"], ["--force"]])
def test_options_are_remembered(meshgen: Meshgen, words: list[str]) -> None:
    for _ in range(2):
        assert meshgen("policies", "--env", "kind", *words) == EXIT_OK
    assert meshgen.renders == 1


def test_depfile(meshgen: Meshgen) -> None:
    words = [*WORDS, "--depfile", "out.d"]
    meshgen(*words)
    meshgen(*words)
    assert meshgen.renders == 1
    assert meshgen(*words, "--check") == EXIT_WRONG_INPUT
    before = Path("out.d").read_bytes()
    Path("out.d").unlink()
    meshgen(*words)
    assert meshgen.renders == 2
    assert Path("out.d").read_bytes() == before


@pytest.mark.parametrize("words", [["-", "-o", "out"], ["policies/shop.yaml", "-o", "-"]], ids=" ".join)
def test_streams_are_not_remembered(
    here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MINIMAL.encode())))
        assert meshgen(*words, "--env", "kind") == EXIT_OK
    assert meshgen.renders == 2
    assert _kept(here) == []


def test_mistakes_are_not_remembered(here: Path, meshgen: Meshgen) -> None:
    (here / "policies" / "shop.yaml").write_text(MINIMAL.replace("to: api", "to: apu"))
    for _ in range(2):
        assert meshgen("policies/shop.yaml") == EXIT_WRONG_INPUT
        assert "MG020" in meshgen.said
    assert _kept(here) == []


def test_names_that_nobody_vouches_for(here: Path, meshgen: Meshgen) -> None:
    (here / "a\tb.yaml").write_text(MINIMAL)
    (here / "policies" / "link.yaml").symlink_to(here / "a\tb.yaml")
    for name in ("a\tb.yaml", "policies/link.yaml"):
        assert meshgen(name, "-o", "out") == EXIT_OK
    assert _kept(here) == []


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
    assert _kept(here) == []
    meshgen(*WORDS)
    assert meshgen.said == "out/policies: 33 files, 3 changed\n"


@pytest.mark.parametrize("damage", ["cut", "empty", "longer", "edited", "readable", "link", "folder", "pipe"])
def test_a_memory_that_is_not_what_was_kept(here: Path, meshgen: Meshgen, damage: str) -> None:
    meshgen(*WORDS)
    (path,) = _kept(here)
    content = path.read_bytes()
    new = {
        "cut": content[: len(content) // 2],
        "empty": b"",
        "longer": content + b"\n",
        "edited": content.replace(b"out/policies", b"out/policiez"),
    }
    if damage in new:
        path.write_bytes(new[damage])
    elif damage == "readable":
        path.chmod(0o640)
    else:
        path.rename(here / "kept")
        make: dict[str, Callable[[], None]] = {
            "link": lambda: path.symlink_to(here / "kept"),
            "folder": path.mkdir,
            "pipe": lambda: os.mkfifo(path),
        }
        make[damage]()
    assert meshgen(*WORDS) == EXIT_OK
    assert meshgen.said == "out/policies: 33 files, unchanged\n"
    assert meshgen.renders == 2


@pytest.mark.parametrize("mode", [0o750, 0o707, 0o777])
def test_a_folder_that_others_may_enter(here: Path, meshgen: Meshgen, mode: int) -> None:
    meshgen(*WORDS)
    for folder in (here.parent / "cache" / "meshgen", here.parent / "cache" / "meshgen" / "proven"):
        folder.chmod(mode)
        meshgen(*WORDS)
        folder.chmod(0o700)
    assert meshgen.renders == 3


def test_somebody_elses_folder(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    meshgen(*WORDS)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    meshgen(*WORDS)
    assert meshgen.renders == 2


@pytest.mark.parametrize("base", ["/dev/null/nowhere", "relative", "/proc/nowhere"])
def test_no_place_to_keep_anything(meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    for _ in range(2):
        assert meshgen(*WORDS) == EXIT_OK
    assert meshgen.renders == 2


def test_switched_off(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    meshgen(*WORDS)
    monkeypatch.setenv("MESHGEN_NO_CACHE", "1")
    kept = _kept(here)
    meshgen(*WORDS)
    assert meshgen.renders == 2
    assert _kept(here) == kept


def test_a_full_disk(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert meshgen("policies", "--env", "kind") == EXIT_OK
    assert _kept(here) == []


def test_old_ones_do_not_pile_up(here: Path, meshgen: Meshgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proven, "_MOST", 2)
    for number in range(4):
        meshgen("policies/shop.yaml", "--env", "kind", "-o", f"out-{number}")
    assert len(_kept(here)) == 2
    meshgen("policies/shop.yaml", "--env", "kind", "-o", "out-3")
    assert meshgen.renders == 4


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


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*FLAGS, "--depfile", *OTHER]), max_size=6))
def test_words_are_read_as_a_render_reads_them(words: list[str]) -> None:
    read = unchanged._read(words)
    if read is not None:
        plain = plain_arguments(render, words)
        assert plain is not None
        assert unchanged.question(read) == unchanged.question(plain)
        assert {name for name in ("check", "dry_run") if plain[name]} == {"check", "dry_run"} & read.keys()


def test_every_option_is_known() -> None:
    flags = {flag for words in ([*unchanged.SWITCHES], [*unchanged.VALUES]) for flag in words}
    assert {*FLAGS, "--depfile"} == flags


def test_as_processes(here: Path) -> None:
    """Two at once, then one that loads nothing of what renders."""
    command = [sys.executable, "-c", "from generator.__main__ import main; main()", "render", *WORDS]
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen(command, env=settings, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert all(one.communicate()[1].startswith("out/policies: 33 files") for one in both)
    assert [one.returncode for one in both] == [EXIT_OK, EXIT_OK]
    _edit("policies/shop.yaml", "9090", "9090")()
    subprocess.run(command, env=settings, check=True, capture_output=True)
    command[2] += "; import sys; print(*sorted(set(sys.modules) - before))"
    command[2] = "import sys; before = set(sys.modules); " + command[2]
    done = subprocess.run(command, env=settings, check=True, capture_output=True, text=True)
    loaded = {name for name in done.stdout.split() if not name.startswith("generator")}
    assert loaded <= {"__future__", "_blake2", "gc", "time"}
    assert len(_kept(here)) == 1
