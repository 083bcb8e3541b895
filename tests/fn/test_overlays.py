"""The documented overlays: they add labels, a prefix and images, and not one connection changes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from generator.core.errors import EXIT_FINDINGS, EXIT_OK
from tests.support import ROOT, meshgen

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on this machine")

PROFILE = "profiles/app/examples/checkout.yaml"
OVERLAYS = ("production", "canary")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of what the overlays are made of."""
    for name in ("docs/kustomize", "out/app/checkout"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / PROFILE).parent.mkdir(parents=True)
    shutil.copy(ROOT / PROFILE, tmp_path / PROFILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _built(overlay: str) -> str:
    done = subprocess.run(
        ["kubectl", "kustomize", f"docs/kustomize/overlays/{overlay}"], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlays_break_nothing(tree: Path, overlay: str) -> None:
    checked = meshgen("check", "--kustomize", f"docs/kustomize/overlays/{overlay}", "--env", "kind", "--complete")
    assert (checked.code, checked.out) == (EXIT_OK, ""), checked
    (tree / "built.yaml").write_text(_built(overlay), "utf-8")
    proven = meshgen("verify", PROFILE, "--manifests", "built.yaml")
    assert proven.code == EXIT_OK, proven.out
    assert meshgen("diff", "out/app/checkout", "built.yaml", "--env", "kind").code == EXIT_OK


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlays_do_what_they_say(tree: Path, overlay: str) -> None:
    documents = list(yaml.safe_load_all(_built(overlay)))
    images = {
        container["image"]
        for one in documents
        if one["kind"] == "Deployment"
        for container in one["spec"]["template"]["spec"]["containers"]
    }
    policies = [one["metadata"] for one in documents if one["kind"] == "NetworkPolicy"]
    if overlay == "production":
        assert images == {f"registry.example.com/shop/{tag}" for tag in _TAGS}
        assert all(one["labels"]["team"] == "payments" for one in policies)
    else:
        assert "registry.example.com/shop/checkout-canary:2.0.0-rc.1" in images
        assert all(one["name"].startswith("canary-") for one in policies)
        accounts = {one["metadata"]["name"] for one in documents if one["kind"] == "ServiceAccount"}
        assert accounts == {"storefront", "checkout-sa", "payment-sa"}


_TAGS = ("storefront:2.4.1", "checkout:1.9.0", "payment:3.0.2")

BREAKING = {
    "labels in selectors": ("production", "includeTemplates: true", "includeSelectors: true"),
    "a prefix for accounts": ("canary", "kind: Kustomization\n", "kind: Kustomization\nnamePrefix: c-\n"),
    "another namespace": ("production", "kind: Kustomization\n", "kind: Kustomization\nnamespace: prod\n"),
}


@pytest.mark.parametrize("what", BREAKING)
def test_what_breaks_is_found(tree: Path, what: str) -> None:
    """The same overlays with one mistake each: the check or the proof must object, here both of them do."""
    overlay, old, new = BREAKING[what]
    path = tree / "docs/kustomize/overlays" / overlay / "kustomization.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    checked = meshgen("check", "--kustomize", str(path.parent), "--env", "kind", "--complete", "--fail-on", "warning")
    (tree / "built.yaml").write_text(_built(overlay), "utf-8")
    proven = meshgen("verify", PROFILE, "--manifests", "built.yaml")
    assert EXIT_FINDINGS in (checked.code, proven.code), (checked, proven)
