"""Documents on file: the valid ones pass, each invalid one yields exactly the findings it announces."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.core.findings import Finding
from generator.core.places import Document
from generator.core.yaml_reader import read_documents
from generator.manifests import admission, schema
from tests.manifests.upstream import SHARED

HERE = Path(__file__).parent
PUBLISHED = SHARED / "examples" / "published"
_EXPECTATION = re.compile(r"# expect: (MG\d+) @ (\d+):(\d+)")


def _read(path: Path) -> list[Document]:
    documents, findings = read_documents(path.read_bytes(), path.name)
    assert not findings
    return documents


def _findings(document: Document) -> list[Finding]:
    return schema.check(document) + admission.check(document)


def _told(finding: Finding) -> tuple[str, int, int]:
    assert finding.place is not None
    return finding.code, finding.place.line, finding.place.column


@pytest.mark.parametrize("path", sorted((HERE / "valid").glob("*.yaml")), ids=lambda path: path.stem)
def test_valid_documents_pass(path: Path) -> None:
    assert [finding for document in _read(path) for finding in _findings(document)] == []


@pytest.mark.parametrize("path", sorted((HERE / "invalid").glob("*.yaml")), ids=lambda path: path.stem)
def test_invalid_documents_yield_exactly_their_findings(path: Path) -> None:
    expected = [(code, int(line), int(column)) for code, line, column in _EXPECTATION.findall(path.read_text("utf-8"))]
    found = [_told(finding) for document in _read(path) for finding in _findings(document)]
    assert sorted(found) == sorted(expected)
    assert expected


@pytest.mark.parametrize("path", sorted((HERE / "invalid").glob("*.yaml")), ids=lambda path: path.stem)
def test_messages_are_sentences_for_people(path: Path) -> None:
    for document in _read(path):
        for finding in _findings(document):
            assert "None" not in finding.message
            assert not re.search(r"jsonschema|instance|\bdict\b|\\Z", finding.message + finding.fix)


def test_every_kind_has_a_valid_document() -> None:
    documents = [document for path in (HERE / "valid").glob("*.yaml") for document in _read(path)]
    assert {kind for _, kind in schema.known_kinds()} == {document.data["kind"] for document in documents}


# What was published with these schema mistakes; everything else must pass.
_PUBLISHED_MISTAKES = {
    ("001_14", "IstioOperator"): {"MG603"},  # no CRD since Istio 1.24
    ("001_14", "Pod"): {"MG603"},  # a kind that is not ours
    ("002_07", "Secret"): {"MG603"},
    ("002_12", "EnvoyFilter"): {"MG603"},  # served as v1alpha3 only
    ("003_00", "Service"): {"MG603"},
    ("001_07", "AuthorizationPolicy"): {"MG602"},  # an empty value, refused by istiod
}


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published examples are not beside the project")
def test_published_examples() -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted(PUBLISHED.glob("*.yaml")):
        documents, _ = read_documents(path.read_bytes(), path.name, allow_ambiguous=True)
        for document in documents:
            codes = {finding.code for finding in _findings(document)}
            if codes:
                found[(path.stem, document.data["kind"])] = codes
    assert found == _PUBLISHED_MISTAKES
