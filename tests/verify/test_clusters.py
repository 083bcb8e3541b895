"""Flows between clusters are proven at both halves, and what lets a stranger of another cluster in is found out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.core.errors import InvalidInput
from generator.core.places import Document
from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import profile_types
from generator.model.peers import Peer, RemotePeer, WorkloadPeer
from generator.pipeline import Request, render
from generator.verify.discrepancies import Kind
from generator.verify.proof import Proof, prove

FOLDER = profile_types()["app"].folder / "examples"
EAST, WEST, FLAT = (FOLDER / f"{name}.yaml" for name in ("two-clusters-east", "two-clusters-west", "flat-network"))

Damage = Callable[[dict[str, Any]], None]


def damaged(example: Path, kind: str, name: str, damage: Damage) -> Proof:
    """Prove *example* after *damage* to the spec of one object."""
    bundle = render(Request((str(example),)))
    documents, _ = read_documents(bundle.stream, "stream")
    (found,) = [one for one in documents if _is(one, kind, name)]
    damage(found.data["spec"])
    return prove(bundle.intent, bundle.environment, documents)


def _is(document: Document, kind: str, name: str) -> bool:
    return bool(document.data["kind"] == kind and document.data["metadata"]["name"] == name)


def callers(proof: Proof, kind: Kind) -> set[str]:
    """Return who of other clusters is concerned."""
    return {one.client.name for one in proof.discrepancies if one.kind is kind and one.client.cluster}


def _source(**source: list[str]) -> Damage:
    def damage(spec: dict[str, Any]) -> None:
        spec["rules"][0]["from"] = [{"source": source}]

    return damage


def test_one_profile_makes_the_half_of_each_cluster() -> None:
    east, west = (path.read_text("utf-8").splitlines() for path in (EAST, WEST))
    assert [line for line in east if line not in west] == ["environment: environments/east.yaml"]
    chosen = render(Request((str(EAST),), environment=str(FOLDER / "environments" / "west.yaml")))
    assert chosen.files == render(Request((str(WEST),))).files


def _names(client: Peer, server: Peer) -> tuple[str, str]:
    assert isinstance(client, WorkloadPeer | RemotePeer)
    assert isinstance(server, WorkloadPeer | RemotePeer)
    return client.workload, server.workload


def test_both_halves_fit_together() -> None:
    """What one cluster lets out to the other, the other lets in."""
    out: dict[str, set[tuple[str, str]]] = {}
    into: dict[str, set[tuple[str, str]]] = {}
    for here, path in (("east", EAST), ("west", WEST)):
        flows = render(Request((str(path),))).intent.flows
        ends = [(one.client, one.server) for one in flows]
        out[here] = {_names(*pair) for pair in ends if isinstance(pair[1], RemotePeer)}
        into[here] = {_names(*pair) for pair in ends if isinstance(pair[0], RemotePeer)}
    assert out["east"] == into["west"] == {("web", "cart"), ("cart", "stock")}
    assert out["west"] == into["east"] == {("web", "cart"), ("cart", "orders-db")}


def test_another_identity_of_the_other_cluster_is_a_stranger() -> None:
    proof = damaged(EAST, "AuthorizationPolicy", "allow-orders-db", _source(namespaces=["shop"]))
    assert "the cluster west: shop/web, through the gateway east-west" in callers(proof, Kind.EXCESS)
    assert "the cluster west: another identity of shop, through the gateway east-west" in callers(proof, Kind.EXCESS)
    proof = damaged(EAST, "AuthorizationPolicy", "allow-orders-db", _source(serviceAccounts=["shop/web"]))
    assert callers(proof, Kind.LOST) == {"the cluster west: shop/cart, through the gateway east-west"}


def test_whoever_reaches_the_gateway_without_an_identity_is_one_too() -> None:
    def damage(spec: dict[str, Any]) -> None:
        spec["mtls"]["mode"] = "PERMISSIVE"

    proof = damaged(EAST, "PeerAuthentication", "default", damage)
    assert "somebody without an identity, through the gateway east-west" in callers(proof, Kind.WEAKER)


def test_the_gateway_s_pods_are_named_and_not_their_namespace() -> None:
    def damage(spec: dict[str, Any]) -> None:
        (peer,) = [one for one in spec["ingress"][0]["from"] if "namespaceSelector" in one]
        del peer["podSelector"]

    proof = damaged(EAST, "NetworkPolicy", "allow-orders-db", damage)
    assert {one.client.namespace for one in proof.discrepancies} == {"istio-system"}


def test_the_way_out_is_the_other_gateway_and_nothing_beside_it() -> None:
    def damage(spec: dict[str, Any]) -> None:
        spec["egress"][0]["to"] = [{"ipBlock": {"cidr": "203.0.113.20/31"}}, {"ipBlock": {"cidr": "203.0.113.22/32"}}]

    proof = damaged(EAST, "NetworkPolicy", "allow-web", damage)
    assert {one.server.name for one in proof.discrepancies} >= {"the address 203.0.113.22"}


@pytest.mark.parametrize(
    ("principal", "is_lost"),
    [
        ("data.example.com/ns/jobs/sa/nightly", False),
        ("prod.example.com/ns/jobs/sa/nightly", False),
        ("cluster.local/ns/jobs/sa/nightly", False),
        ("lab.example.com/ns/jobs/sa/nightly", True),
    ],
)
def test_a_principal_of_any_accepted_trust_domain_stands_for_all_of_them(principal: str, is_lost: bool) -> None:
    """istiod expands it to its own trust domain and every alias: the same name elsewhere is the same caller."""
    proof = damaged(FLAT, "AuthorizationPolicy", "allow-api", _source(principals=[principal]))
    assert callers(proof, Kind.LOST) == ({"the cluster data: jobs/nightly, at 10.30.0.1"} if is_lost else set())
    assert proof.holds is not is_lost


FLAT_ENVIRONMENT = (FOLDER / "environments" / "flat.yaml").read_text("utf-8")
OUTSIDE = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: reports}
profile: app
environment: flat.yaml
spec:
  namespace: reports
  mesh: none
  workloads:
    api: {port: 8080, protocol: http}
  peers:
    scheduler: {cluster: data, namespace: jobs, mesh: none}
  flows:
    - {from: scheduler, to: api}
"""


