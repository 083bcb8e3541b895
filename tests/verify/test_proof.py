"""The proof holds for every example, and fails when anything that matters is damaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.core.places import Document
from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import profile_types
from generator.pipeline import Request, render
from generator.verify.components import components
from generator.verify.discrepancies import Kind
from generator.verify.proof import Proof, prove
from tests.verify.mutants import POLICIES, known_as, survivors

EXAMPLES = [path for kind in profile_types().values() for path in kind.examples()]
BANK = next(path for path in EXAMPLES if path.stem == "bank-of-anthos")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_every_example_is_proven(example: Path) -> None:
    bundle = render(Request((str(example),)))
    assert bundle.proof.holds
    has_policies = any(one.kind in POLICIES for one in bundle.resources)
    assert bundle.proof.decisions > 300 or not has_policies


@pytest.mark.parametrize(
    "example", [path for path in EXAMPLES if path.stem in {"bookinfo", "payments-api", "two-tenants"}]
)
def test_parts_prove_what_the_whole_proves(example: Path) -> None:
    bundle = render(Request((str(example),)))
    documents, _ = read_documents(bundle.stream, "stream")
    assert prove(bundle.intent, bundle.environment, documents).holds
    parts = [one.intent for one in components(bundle.intent)]
    assert {name for part in parts for name in part.namespaces} == set(bundle.intent.namespaces)
    assert sorted(map(repr, (flow for part in parts for flow in part.flows))) == sorted(map(repr, bundle.intent.flows))


def damaged(kind: str, name: str, damage: Callable[[dict[str, Any]], None]) -> Proof:
    """Prove Bank of Anthos after *damage* to the spec of one object."""
    bundle = render(Request((str(BANK),)))
    documents, _ = read_documents(bundle.stream, "stream")
    for document in documents:
        if document.data["kind"] == kind and document.data["metadata"]["name"] == name:
            damage(document.data["spec"])
    return prove(bundle.intent, bundle.environment, documents)


def test_a_lost_connection_is_named_with_the_flow_that_asks_for_it() -> None:
    proof = damaged("NetworkPolicy", "allow-accounts-db", lambda spec: spec["ingress"][0]["from"].pop(0))
    (lost,) = proof.discrepancies
    assert (lost.kind, lost.layer) == (Kind.LOST, "network ingress")
    assert (lost.client.name, lost.server.name, str(lost.point)) == ("bank/contacts", "bank/accounts-db", "5432/TCP")
    assert [place.file for place in lost.places] == [str(BANK)]


def test_an_excess_is_named_with_the_rule_that_allows_it() -> None:
    proof = damaged(
        "AuthorizationPolicy", "allow-contacts", lambda spec: spec["rules"][0]["to"][0]["operation"].pop("paths")
    )
    assert {one.kind for one in proof.discrepancies} == {Kind.EXCESS}
    (excess,) = proof.discrepancies
    assert (excess.layer, excess.client.name, excess.server.name) == ("mesh", "bank/frontend", "bank/contacts")
    assert excess.places
    assert excess.places[0].file == "stream"


def test_a_weaker_mode_is_named_even_where_identity_rules_still_hold() -> None:
    proof = damaged("PeerAuthentication", "default", lambda spec: spec["mtls"].update(mode="PERMISSIVE"))
    assert {one.kind for one in proof.discrepancies} == {Kind.WEAKER}


def test_two_peers_instead_of_one_are_found() -> None:
    """The published mistake uds-core#528: one dash too many turns AND into OR."""

    def split(spec: dict[str, Any]) -> None:
        peers = spec["ingress"][0]["from"]
        both = next(peer for peer in peers if "namespaceSelector" in peer)
        peers.append({"podSelector": both.pop("podSelector")})

    proof = damaged("NetworkPolicy", "allow-frontend", split)
    assert any(one.kind is Kind.EXCESS and "istio-system" in one.client.name for one in proof.discrepancies)


def test_an_empty_peer_list_is_everybody() -> None:
    proof = damaged("NetworkPolicy", "allow-accounts-db", lambda spec: spec["ingress"][0].update({"from": []}))
    assert len({one.client.name for one in proof.discrepancies}) > 20


def test_a_policy_of_nobodys_intent_is_found() -> None:
    bundle = render(Request((str(BANK),)))
    documents, _ = read_documents(bundle.stream, "stream")
    wide = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "allow-shop", "namespace": "bank"},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}]}],
        },
    }
    proof = prove(bundle.intent, bundle.environment, [*documents, Document(wide, "extra.yaml", {}, {})])
    assert {one.client.namespace for one in proof.discrepancies} == {"shop"}


def test_an_intent_without_a_flow_finds_its_rule_superfluous() -> None:
    bundle = render(Request((str(BANK),)))
    without = replace(bundle.intent, flows=bundle.intent.flows[1:])
    documents, _ = read_documents(bundle.stream, "stream")
    assert not prove(without, bundle.environment, documents).holds


MUTATED = {"two-tenants", "internal", "admin-panel", "ambient-waypoint", "between-clusters", "flat-network"}
"""Examples that are damaged with every run; `make mutants` does so with all of them."""


@pytest.mark.slow
@pytest.mark.parametrize("example", [BANK, *(path for path in EXAMPLES if path.stem in MUTATED)])
def test_every_mutant_is_caught_or_known_to_change_nothing(example: Path) -> None:
    total, alive = survivors(render(Request((str(example),))))
    kind = example.parent.parent.name
    assert total > 50
    assert [one for one in alive if known_as(f"{kind}/{example.stem}: {one}") is None] == []
