"""The command `meshgen render`: what it prints where, what it writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from generator.core.errors import EXIT_BROKEN_PIPE, EXIT_DIFFERENT, EXIT_OK, EXIT_OUR_BUG, EXIT_WRONG_INPUT
from generator.pipeline import Request, render
from tests.support import MINIMAL, ROOT, Run, has_places, meshgen, names_in, snapshot

WRONG = MINIMAL.replace("to: api", "to: apu").replace("to: db", "to: dbx").replace("protocol: grpc", "protocl: grpc")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with one good profile."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "shop.yaml").write_text(MINIMAL)
    return tmp_path


def _refused(here: Path, *arguments: str | Path, stdin: str | bytes | None = None) -> Run:
    before = snapshot(here)
    run = meshgen("render", *arguments, stdin=stdin)
    assert run.code == EXIT_WRONG_INPUT, run
    assert snapshot(here) == before, "nothing is written"
    return run


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
    assert "<stdin>:13:23: error[MG020]" in _refused(here, "-", stdin=MINIMAL.replace("to: api", "to: apu")).err
    assert "<stdin>:1:1: error[MG007]" in _refused(here, "-", stdin="").err


def test_a_folder_of_profiles(here: Path) -> None:
    (here / "team").mkdir()
    (here / "team" / "one.yaml").write_text(MINIMAL)
    (here / "team" / "two.yml").write_text(MINIMAL.replace("shop", "mall"))
    (here / "team" / "README.md").write_text("no profile")
    assert meshgen("render", "team").err.startswith("out/team: ")
    assert names_in(here / "out" / "team") == [".meshgen.json", "kustomization.yaml", "mall", "shop"]


def test_several_files_need_a_name(here: Path) -> None:
    (here / "mall.yaml").write_text(MINIMAL.replace("shop", "mall"))
    assert "--name" in _refused(here, "shop.yaml", "mall.yaml").err
    assert meshgen("render", "shop.yaml", "mall.yaml", "--name", "both").err.startswith("out/both: ")


@pytest.mark.parametrize("name", ["", "a b", "../x", "/x", "a/b", "-x", "x" * 64, "a\nb", "\x1b[31m", "..", "é"])
def test_a_bundle_needs_a_name_that_labels_and_folders_take(here: Path, name: str) -> None:
    run = _refused(here, "shop.yaml", "--name", name)
    assert "is no name for a bundle" in run.err
    assert "\x1b" not in run.err


def test_a_name_is_taken_from_the_file_only_where_it_fits(here: Path) -> None:
    (here / "two of them.yaml").write_text(MINIMAL + "---\n" + MINIMAL.replace("shop", "mall"))
    assert "'two of them' is no name for a bundle" in _refused(here, "two of them.yaml").err


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
    assert "choose one with -o DIR" in _refused(here, "shop.yaml", "-o", "-", option).err


def test_hand_edited_files_are_kept_unless_forced(here: Path) -> None:
    meshgen("render", "shop.yaml")
    edited = here / "out" / "shop" / "kustomization.yaml"
    edited.write_text("mine")
    (here / "shop.yaml").write_text(MINIMAL.replace("5432", "3306"))
    assert "edited by hand" in _refused(here, "shop.yaml").err
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
    assert "MG022" in _refused(here, "shop.yaml", "--env", "knid").err
    assert "did you mean 'kind'?" in _refused(here, "shop.yaml", "--env", "knid").err
    assert "MG029" in _refused(here, "shop.yaml", "--env", "generic").err, "it does not say which gateways there are"
    (here / "prod.yaml").write_text(environment.replace("dns:", "dsn:"))
    assert has_places(_refused(here, "shop.yaml", "--env", "prod.yaml").err, "prod.yaml")


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
    run = _refused(here, "shop.yaml", "--set", "spec.namespace=Mall", "--set", "spec.flows.0.to=apu")
    assert "--set:1:1: error[MG012]" in run.err


@pytest.mark.parametrize(
    ("layer", "kinds"), [("network", {"NetworkPolicy"}), ("mesh", {"PeerAuthentication", "AuthorizationPolicy"})]
)
def test_layers(layer: str, kinds: set[str]) -> None:
    run = meshgen("render", "shop.yaml", "-o", "-", "--layer", layer)
    assert {one["kind"] for one in yaml.safe_load_all(run.out)} == kinds


@pytest.mark.parametrize(("option", "value"), [("--layer", "both"), ("--format", "xml"), ("--layer", "x\n\x1b[31m")])
def test_choices(here: Path, option: str, value: str) -> None:
    run = _refused(here, "shop.yaml", option, value)
    assert "choose one of" in run.err
    assert "\x1b" not in run.err


@pytest.mark.parametrize("arguments", [[], ["--nope"], ["shop.yaml", "--env"], ["shop.yaml", "-o"]])
def test_usage(here: Path, arguments: list[str]) -> None:
    _refused(here, *arguments)


# --- errors ------------------------------------------------------------------------------------------------


def test_all_errors_in_one_run_each_with_place_line_and_cure(here: Path) -> None:
    (here / "shop.yaml").write_text(WRONG)
    run = _refused(here, "shop.yaml")
    assert run.out == ""
    assert "shop.yaml:10:23: error[MG011]: `spec.workloads.api.protocl` is not a known field\n" in run.err
    assert "  10 |     api: {port: 9090, protocl: grpc}\n     |                       ^\n" in run.err
    assert "  fix: did you mean 'protocol'?\n" in run.err
    assert run.err.splitlines()[-1].startswith("2 errors; nothing was written.")
    (here / "shop.yaml").write_text(WRONG.replace("protocl", "protocol"))
    run = _refused(here, "shop.yaml")
    assert "shop.yaml:13:23: error[MG020]" in run.err
    assert "shop.yaml:14:23: error[MG020]" in run.err


def test_errors_for_programs(here: Path) -> None:
    (here / "shop.yaml").write_text(WRONG.replace("protocl", "protocol"))
    run = _refused(here, "shop.yaml", "--format", "json")
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
    lines = _refused(here, "a,b%.yaml", "--format", "github").out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("::error file=a%2Cb%25.yaml,line=13,col=23,title=MG020::there is no workload 'apu'")


@pytest.mark.parametrize("output_format", ["text", "json", "github"])
def test_control_characters_of_a_user_are_shown_and_not_obeyed(here: Path, output_format: str) -> None:
    hostile = "\\e[31m\\e]0;x\\a\\r\\b\\u202e\\n::set-output name=x::y"
    for position in ("namespace: shop", "to: api", "{port: 5432"):
        key, _, value = position.partition(": ")
        (here / "shop.yaml").write_text(MINIMAL.replace(position, f'{key}: "{hostile}"', 1))
        run = _refused(here, "shop.yaml", "--format", output_format)
        for text in (run.out, run.err):
            assert not any(letter in text for letter in "\x1b\x07\x08\r\u202e")
            assert not any(line.startswith("::set-output") for line in text.splitlines())
        assert value


def test_control_characters_in_the_source_line_do_not_move_the_mark(here: Path) -> None:
    (here / "shop.yaml").write_text(
        MINIMAL.replace("{from: web, to: api}", "{purpose: '\u202e\u200f', from: web, to: apu}")
    )
    lines = _refused(here, "shop.yaml").err.splitlines()
    source, mark = next((line, lines[index + 1]) for index, line in enumerate(lines) if "| " in line)
    assert source.index("apu") == mark.index("^")


@pytest.mark.parametrize(
    "text", ["a: [", "a: on\n", "\ta: 1", "a: 1\na: 2\n", "!x a", "\x00", "[" * 100_000, "---\n", "- a\n", "5"]
)
def test_broken_files(here: Path, text: str) -> None:
    (here / "broken.yaml").write_text(text)
    assert has_places(_refused(here, "broken.yaml").err, "broken.yaml")
    assert has_places(_refused(here, "broken.yaml", "shop.yaml", "--name", "x").err, "broken.yaml")


def test_files_that_cannot_be_read(here: Path) -> None:
    (here / "loop.yaml").symlink_to("loop.yaml")
    (here / "folder.yaml").mkdir()
    (here / "empty").mkdir()
    (here / "odd").mkdir()
    (here / "odd" / "x.yaml").mkdir()
    for name, message in [
        ("gone.yaml", "gone.yaml:1:1: error[MG001]: cannot be read: No such file"),
        ("loop.yaml", "loop.yaml:1:1: error[MG001]: cannot be read: "),
        ("folder.yaml", "folder.yaml:1:1: error[MG001]: the folder holds no .yaml file"),
        ("empty", "empty:1:1: error[MG001]: the folder holds no .yaml file"),
        ("odd", "odd/x.yaml:1:1: error[MG001]: cannot be read: Is a directory"),
        ("shop.yaml/x", "shop.yaml/x:1:1: error[MG001]: cannot be read: Not a directory"),
        ("x" * 300, "error[MG001]: cannot be read: File name too long"),
    ]:
        assert message in _refused(here, name).err


def test_an_output_that_cannot_be_written(here: Path) -> None:
    (here / "file").write_text("x")
    for place in ("file", "file/below", "."):
        run = _refused(here, "shop.yaml", "-o", place)
        assert run.err.startswith("meshgen: ")
        assert run.err.count("\n") == 1


def test_the_same_profile_twice_counts_once(here: Path) -> None:
    assert meshgen("render", "shop.yaml", "shop.yaml").code == EXIT_OK
    assert "MG025" in _refused(here, "shop.yaml", "./shop.yaml").err


# --- folders of the user's own ----------------------------------------------------------------------------


def _type(here: Path, name: str = "mine", **files: str) -> None:
    folder = here / "types" / name
    folder.mkdir(parents=True)
    schema = '{"description": "Mine.", "type": "object", "properties": {"namespace": {"$ref": "#/$defs/name"}}}'
    template = "namespaces:\n  - name: {{ spec.namespace }}\n"
    for file, text in {"schema.json": schema, "intent.yaml.j2": template, **files}.items():
        (folder / file).write_text(text)
    text = (
        f"apiVersion: meshgen.dev/v1alpha1\nkind: Profile\nmetadata: {{name: x}}\nprofile: {name}\nenvironment: kind\n"
    )
    (here / "own.yaml").write_text(f"{text}spec: {{namespace: shop}}\n")


def test_a_profile_type_of_the_users_own(here: Path) -> None:
    _type(here)
    assert "MG010" in _refused(here, "own.yaml").err
    run = meshgen("render", "own.yaml", "-o", "-", "--profiles", "types")
    assert run.code == EXIT_OK
    assert "namespace: shop" in run.out
    assert "mine" in meshgen("profiles", "--profiles", "types").out
    (here / "own.yaml").write_text((here / "own.yaml").read_text().replace("shop", "Shop"))
    assert "own.yaml:6:19: error[MG012]" in _refused(here, "own.yaml", "--profiles", "types").err


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("intent.yaml.j2", "\n{{ nobody }}", "types/mine/intent.yaml.j2:2:1: error[MG014]: 'nobody' is undefined"),
        ("intent.yaml.j2", "\n{{ spec.x }}", "types/mine/intent.yaml.j2:2:1: error[MG014]"),
        ("intent.yaml.j2", "\n{{ spec.items }}", "types/mine/intent.yaml.j2:2:1: error[MG014]: the template prints a"),
        ("intent.yaml.j2", "{% for %}", "types/mine/intent.yaml.j2:1:1: error[MG014]"),
        ("intent.yaml.j2", "{{ ''.__class__ }}", "types/mine/intent.yaml.j2:1:1: error[MG014]"),
        ("intent.yaml.j2", "{% include 'mine/intent.yaml.j2' %}", "error[MG014]: RecursionError"),
        ("intent.yaml.j2", "a: [", "error[MG002]"),
        ("intent.yaml.j2", "a: 1\n---\nb: 2\n", "printed 2 documents"),
        ("intent.yaml.j2", "", "printed 0 documents"),
        ("intent.yaml.j2", "namespace: x\n", "error[MG011]"),
        ("intent.yaml.j2", "namespaces: 5\n", "error[MG012]"),
        ("intent.yaml.j2", "- 5\n", "error[MG012]"),
        ("intent.yaml.j2", "a: !!python/object:os.system x\n", "error[MG008]"),
        ("schema.json", "{", "types/mine/schema.json: not valid JSON"),
        ("schema.json", "[]", "types/mine/schema.json: a JSON Schema is an object"),
        ("schema.json", "[" * 100_000, "types/mine/schema.json: not valid JSON"),
        ("schema.json", '{"type": "strng"}', "types/mine/schema.json: not a valid JSON Schema"),
        ("schema.json", '{"properties": {"namespace": {"pattern": "("}}}', "not a valid JSON Schema"),
        ("schema.json", '{"properties": {"namespace": {"$ref": "#/$defs/gone"}}}', "leads to nothing"),
        ("schema.json", '{"$ref": "http://127.0.0.1:9/schema.json"}', "leads to nothing"),
        ("schema.json", '{"properties": {"namespace": {"type": "integer"}}}', "own.yaml:6:19: error[MG012]"),
    ],
)
def test_a_broken_profile_type(here: Path, file: str, text: str, message: str) -> None:
    _type(here, **{file: text})
    run = _refused(here, "own.yaml", "--profiles", "types")
    assert message in run.err
    assert "Traceback" not in run.err


@pytest.mark.parametrize("option", ["--profiles", "--templates", "--schemas"])
def test_a_folder_that_is_not_there(here: Path, option: str) -> None:
    assert "gone: there is no such folder of " in _refused(here, "shop.yaml", option, "gone").err
    assert "shop.yaml: there is no such folder of " in _refused(here, "shop.yaml", option, "shop.yaml").err


def _template(here: Path, text: str) -> None:
    (here / "own" / "kubernetes").mkdir(parents=True)
    (here / "own" / "kubernetes" / "networkpolicy.yaml.j2").write_text(text)


def test_a_template_of_the_users_own(here: Path) -> None:
    _template(here, "{% include 'bundled.j2' %}")
    bundled = ROOT / "templates" / "kubernetes" / "networkpolicy.yaml.j2"
    (here / "own" / "bundled.j2").write_text("# ours\n" + bundled.read_text())
    run = meshgen("render", "shop.yaml", "-o", "-", "--templates", "own")
    assert run.code == EXIT_OK
    assert run.out.count("# ours\n") == run.out.count("kind: NetworkPolicy\n") > 0
    assert run.out.replace("# ours\n", "") == meshgen("render", "shop.yaml", "-o", "-").out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n{{ nobody }}", "own/kubernetes/networkpolicy.yaml.j2:2:1: error[MG014]: 'nobody' is undefined"),
        ("\n{{ r }}", "own/kubernetes/networkpolicy.yaml.j2:2:1: error[MG014]: the template prints a Resource"),
        ("{{ 1/0 }}", "error[MG014]: ZeroDivisionError"),
        ("a: [", "error[MG002]"),
        ("a: on", "error[MG004]"),
        ("a: 1\na: 2\n", "error[MG003]"),
        ("", "error[MG605]: the template printed 0 documents"),
        ("a: 1\n---\nb: 2\n", "error[MG605]: the template printed 2 documents"),
        ("- 5", "error[MG601]"),
        ("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x, namespace: z}\n", "error[MG605]"),
        ("apiVersion: v1\nkind: ServiceAccount\nmetadata: [5]\n", "error[MG605]"),
        (
            "apiVersion: {{ r.api_version }}\nkind: {{ r.kind }}\n"
            "metadata: {name: {{ r.name }}, namespace: {{ r.namespace }}}\nspec: {x: 1}\n",
            "error[MG601]",
        ),
    ],
)
def test_a_broken_template(here: Path, text: str, message: str) -> None:
    _template(here, text)
    run = _refused(here, "shop.yaml", "--templates", "own")
    assert message in run.err


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: networkpolicies.networking.k8s.io}
spec:
  group: networking.k8s.io
  names: {kind: NetworkPolicy}
  versions:
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {podSelector: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
"""


