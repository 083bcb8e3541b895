"""Profile types, templates and schemas of the user's own, good and bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.core.errors import EXIT_OK, EXIT_WRONG_INPUT
from tests.cli.runs import refused
from tests.support import MINIMAL, ROOT, meshgen, names_in, snapshot


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with one good profile."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "shop.yaml").write_text(MINIMAL)
    return tmp_path


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
    assert "MG010" in refused(here, "own.yaml").err
    run = meshgen("render", "own.yaml", "-o", "-", "--profiles", "types")
    assert run.code == EXIT_OK
    assert "namespace: shop" in run.out
    assert "mine" in meshgen("profiles", "--profiles", "types").out
    (here / "own.yaml").write_text((here / "own.yaml").read_text().replace("shop", "Shop"))
    assert "own.yaml:6:19: error[MG012]" in refused(here, "own.yaml", "--profiles", "types").err


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
    run = refused(here, "own.yaml", "--profiles", "types")
    assert message in run.err
    assert "Traceback" not in run.err


@pytest.mark.parametrize("option", ["--profiles", "--templates", "--schemas"])
def test_a_folder_that_is_not_there(here: Path, option: str) -> None:
    assert "gone: there is no such folder of " in refused(here, "shop.yaml", option, "gone").err
    assert "shop.yaml: there is no such folder of " in refused(here, "shop.yaml", option, "shop.yaml").err


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
    run = refused(here, "shop.yaml", "--templates", "own")
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
    run = refused(here, "shop.yaml", "--schemas", "schemas")
    assert "error[MG601]: `spec.policyTypes` is not a known field" in run.err


@pytest.mark.parametrize("text", ["{", "5", "[]", "{}", '{"properties": {}}', "[" * 100_000])
def test_a_broken_schema(here: Path, text: str) -> None:
    (here / "schemas").mkdir()
    (here / "schemas" / "x.json").write_text(text)
    assert "schemas/x.json: is no schema" in refused(here, "shop.yaml", "--schemas", "schemas").err


def test_schemas_that_only_look_right(here: Path) -> None:
    (here / "schemas").mkdir()
    identity = '"apiVersion": {"const": "networking.k8s.io/v1"}, "kind": {"const": "NetworkPolicy"}'
    path = here / "schemas" / "x.json"
    for rest in ('"spec": {"type": "strng"}', '"spec": {"$ref": "http://127.0.0.1:9/x"}', '"spec": {"pattern": "("}'):
        path.write_text(f'{{"properties": {{{identity}, {rest}}}}}')
        assert "schemas/x.json: is no schema" in refused(here, "shop.yaml", "--schemas", "schemas").err
    path.unlink()
    path.mkdir()
    assert "schemas/x.json: is no schema" in refused(here, "shop.yaml", "--schemas", "schemas").err


@pytest.mark.parametrize("kind", ["../../escape", "a/b", "", ".", "a\x1bb"])
def test_a_crd_names_no_files_elsewhere(here: Path, kind: str) -> None:
    (here / "crds.yaml").write_text(CRD.replace("kind: NetworkPolicy", f"kind: {json.dumps(kind)}"))
    before = snapshot(here.parent)
    run = meshgen("schema", "import", "crds.yaml", "-o", "schemas")
    assert run.code == EXIT_WRONG_INPUT
    assert "MG604" in run.err
    assert snapshot(here.parent) == before
