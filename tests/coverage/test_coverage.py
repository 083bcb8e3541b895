"""Each row of the coverage table says what is true: the example is there, is proven, and makes what the row names."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.core.codes import CODES
from generator.intent.fields import find_field
from generator.intent.profile_types import profile_types
from generator.plan.resources import Layer
from generator.rules import registry
from tests.coverage.table import Row, bundle_of, rows
from tests.support import ROOT, meshgen

TYPES = profile_types()
PUBLISHED = ROOT.parent / "shared" / "examples" / "published"
COVERED = [row for row in rows() if row.examples]


def _name(row: Row) -> str:
    return row.id or row.what[:40]


@pytest.mark.parametrize("row", rows(), ids=_name)
def test_row_is_covered_or_says_why_not(row: Row) -> None:
    said = [bool(row.examples), bool(row.document), bool(row.verb), bool(row.open)]
    assert said.count(True) == 1, "one of examples, document, verb and open"
    assert not row.verb or meshgen(row.verb, "--help").code == 0
    assert bool(row.examples) == bool(row.options), "the options stand beside the examples"
    assert not row.document or (ROOT / row.document).is_file()
    assert set(row.rules) <= {module.RULE.code for module in registry()} | set(CODES)


@pytest.mark.parametrize("row", COVERED, ids=_name)
def test_options_are_fields_of_the_type(row: Row) -> None:
    for kind, paths in row.options.items():
        assert all(find_field(TYPES[kind], path) for path in paths)


@pytest.mark.parametrize("row", COVERED, ids=_name)
def test_examples_are_proven_and_make_what_the_row_names(row: Row) -> None:
    bundles = [bundle_of(example) for example in row.examples]
    assert all(bundle.proof.holds for bundle in bundles)
    assert set(row.kinds) <= {one.kind for bundle in bundles for one in bundle.resources}
    assert set(row.files) <= {path for bundle in bundles for path in bundle.written}
    assert row.kinds or row.files or row.rules


@pytest.mark.parametrize("row", [row for row in COVERED if row.rest], ids=_name)
def test_beside_another_mesh_the_network_layer_is_made_and_no_other(row: Row) -> None:
    resources = [one for example in row.examples for one in bundle_of(example).resources]
    assert {one.layer for one in resources} <= {Layer.NETWORK, Layer.NAMESPACE}


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published examples are not beside this checkout")
def test_every_published_block_has_one_row() -> None:
    published = sorted(path.stem for path in PUBLISHED.glob("*.yaml"))
    assert sorted(row.id for row in rows() if row.id) == published


def test_most_profile_types_come_from_the_sources() -> None:
    assert len({kind for row in rows() for kind in row.options}) > len(TYPES) * 2 / 3


def test_rows_are_told_apart() -> None:
    assert len({(row.source, row.what) for row in rows()}) == len(rows())
    assert Path(ROOT / "docs" / "coverage.md").is_file()