def test_schemas_of_a_cluster(here: Path) -> None:
    (here / "crds.yaml").write_text(CRD)
    assert meshgen("schema", "import", "crds.yaml", "-o", "schemas").code == EXIT_OK
    assert names_in(here / "schemas") == ["NetworkPolicy.networking.k8s.io_v1.json"]
    run = _refused(here, "shop.yaml", "--schemas", "schemas")
    assert "error[MG601]: `spec.policyTypes` is not a known field" in run.err


@pytest.mark.parametrize("text", ["{", "5", "[]", "{}", '{"properties": {}}', "[" * 100_000])
def test_a_broken_schema(here: Path, text: str) -> None:
    (here / "schemas").mkdir()
    (here / "schemas" / "x.json").write_text(text)
    assert "schemas/x.json: is no schema" in _refused(here, "shop.yaml", "--schemas", "schemas").err


def test_schemas_that_only_look_right(here: Path) -> None:
    (here / "schemas").mkdir()
    identity = '"apiVersion": {"const": "networking.k8s.io/v1"}, "kind": {"const": "NetworkPolicy"}'
    path = here / "schemas" / "x.json"
    for rest in ('"spec": {"type": "strng"}', '"spec": {"$ref": "http://127.0.0.1:9/x"}', '"spec": {"pattern": "("}'):
        path.write_text(f'{{"properties": {{{identity}, {rest}}}}}')
        assert "schemas/x.json: is no schema" in _refused(here, "shop.yaml", "--schemas", "schemas").err
    path.unlink()
    path.mkdir()
    assert "schemas/x.json: is no schema" in _refused(here, "shop.yaml", "--schemas", "schemas").err


@pytest.mark.parametrize("kind", ["../../escape", "a/b", "", ".", "a\x1bb"])
def test_a_crd_names_no_files_elsewhere(here: Path, kind: str) -> None:
    (here / "crds.yaml").write_text(CRD.replace("kind: NetworkPolicy", f"kind: {json.dumps(kind)}"))
    before = snapshot(here.parent)
    run = meshgen("schema", "import", "crds.yaml", "-o", "schemas")
    assert run.code == EXIT_WRONG_INPUT
    assert "MG604" in run.err
    assert snapshot(here.parent) == before


def test_codes_are_told_apart() -> None:
    assert [EXIT_OK, EXIT_DIFFERENT, EXIT_WRONG_INPUT, EXIT_OUR_BUG, EXIT_BROKEN_PIPE] == [0, 1, 2, 3, 141]
