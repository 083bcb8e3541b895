"""What kubectl printed becomes an environment file: byte for byte, usable, and never by guessing."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml

from generator.core.errors import InvalidInput
from generator.detection.detect import detect
from generator.environment.load import load_environment
from tests.support import MINIMAL, meshgen, told, walk

CLUSTERS = sorted((Path(__file__).parent / "clusters").iterdir())


def detected(folder: Path) -> str:
    """Return what is read from the objects in *folder*."""
    (source,) = folder.glob("objects.*")
    return detect(source.read_bytes(), source.name)


@pytest.mark.parametrize("folder", CLUSTERS, ids=[one.name for one in CLUSTERS])
def test_facts_of_a_cluster(folder: Path) -> None:
    assert detected(folder) == (folder / "environment.yaml").read_text("utf-8")
    load_environment("environment.yaml", folder)


def test_a_profile_renders_with_what_was_detected(tmp_path: Path) -> None:
    profile = tmp_path / "shop.yaml"
    profile.write_text(MINIMAL.replace("gateway: public", "gateway: istio-ingress"))
    (tmp_path / "here.yaml").write_text(detected(CLUSTERS[0].parent / "gke"))
    run = meshgen("verify", profile, "--env", tmp_path / "here.yaml")
    assert (run.code, run.err) == (0, "")


def test_from_standard_input_and_from_a_file(tmp_path: Path) -> None:
    source = CLUSTERS[0].parent / "gke" / "objects.yaml"
    assert meshgen("env", "detect", "-", stdin=source.read_bytes()).out == meshgen("env", "detect", source).out
    assert meshgen("env", "detect").code == 2
    assert meshgen("env", "kind", source).code == 2
    assert meshgen("env", "detect", tmp_path / "nowhere.yaml").code == 2


POD = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: n, labels: LABELS}, spec: SPEC}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["MG007 1:1"]),
        ("a: [", ["MG002 2:1"]),
        ("items: []\nkind: List", ["MG007 1:1"]),
        ("- 1\n- 2", ["MG007 1:1"]),
        (
            "kind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\n"
            "spec: {selector: {k8s-app: 'a b'}, ports: [{port: 53}]}",
            ["MG012 3:18"],
        ),
        ("kind: Service\nmetadata: {name: kube-dns, namespace: A_B}\nspec:\n  selector: {a: b}\n  ports: [{port: 53}]",
         ["MG012 2:39"]),
        ("kind: ServiceCIDR\nmetadata: {name: k}\nspec: {cidrs: [10.0.0.1/8]}", ["MG012 3:15"]),
    ],
)  # fmt: skip
def test_hostile_input_is_refused_at_its_line(text: str, expected: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        detect(text.encode(), "input")
    assert told(refused.value.findings) == expected


@pytest.mark.parametrize("folder", CLUSTERS, ids=[one.name for one in CLUSTERS])
@pytest.mark.parametrize("junk", [None, 7, "text", [], {}, [None], [[]]], ids=repr)
def test_nothing_that_an_object_holds_is_taken_for_granted(folder: Path, junk: object) -> None:
    """Any field may be anything: then the fact is unknown, or the object is refused; never a crash."""
    (source,) = folder.glob("objects.*")
    text = source.read_text("utf-8")
    for number, data in enumerate(yaml.safe_load_all(text)):
        for route, _ in list(walk(data)):
            if not route or route[-1] in ("kind", "name", "items"):
                continue
            changed = list(yaml.safe_load_all(text))
            at = changed[number]
            for step in route[:-1]:
                at = at[step]
            at[route[-1]] = junk
            with contextlib.suppress(InvalidInput):
                detect(yaml.safe_dump_all(changed).encode(), "input")


DRY_RUNS = {
    "no flag": ("[]", "1.30.3", "false"),
    "flag, new ztunnel": ("[{name: AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY, value: 'true'}]", "1.29.0", "true"),
    "flag, old ztunnel": ("[{name: AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY, value: 'true'}]", "1.28.9", "unknown"),
    "flag, a digest": ("[{name: AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY, value: 'true'}]", "", "unknown"),
}


@pytest.mark.parametrize(("flag", "version", "fact"), DRY_RUNS.values(), ids=DRY_RUNS)
def test_dry_runs_are_passed_on_only_if_every_ztunnel_logs_them(flag: str, version: str, fact: str) -> None:
    pods = [
        POD.replace("LABELS", "{app: istiod}").replace("SPEC", f"{{containers: [{{name: discovery, env: {flag}}}]}}"),
        POD.replace("LABELS", "{app: ztunnel}").replace(
            "SPEC", f"{{containers: [{{name: istio-proxy, image: 'istio/ztunnel:{version}'}}]}}"
        ),
    ]
    text = detect("\n---\n".join(pods).encode(), "pods.yaml")
    assert f"ambientDryRun: {fact}" in text