def test_without_identities_a_whole_cluster_is_let_in_and_must_be_accepted(tmp_path: Path) -> None:
    (tmp_path / "flat.yaml").write_text(FLAT_ENVIRONMENT)
    (tmp_path / "reports.yaml").write_text(OUTSIDE)
    with pytest.raises(InvalidInput) as refused:
        render(Request((str(tmp_path / "reports.yaml"),)))
    (message,) = [one.message for one in refused.value.findings]
    assert "reports/api may be called from every pod of 'data'" in message
    accepted = "  accept: [{caveat: whole-cluster, reason: the pods of data are ours}]\n"
    (tmp_path / "reports.yaml").write_text(OUTSIDE + accepted)
    bundle = render(Request((str(tmp_path / "reports.yaml"),)))
    assert bundle.proof.holds
    assert 'cidr: "10.30.0.0/16"' in bundle.stream


def test_a_namesake_in_the_other_cluster_gets_in_only_when_that_is_accepted(tmp_path: Path) -> None:
    text = EAST.read_text("utf-8").replace("environments/", f"{FOLDER}/environments/")
    text += "    - {from: batch, to: cart}\n"
    text = text.replace("  workloads:\n", "  workloads:\n    batch: {clusters: [east]}\n")
    (tmp_path / "shop.yaml").write_text(text)
    with pytest.raises(InvalidInput) as refused:
        render(Request((str(tmp_path / "shop.yaml"),)))
    (message,) = [one.message for one in refused.value.findings]
    assert "shop/cart also lets in who is shop/batch in 'west'" in message
    text += "  accept: [{caveat: same-identity-elsewhere, reason: one team owns the namespace in both}]\n"
    (tmp_path / "shop.yaml").write_text(text)
    assert render(Request((str(tmp_path / "shop.yaml"),))).proof.holds
