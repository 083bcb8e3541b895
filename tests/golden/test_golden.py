"""Golden bundles: the same bytes, proven, valid to others' schemas, built by kustomize, and free of findings.

One test for each type asks everything: its bundles are rendered once, whatever the number of processes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from generator.checking.check import CheckRequest, check
from generator.core.findings import Finding
from generator.intent.profile_types import profile_types
from generator.pipeline import Bundle
from tests.environment.test_presets import COVERED
from tests.golden.goldens import BASE, FOLDER, INDEX, Golden, goldens, index, stale
from tests.judges.bundles import write
from tests.judges.test_kustomize import build, by_identity
from tests.judges.test_upstream import judged
from tests.judges.test_yaml_readers import newer, ours
from tests.manifests.upstream import CRDS


@pytest.mark.slow
@pytest.mark.parametrize("kind", profile_types())
def test_golden_bundles(kind: str, tmp_path: Path) -> None:
    assert stale(kind) == [], "see what changed, then `make refresh`"
    rendered = [(one, one.bundle) for one in goldens(kind) if one.bundle is not None]
    assert rendered
    assert all(bundle.proof.holds for _, bundle in rendered)
    files = {text: path for one, _ in rendered for path, text in one.documents.items()}
    for text, path in files.items():
        assert [yaml.safe_load(text)] == newer(text) == ours(text), path
    objects = {text: path for text, path in files.items() if not path.startswith("_")}
    if CRDS.is_file():
        assert {path: wrong for text, path in objects.items() if (wrong := judged(yaml.safe_load(text)))} == {}
    assert [f"{one.mode}, {one.cluster}: {it.code} {it.message}" for one, it in _findings(rendered, tmp_path)] == []
    if shutil.which("kubectl"):
        _build([bundle for one, bundle in rendered if one.cluster == BASE and bundle.files], tmp_path / "built")


def _findings(rendered: list[tuple[Golden, Bundle]], folder: Path) -> Iterator[tuple[Golden, Finding]]:
    """Yield what `meshgen check` finds in each bundle, on its own cluster."""
    for one, bundle in rendered:
        base = folder / one.mode / one.cluster
        base.mkdir(parents=True)
        (base / "bundle.yaml").write_text(bundle.stream, "utf-8")
        environment = folder / f"{one.cluster}.yaml"
        environment.write_text(one.environment, "utf-8")
        found = check(CheckRequest((str(base),), environment=str(environment))).findings
        yield from ((one, finding) for finding in found if finding.code not in COVERED)


def _build(bundles: list[Bundle], folder: Path) -> None:
    """Let `kubectl kustomize` build each bundle, and hold what comes out against the stream."""
    roots = [write(bundle, folder / str(number)) for number, bundle in enumerate(bundles)]
    with ThreadPoolExecutor() as pool:
        for bundle, built in zip(bundles, pool.map(build, roots), strict=True):
            assert by_identity(built) == by_identity(list(yaml.safe_load_all(bundle.stream)))


def test_every_type_has_its_goldens_and_the_index_names_them() -> None:
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(profile_types())
    assert index() in INDEX.read_text("utf-8")
