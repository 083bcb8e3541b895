"""Names may be exchanged and nothing else changes: then, and only then, one proof does for two parts."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from generator.core.errors import InvalidInput
from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import profile_types
from generator.pipeline import Bundle, Request, render
from generator.plan.layout import path_of
from generator.semantics.protocols import KNOWN
from generator.verify.proof import prove
from generator.verify.shapes import BEGINNINGS, READERS, Shapes
from tests.support import ROOT
from tests.verify.mutants import mutants

EXAMPLES = [path for kind in profile_types().values() for path in kind.examples()]
TENANT = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: NAME}
profile: app
environment: kind
spec:
  namespace: NAME
  workloads:
    web: {port: 8080, protocol: http, expose: {gateway: public, hosts: [HOST.example.com], paths: [PATH]}}
    api: {port: 9090, protocol: grpc}
  flows:
    - {from: web, to: api}
"""


def tenant(folder: Path, name: str, host: str = "zzhost", path: str = "/v1/*") -> Bundle:
    file = folder / f"{name}.yaml"
    file.write_text(TENANT.replace("NAME", name).replace("HOST", host).replace("PATH", path), "utf-8")
    return render(Request((str(file),), name="tenants"))


def texts(bundle: Bundle) -> list[str]:
    return [bundle.files[path_of(one)] for one in bundle.resources]


def shape(bundle: Bundle, common: Sequence[object] = ()) -> bytes | None:
    return Shapes([bundle.environment, *common]).shape_of(bundle.intent, texts(bundle))


def test_tenants_that_differ_in_names_have_one_shape(tmp_path: Path) -> None:
    first, second = tenant(tmp_path, "blue-zz"), tenant(tmp_path, "pink-zz", "qqhost")
    assert shape(first) == shape(second) is not None
    assert first.proof == second.proof


@pytest.mark.parametrize(
    ("name", "host", "path"),
    [
        ("bluezzz-qq", "zzhost", "/v1/*"),  # another length: limits count characters
        ("pinkzz-", "zzhost", "/v2/*"),
    ],
)
def test_what_differs_otherwise_has_another_shape(tmp_path: Path, name: str, host: str, path: str) -> None:
    assert shape(tenant(tmp_path, "blue-zz")) != shape(tenant(tmp_path, name.strip("-"), host, path))


@pytest.mark.parametrize("path", ["/blue*", "/v1*", "/x*.png", "/zz-blue/*x"])
def test_a_wildcard_that_may_end_within_a_name_leaves_no_shape(tmp_path: Path, path: str) -> None:
    bundle = tenant(tmp_path, "blue-zz")
    assert Shapes([]).shape_of(bundle.intent, [*texts(bundle), f"paths: ['{path}']"]) is None


PIECES = [
    *("'prefix': /blue", "type: PathPrefix", "regex: blue-.*", "type: RegularExpression", r'"blue\x2a"'),
    *("a: \ue000", "a: blue-zzblue-zz", "a: xblue-zz", "a: '%blue-zz'", "a: *blue-zz"),
]


@pytest.mark.parametrize("text", PIECES)
def test_other_ways_to_meet_a_name_by_piece_leave_no_shape(tmp_path: Path, text: str) -> None:
    bundle = tenant(tmp_path, "blue-zz")
    assert Shapes([]).shape_of(bundle.intent, [*texts(bundle), text]) is None


@pytest.mark.parametrize(
    "names", [("kube-zz", "blue-zz"), ("default", "bluezzz"), ("e77", "zqj"), ("tcp-qz", "blu-qz")]
)
def test_a_name_with_a_meaning_of_its_own_is_not_exchanged(tmp_path: Path, names: tuple[str, str]) -> None:
    special, usual = (tenant(tmp_path, name) for name in names)
    assert len(names[0]) == len(names[1])
    assert shape(special) != shape(usual)


def test_a_name_that_the_common_objects_mention_is_not_exchanged(tmp_path: Path) -> None:
    first, second = tenant(tmp_path, "blue-zz"), tenant(tmp_path, "pink-zz")
    common = ["notNamespaces: [pink-zz]"]
    assert shape(first) == shape(second)
    assert shape(first, common) != shape(second, common)


def renamed(example: Path, folder: Path) -> Iterator[Bundle]:
    """Yield the bundle of *example*, and the same with every free name exchanged for another of its length."""
    bundle = render(Request((str(example),), name="bundle"))
    text = example.read_text("utf-8")
    for number, name in enumerate(sorted(bundle.intent.namespaces, key=len, reverse=True)):
        other = f"q{number}zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"[: len(name)]
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", other, text)
    copy = folder / example.name
    copy.write_text(text, "utf-8")
    yield bundle
    yield render(Request((str(copy),), name="bundle"))


ALONE = [
    path
    for path in EXAMPLES
    if not re.search(r"^ *(use|environment): *(\[|-|[.\w/-]*\.yaml|$)", path.read_text("utf-8"), re.MULTILINE)
]
"""Examples that need no other file beside them."""


