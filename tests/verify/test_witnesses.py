"""A rule for somebody whom the profile does not know is found, whatever it calls them."""

from __future__ import annotations

from typing import Any

import pytest

from generator.core.places import Document
from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import profile_types
from generator.pipeline import Request, render
from generator.verify.proof import Proof, prove

BANK = next(path for path in profile_types()["app"].examples() if path.stem == "bank-of-anthos")
BLUE = {"matchLabels": {"kubernetes.io/metadata.name": "blue"}}
DEBUG = {"matchLabels": {"app": "debug"}}


def proof_with(*extra: dict[str, Any], change: tuple[str, str, Any] | None = None) -> Proof:
    """Prove Bank of Anthos with *extra* objects, or with one more item in a list of one of its own."""
    bundle = render(Request((str(BANK),)))
    documents, _ = read_documents(bundle.stream, "stream")
    for document in documents:
        if change and (document.data["kind"], document.data["metadata"]["name"]) == change[:2]:
            spec = document.data["spec"]
            items = spec["ingress"][0]["from"] if "ingress" in spec else spec["rules"][0]["from"]
            items.append(change[2])
    return prove(
        bundle.intent, bundle.environment, [*documents, *(Document(one, "extra.yaml", {}, {}) for one in extra)]
    )


def policy(kind: str, version: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "extra", "namespace": "bank"}, "spec": spec}


PEERS: list[tuple[dict[str, Any], str]] = [
    ({"podSelector": DEBUG}, "an unknown pod of the namespace bank with the labels app=debug"),
    (
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["contacts", "debug"]}]}},
        "an unknown pod of the namespace bank with the labels app=debug",
    ),
    (
        {"namespaceSelector": BLUE, "podSelector": DEBUG},
        "an unknown pod of the namespace blue with the labels app=debug",
    ),
    (
        {"namespaceSelector": {}, "podSelector": DEBUG},
        "an unknown pod of another namespace with the labels app=debug",
    ),
    ({"namespaceSelector": {"matchLabels": {"team": "x"}}}, "an unknown pod of another namespace (team=x)"),
    (
        {"namespaceSelector": {"matchLabels": {"team": "x"}}, "podSelector": DEBUG},
        "an unknown pod of another namespace (team=x) with the labels app=debug",
    ),
]


@pytest.mark.parametrize(("peer", "name"), PEERS, ids=lambda one: one if isinstance(one, str) else "")
def test_a_pod_that_only_a_network_policy_knows(peer: dict[str, Any], name: str) -> None:
    proof = proof_with(change=("NetworkPolicy", "allow-accounts-db", peer))
    assert name in {one.client.name for one in proof.discrepancies}
    assert {one.server.name for one in proof.discrepancies} == {"bank/accounts-db"}


SOURCES: list[tuple[dict[str, Any], str]] = [
    ({"serviceAccounts": ["blue/debug"]}, "blue/debug"),
    ({"serviceAccounts": ["debug"]}, "bank/debug"),
    ({"principals": ["cluster.local/ns/blue/sa/debug"]}, "blue/debug"),
    ({"principals": ["*/ns/blue/sa/debug"]}, "blue/debug"),
    ({"principals": ["cluster.local/ns/bank/sa/deb*"]}, "bank/debany"),
    ({"principals": ["cluster.local/ns/bl*"]}, "blany/stranger"),
    ({"principals": ["*-admin"]}, "elsewhere/any-admin"),
    ({"namespaces": ["blue*"]}, "blueany/stranger"),
    ({"namespaces": ["*-blue"]}, "any-blue/stranger"),
]


@pytest.mark.parametrize(("source", "name"), SOURCES, ids=lambda one: one if isinstance(one, str) else str(one))
def test_an_identity_that_only_an_authorization_policy_knows(source: dict[str, Any], name: str) -> None:
    proof = proof_with(change=("AuthorizationPolicy", "allow-contacts", {"source": source}))
    assert f"somebody with the identity {name}" in {one.client.name for one in proof.discrepancies}
    assert {one.server.name for one in proof.discrepancies} == {"bank/contacts"}


def test_a_pod_that_is_opened_and_that_the_profile_does_not_know() -> None:
    spec = {"podSelector": DEBUG, "policyTypes": ["Ingress"], "ingress": [{}]}
    proof = proof_with(policy("NetworkPolicy", "networking.k8s.io/v1", spec))
    assert {one.server.name for one in proof.discrepancies} == {
        "an unknown pod of the namespace bank with the labels app=debug"
    }


def test_a_pod_that_takes_plaintext_and_that_the_profile_does_not_know() -> None:
    spec = {"selector": DEBUG, "mtls": {"mode": "PERMISSIVE"}}
    allowed = policy("AuthorizationPolicy", "security.istio.io/v1", {"selector": DEBUG, "rules": [{}]})
    proof = proof_with(policy("PeerAuthentication", "security.istio.io/v1", spec), allowed)
    assert {one.server.name for one in proof.discrepancies} == {
        "an unknown pod of the namespace bank with the labels app=debug"
    }


def test_whom_the_profile_knows_has_no_witness() -> None:
    """A bundle of ours names nobody else, so as many are asked as before; with a stranger's name there are more."""
    stranger = {"namespaceSelector": BLUE, "podSelector": DEBUG}
    known = {"podSelector": {"matchLabels": {"app": "frontend"}}}
    counts = [proof_with(change=("NetworkPolicy", "allow-accounts-db", peer)).endpoints for peer in (known, stranger)]
    assert counts[0] == proof_with().endpoints < counts[1]
