"""What `check` reads: lists, exports, folders, links, and input that means harm."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from generator.checking.check import Checked, CheckRequest, check
from tests.support import told

OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from: []
"""
FOUND = "MG101 8:13"
UNRELATED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write(here: Path, content: str | bytes, name: str = "policy.yaml") -> None:
    path = here / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _check(*paths: str, stdin: bytes | None = None) -> Checked:
    return check(CheckRequest(paths=paths, standard_input=stdin))


def _told(*paths: str, stdin: bytes | None = None) -> list[str]:
    return told(_check(*paths, stdin=stdin).findings)


def _files(checked: Checked) -> list[str]:
    return [one.place.file for one in checked.findings if one.place]


# --- shapes of input -----------------------------------------------------------------------------------


def test_standard_input() -> None:
    checked = _check("-", stdin=OPEN.encode())
    assert told(checked.findings) == [FOUND]
    assert _files(checked) == ["<stdin>"]


def test_list_as_kubectl_prints_it() -> None:
    items = [{**yaml.safe_load(OPEN)}, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}]
    listed = {"apiVersion": "v1", "kind": "List", "items": items, "metadata": {"resourceVersion": ""}}
    for text in (yaml.safe_dump(listed), json.dumps(listed, indent=4)):
        checked = _check("-", stdin=text.encode())
        assert [one.code for one in checked.findings] == ["MG101"]
        (finding,) = checked.findings
        assert finding.place is not None
        assert text.splitlines()[finding.place.line - 1].strip().strip('"').startswith(("- from", "from"))
        assert checked.objects == 2
        assert checked.skipped == {"ConfigMap": 1}


def test_lists_of_one_kind_and_lists_in_lists() -> None:
    inner = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicyList", "items": [yaml.safe_load(OPEN)]}
    outer = {"apiVersion": "v1", "kind": "List", "items": [inner, None, "x", {"apiVersion": "v1", "kind": "List"}]}
    checked = _check("-", stdin=json.dumps(outer).encode())
    assert [one.code for one in checked.findings] == ["MG101"]
    assert checked.strangers == 2


def test_many_documents_and_unrelated_kinds(here: Path) -> None:
    _write(here, "\n---\n".join(["---", "# only a comment", OPEN, UNRELATED, UNRELATED, "", "kind: Pig\n", "[1, 2]"]))
    checked = _check("policy.yaml")
    assert [one.code for one in checked.findings] == ["MG101"]
    assert checked.skipped == {"ConfigMap": 2}
    assert checked.strangers == 2


def test_helm_output_is_read_and_helm_templates_are_not(here: Path) -> None:
    _write(here, f"---\n# Source: shop/templates/policy.yaml\n{OPEN}---\n# Source: shop/templates/empty.yaml\n")
    _write(here, "apiVersion: v2\nname: shop\nversion: 1.0.0\n", "chart/Chart.yaml")
    _write(here, "replicas: 1\n", "chart/values.yaml")
    _write(here, "{{ if .Values.on }}\n" + OPEN + "{{ end }}\n", "chart/templates/policy.yaml")
    checked = _check(".")
    assert [one.code for one in checked.findings] == ["MG101"]
    assert checked.charts == ("chart",)
    assert checked.strangers == 2


def test_live_objects_are_judged_by_what_the_user_wrote(here: Path) -> None:
    """Status and what the API server sets are not the user's; a field that nobody knows is."""
    live = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
  namespace: shop
  uid: 5a1b
  resourceVersion: "17"
  generation: 2
  creationTimestamp: 2026-01-01T00:00:00Z
  managedFields: [{manager: kubectl}]
spec:
  mtls: {mode: STRICT}
status:
  conditions: [{type: Reconciled, status: "True"}]