@pytest.mark.parametrize("example", ALONE, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_a_proof_does_not_depend_on_names(example: Path, tmp_path: Path) -> None:
    """Every example under other names: as much is compared, and it holds."""
    try:
        first, second = renamed(example, tmp_path)
    except InvalidInput:
        pytest.skip("its namespaces are those of the environment, and cannot have other names")
    assert first.proof == second.proof


@pytest.mark.slow
@pytest.mark.parametrize("example", [path for path in ALONE if path.stem in {"two-tenants", "internal", "admin-panel"}])
def test_what_damages_one_damages_the_other(example: Path, tmp_path: Path) -> None:
    """Every damage under other names: the same connections are lost, or too many."""
    first, second = renamed(example, tmp_path)
    assert sorted(damaged(first)) == sorted(damaged(second))  # their order is that of names


def damaged(bundle: Bundle) -> Iterator[tuple[str, int, list[str]]]:
    documents, _ = read_documents(bundle.stream, "stream")
    for mutant in mutants(documents):
        proof = prove(bundle.intent, bundle.environment, mutant.documents)
        yield (
            mutant.description.split()[0],
            proof.decisions,
            sorted(f"{one.kind} {one.layer} {one.point}" for one in proof.discrepancies),
        )


def many_tenants(folder: Path) -> Path:
    folder.mkdir()
    for number in range(40):
        name = f"zz-{number:02}"
        text = TENANT.replace("NAME", name).replace("HOST", f"qq-{number:02}").replace("PATH", "/v1/*")
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def own_template(folder: Path, name: str, condition: str, text: str) -> Path:
    """Let the template *name* print *text* where *condition* holds, and what it prints elsewhere."""
    bundled = (ROOT / "templates" / name).read_text("utf-8")
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text(f"{{% if {condition} %}}{text}{{% else %}}{bundled}{{% endif %}}", "utf-8")
    return folder


def test_one_of_many_that_its_template_opens_is_found(tmp_path: Path) -> None:
    """The others share a proof; the one whose YAML differs has none of it."""
    profiles = many_tenants(tmp_path / "profiles")
    condition = "r.namespace == 'zz-37' and r.name == 'allow-api'"
    templates = own_template(tmp_path / "templates", "kubernetes/networkpolicy.yaml.j2", condition, OPEN)
    assert render(Request((str(profiles),))).proof.holds
    with pytest.raises(InvalidInput) as caught:
        render(Request((str(profiles),), template_folders=(templates,)))
    assert {one.code for one in caught.value.findings} == {"MG702"}
    assert {one.place.file.partition("/")[0] for one in caught.value.findings if one.place} == {"zz-37"}


BASELINE = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: mesh}
profile: mesh-baseline
environment: kind
spec: {}
"""


@pytest.mark.parametrize(
    ("where", "text", "codes"),
    [
        ("istio-system", "{{ nobody }}", {"MG014"}),
        ("istio-system", "[", {"MG002"}),
        ("zz-37", "{{ nobody }}", {"MG014"}),
        ("zz-37", "[", {"MG002"}),
    ],
)
def test_one_of_many_that_cannot_be_printed_or_read_is_named(
    tmp_path: Path, where: str, text: str, codes: set[str]
) -> None:
    profiles = many_tenants(tmp_path / "profiles")
    (profiles / "mesh.yaml").write_text(BASELINE, "utf-8")
    name = "istio/peerauthentication.yaml.j2"
    templates = own_template(tmp_path / "templates", name, f"r.namespace == '{where}'", text)
    with pytest.raises(InvalidInput) as caught:
        render(Request((str(profiles),), template_folders=(templates,)))
    assert {one.code for one in caught.value.findings} == codes


OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-api, namespace: zz-37}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress, Egress]
  ingress: [{}]
  egress: [{}]
"""


def test_the_readers_are_what_a_proof_loads() -> None:
    program = "import sys, generator.verify.proof, generator.render.verify; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert {name.split(".")[1] for name in loaded if name.startswith("generator.")} == {
        name.removesuffix(".py") for name in READERS
    }


def test_the_beginnings_are_all_that_our_programs_ask_for() -> None:
    asked = {text for name in READERS for file in _files(ROOT / "generator" / name) for text in _asked(file)}
    asked |= {f"{protocol}-" for protocol in KNOWN}
    names = {text for text in asked if re.fullmatch("[a-z][a-z0-9-]*", text)}
    assert names
    assert {text for text in names if not text.startswith(BEGINNINGS)} == set()


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def _asked(file: Path) -> Iterator[str]:
    """Yield the texts with which a module calls `startswith`, also by the name of a constant."""
    tree = ast.parse(file.read_text("utf-8"))
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith":
            given = node.args[0]
            given = constants.get(given.id, given) if isinstance(given, ast.Name) else given
            yield from (
                one.value for one in ast.walk(given) if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


def test_more_names_than_marks_leave_no_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tenant(tmp_path, "blue-zz")
    monkeypatch.setattr("generator.verify.shapes._MOST_NAMES", 1)
    assert shape(bundle) is None


def test_without_sources_nothing_has_a_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tenant(tmp_path, "blue-zz")
    monkeypatch.setattr("generator.verify.shapes._spoken", lambda: "")
    assert shape(bundle) is None


def test_another_object_than_planned_is_another_shape(tmp_path: Path) -> None:
    """The intent is part of the shape: the same YAML for another intent is not the same thing."""
    bundle = tenant(tmp_path, "blue-zz")
    less = replace(bundle.intent, flows=bundle.intent.flows[1:])
    shapes = Shapes([bundle.environment])
    assert shapes.shape_of(less, texts(bundle)) != shapes.shape_of(bundle.intent, texts(bundle))
