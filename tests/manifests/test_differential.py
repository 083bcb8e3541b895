"""Our judgement against the API server's, as far as the published CRDs with their CEL rules tell it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.core.findings import Severity
from generator.core.places import Document, Json, Route
from generator.core.yaml_reader import read_documents
from generator.manifests import admission, schema
from tests.manifests import cel
from tests.manifests.upstream import crd_schemas, needs_upstream

HERE = Path(__file__).parent


def _documents(folder: str) -> list[Document]:
    found: list[Document] = []
    for path in sorted((HERE / folder).glob("*.yaml")):
        found += read_documents(path.read_bytes(), path.name)[0]
    return found


def _identity(document: Document) -> tuple[str, str]:
    data = document.data if isinstance(document.data, dict) else {}
    return str(data.get("apiVersion")), str(data.get("kind"))


VALID = [document for document in _documents("valid") if "istio.io" in _identity(document)[0]]


ROUTING = {"Gateway", "VirtualService", "HTTPRoute"}
"""Kinds of which only the structure is checked here; their CEL rules judge every rendered route (tests/judges)."""


def _refused(document: Document) -> bool:
    findings = schema.check(document) + admission.check(document)
    return any(finding.severity is Severity.ERROR for finding in findings)


@needs_upstream
@pytest.mark.parametrize("document", VALID, ids=lambda document: f"{document.file}-{document.data['metadata']['name']}")
def test_the_api_server_takes_our_valid_documents(document: Document) -> None:
    assert cel.violations(crd_schemas()[_identity(document)], document.data) == []


@needs_upstream
def test_what_the_api_server_refuses_is_refused_here() -> None:
    refused = 0
    for document in _documents("invalid"):
        crd = crd_schemas().get(_identity(document))
        if crd and document.data["kind"] not in ROUTING and cel.violations(crd, document.data):
            refused += 1
            assert _refused(document), (document.file, document.data["metadata"])
    assert refused >= 20, "the invalid documents must exercise the CRDs"


@needs_upstream
def test_every_rule_of_our_kinds_is_evaluated() -> None:
    ours = {one for one in schema.known_kinds() if one in crd_schemas() and one[1] not in ROUTING}
    skipped = {
        rule for identity in ours for rule in cel.rules_in(crd_schemas()[identity]) if not cel.is_evaluated(rule)
    }
    assert skipped == set()


def _routes(data: Json, route: Route = ()) -> Iterator[Route]:
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        yield (*route, key)
        yield from _routes(value, (*route, key))


_SPEC_ROUTES = [
    (index, route)
    for index, document in enumerate(VALID)
    for route in _routes(document.data)
    if route[0] == "spec" and document.data["kind"] not in ROUTING
]
_REPLACEMENTS: list[Json] = [
    *("", "*", "a*", "0s", "1us", "10.0.0.0/8", "unix://x/", "x" * 400),
    *(0, -1, 5, 70000, 5_000_000_000, 1.5, True, None),
    *([], [None], [""], ["*"], ["a"] * 20, {}, {"": "x"}, {"a*": "b*"}, {"70000": {}}, {"name": "x"}),
]


@needs_upstream
@settings(max_examples=600, deadline=None)
@given(target=st.sampled_from(_SPEC_ROUTES), replacement=st.sampled_from(_REPLACEMENTS))
def test_a_mutation_that_the_api_server_refuses_is_refused_here(target: tuple[int, Route], replacement: Json) -> None:
    index, route = target
    data = copy.deepcopy(VALID[index].data)
    parent = data
    for step in route[:-1]:
        parent = parent[step]
    parent[route[-1]] = replacement
    if cel.violations(crd_schemas()[_identity(VALID[index])], data):
        assert _refused(Document(data, "mutant", {}, {}))


_KEYS = [
    (document, route)
    for document in _documents("valid")
    for route in _routes(document.data)
    if isinstance(route[-1], str) and route[0] != "apiVersion" and route[0] != "kind"
]
# Keys that users choose: any name is right there.
_FREE = frozenset({"labels", "annotations", "matchLabels", "portLevelMtls", "ports", "to", "pairs", "options"})
_FREE_TOO = frozenset(
    {
        "hard",
        "default",
        "defaultRequest",
        "max",
        "min",
        "maxLimitRequestRatio",
        "tagOverrides",
        "customTags",
        "requests",
        "limits",
    }
)


@settings(max_examples=300, deadline=None)
@given(target=st.sampled_from(_KEYS))
def test_a_misspelled_field_is_reported_at_its_key(target: tuple[Document, Route]) -> None:
    document, route = target
    if len(route) > 1 and (route[-2] in _FREE | _FREE_TOO or "value" in route[:-1]):
        return
    if document.data["kind"] == "Gateway" and route[-2:-1] == ("selector",):
        return  # labels, without a word between
    data = copy.deepcopy(document.data)
    parent = data
    for step in route[:-1]:
        parent = parent[step]
    misspelled = f"{route[-1]}x"
    parent[misspelled] = parent.pop(route[-1])
    keys = dict(document.keys)
    keys[(*route[:-1], misspelled)] = document.keys[route]
    findings = schema.check(Document(data, document.file, document.values, keys))
    about_it = [finding for finding in findings if f"{misspelled}` is not a known field" in finding.message]
    assert [finding.place for finding in about_it] == [document.keys[route]]
    assert f"did you mean {route[-1]!r}?" in {finding.fix for finding in about_it}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_ANY = [(document, route) for document in _documents("valid") for route in _routes(document.data)]


@settings(max_examples=400, deadline=None)
@given(target=st.sampled_from(_ANY), value=_JSON)
def test_anything_at_all_can_be_checked(target: tuple[Document, Route], value: Json) -> None:
    document, route = target
    data = copy.deepcopy(document.data)
    parent = data
    for step in route[:-1]:
        parent = parent[step]
    parent[route[-1]] = value
    mutant = Document(data, "mutant", document.values, document.keys)
    for finding in schema.check(mutant) + admission.check(mutant):
        assert finding.place is not None