"""
    _write(here, live)
    assert _told("policy.yaml") == []
    _write(here, live.replace("STRICT", "STRIKT").replace("  uid: 5a1b", "  uuid: 5a1b"))
    assert _told("policy.yaml") == ["MG232 6:3", "MG601 12:16"]


def test_what_the_cluster_would_refuse_is_found(here: Path) -> None:
    _write(here, OPEN.replace("[Ingress]", "[Inward]"))
    assert "MG601 6:17" in _told("policy.yaml")
    _write(here, OPEN.replace("- from: []", "- from: [{ipBlock: {cidr: 10.0.0.1/33}}]"))
    assert "MG602 8:31" in _told("policy.yaml")


def test_other_versions_of_a_known_kind_are_named_and_unknown_kinds_counted(here: Path) -> None:
    _write(here, OPEN.replace("networking.k8s.io/v1", "networking.k8s.io/v2"))
    assert _told("policy.yaml")[0] == "MG603 1:13"
    _write(here, "apiVersion: example.com/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {any: thing}\n")
    assert _told("policy.yaml") == []


def test_a_kustomization_needs_no_kind_and_its_patches_are_no_objects(here: Path) -> None:
    _write(here, "resources: [policy.yaml]\npatches: [{path: patch.yaml}]\n", "kustomization.yaml")
    _write(here, OPEN)
    _write(
        here, "kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {name: api}\nspec: {}\n", "patch.yaml"
    )
    checked = _check(".")
    assert [one.code for one in checked.findings] == ["MG101"]
    assert checked.patches == ("patch.yaml",)
    assert checked.objects == 2


# --- folders and files ---------------------------------------------------------------------------------


def test_folders_are_read_to_the_bottom(here: Path) -> None:
    for name in ("a.yaml", "b/c/d.yml", "e.json", "f.txt", ".hidden/g.yaml", ".h.yaml", "i.yaml.bak"):
        _write(here, OPEN if not name.endswith(".json") else json.dumps(yaml.safe_load(OPEN)), name)
    assert _files(_check(".")) == ["a.yaml", "b/c/d.yml", "e.json"]
    assert _files(_check(".hidden", "f.txt")) == [".hidden/g.yaml", "f.txt"]


def test_json_that_is_no_manifest_is_passed_over_in_a_folder(here: Path) -> None:
    _write(here, '{// a comment\n"compilerOptions": {}}', "tsconfig.json")
    _write(here, OPEN)
    assert _told(".") == [FOUND]


def test_a_folder_without_yaml(here: Path) -> None:
    (here / "empty").mkdir()
    assert _told("empty") == ["MG001 1:1"]


def test_each_file_is_read_once(here: Path) -> None:
    _write(here, OPEN, "a/policy.yaml")
    (here / "a" / "same.yaml").symlink_to("policy.yaml")
    (here / "b").symlink_to("a")
    (here / "a" / "loop").symlink_to("..")
    os.link(here / "a" / "policy.yaml", here / "hard.yaml")
    assert _files(_check(".", "a", "a/policy.yaml", "./a/policy.yaml", "b")) == ["hard.yaml"]


def test_links_in_circles_and_to_nowhere(here: Path) -> None:
    (here / "self.yaml").symlink_to("self.yaml")
    (here / "gone.yaml").symlink_to("nowhere")
    _write(here, OPEN)
    assert _told(".") == ["MG001 1:1", FOUND, "MG001 1:1"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders_do_not_stop_the_rest(here: Path) -> None:
    _write(here, OPEN, "a.yaml")
    _write(here, OPEN, "b.yaml")
    _write(here, OPEN, "c/d.yaml")
    (here / "a.yaml").chmod(0)
    (here / "c").chmod(0)
    try:
        assert _told(".") == ["MG001 1:1", FOUND, "MG001 1:1"]
    finally:
        (here / "c").chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_in_a_folder_is_left_alone(here: Path) -> None:
    os.mkfifo(here / "pipe.yaml")
    _write(here, OPEN)
    assert _told(".") == [FOUND]


# --- hostile input -------------------------------------------------------------------------------------

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"---\n---\n", []),
        (b"\xef\xbb\xbf" + OPEN.encode(), [FOUND]),
        (OPEN.replace("\n", "\r\n").encode(), [FOUND]),
        (OPEN.encode("utf-16"), ["MG006 1:1"]),
        (OPEN.encode("utf-16-le"), ["MG006 1:2"]),
        (OPEN.replace("name: api", "name: a\0pi").encode(), ["MG006 3:19"]),
        (OPEN.replace("    - from", "\t- from").encode(), ["MG002 8:1"]),
        (b"\xff\xfe\xfd", ["MG006 1:1"]),
        (b"\x89PNG\r\n\x1a\n", ["MG006 1:1"]),
        (OPEN.encode() + b"spec: {}\n", ["MG003 9:1"]),
        (b"a: *nobody\n", ["MG002 1:4"]),
        (b"&a [*a]\n", ["MG002 1:5"]),
        (b"[" * 100_000, ["MG005 1:202"]),
        (b"{a: " * 100_000, ["MG005 1:802"]),
        (b"? [a, b]\n: 1\nkind: X\napiVersion: v1\n", ["MG008 1:3"]),
        (b"a: !vault secret\nb: !Ref x\n", []),
        (b"apiVersion: v1\nkind: !x Y\n", ["MG008 2:7"]),
        (b"kind: 7\napiVersion: [v1]\nmetadata: 3\n", ["MG601 2:13"]),
        (b"kind: List\napiVersion: v1\nitems: 7\n", []),
        (b"kind: List\napiVersion: v1\nitems: [[], {items: []}]\n", []),
    ],
)
def test_hostile_input_is_a_finding_or_nothing(here: Path, content: bytes, expected: list[str]) -> None:
    _write(here, content)
    found = _told("policy.yaml")
    assert [one for one in found if one in expected] == expected
    if not expected:
        assert found == []


def test_aliases_that_explode_are_stopped(here: Path) -> None:
    _write(here, LAUGHS)
    assert [one.partition(" ")[0] for one in _told("policy.yaml")] == ["MG005"]


def test_one_broken_file_does_not_hide_the_others(here: Path) -> None:
    _write(here, "a: [", "broken.yaml")
    _write(here, OPEN)
    checked = _check(".")
    assert told(checked.findings)[1:] == [FOUND]
    assert not checked.is_whole
