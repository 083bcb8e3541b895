"""How address ranges, and pods of elsewhere, are named in a NetworkPolicy."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.core.places import Place
from generator.environment.load import load_environment
from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.model.peers import AddressesPeer
from generator.plan.peers import PRIVATE_RANGES, PeerNamer
from tests.intent.raw import BASE, rendered
from tests.support import of_kind

NOWHERE = Intent({}, {}, ())
PLACE = Place("f", 1, 1)


def _environment(folder: Path, spec: str) -> Environment:
    text = "apiVersion: meshgen.dev/v1alpha1\nkind: Environment\nmetadata: {name: x}\nextends: generic\nspec:\n"
    (folder / "x.yaml").write_text(text + "".join(f"  {line}\n" for line in spec.splitlines()))
    return load_environment("x.yaml", folder)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    ranges = 'addresses:\n  pods: [11.0.0.0/8, "2001:db8:1::/48"]\n  services: [12.1.0.0/16]\n  nodes: [13.0.0.16/28]\n'
    return _environment(tmp_path, ranges)


def _blocks(environment: Environment, peer: AddressesPeer) -> dict[str, list[str]]:
    views = PeerNamer(NOWHERE, environment).views(peer, "shop", "somebody", PLACE)
    return {view.cidr: list(view.excluded) for view in views or ()}


def _all(environment: Environment) -> list[str]:
    addresses = environment.addresses
    known = [*(addresses.pods or ()), *(addresses.services or ()), *(addresses.nodes or ()), *addresses.metadata]
    return [*PRIVATE_RANGES["IPv4"], *PRIVATE_RANGES["IPv6"], *known]


def _contains(outer: Any, inner: Any) -> bool:
    return bool(outer.version == inner.version and inner.subnet_of(outer))


def test_public_leaves_out_whatever_is_not(environment: Environment) -> None:
    blocks = _blocks(environment, AddressesPeer(is_public=True))
    assert list(blocks) == ["0.0.0.0/0", "::/0"]
    left_out = [ipaddress.ip_network(one) for excluded in blocks.values() for one in excluded]
    for text in _all(environment):
        assert any(_contains(one, ipaddress.ip_network(text)) for one in left_out), text
    assert {"11.0.0.0/8", "12.1.0.0/16", "13.0.0.16/28"} <= set(blocks["0.0.0.0/0"])
    assert "2001:db8:1::/48" in blocks["::/0"]
    assert "8.8.8.0/24" not in blocks["0.0.0.0/0"]


def test_metadata_is_left_out_at_the_least(environment: Environment) -> None:
    blocks = _blocks(environment, AddressesPeer(("169.254.0.0/16", "fd00::/8")))
    assert blocks == {"169.254.0.0/16": ["169.254.169.254/32"], "fd00::/8": ["fd00:ec2::254/128"]}


@pytest.mark.parametrize(
    "cidr", ["10.0.0.0/8", "11.0.0.0/8", "10.1.2.0/24", "169.254.169.254/32", "fc00::/7", "8.8.8.8/32"]
)
def test_what_is_asked_for_exactly_stays(cidr: str, environment: Environment) -> None:
    found = _blocks(environment, AddressesPeer((cidr,)))
    assert list(found) == [cidr]
    assert all(ipaddress.ip_network(one) != ipaddress.ip_network(cidr) for one in found[cidr])


@pytest.mark.parametrize(("families", "expected"), [("[IPv4]", ["0.0.0.0/0"]), ("[IPv6]", ["::/0"])])
def test_public_speaks_the_families_of_the_cluster(families: str, expected: list[str], tmp_path: Path) -> None:
    assert list(_blocks(_environment(tmp_path, f"ipFamilies: {families}"), AddressesPeer(is_public=True))) == expected


@given(st.ip_addresses(), st.integers(0, 32))
def test_what_is_left_out_lies_inside_and_stands_once(address: Any, length: int) -> None:
    environment = load_environment("kind", Path())
    cidr = str(ipaddress.ip_network(f"{address}/{length}", strict=False))
    block = ipaddress.ip_network(cidr)
    left_out = [ipaddress.ip_network(one) for one in _blocks(environment, AddressesPeer((cidr,)))[cidr]]
    for one in left_out:
        assert one != block
        assert _contains(block, one), "the API server refuses an exception outside of its block"
        assert not any(other != one and _contains(other, one) for other in left_out)
    assert len(set(left_out)) == len(left_out)
    for known in map(ipaddress.ip_network, _all(environment)):
        if known != block and _contains(block, known):
            assert any(_contains(one, known) for one in left_out)


def test_pods_of_elsewhere_are_named_with_their_namespace(tmp_path: Path) -> None:
    flows = """flows:
  - {from: {workload: web, namespace: shop}, to: {workload: api, namespace: shop}}
  - {from: {workload: web, namespace: shop}, to: {workload: ledger, namespace: bank}}
"""
    policies = of_kind(rendered(tmp_path, BASE + flows), "NetworkPolicy")
    for rule in policies["shop", "allow-web"]["spec"]["egress"]:
        for peer in rule["to"]:
            if "namespaceSelector" in peer:
                assert peer["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "bank"}}
                assert peer["podSelector"]["matchExpressions"] == [
                    {"key": "app", "operator": "In", "values": ["ledger"]}
                ]
            else:
                assert peer["podSelector"] == {"matchLabels": {"app": "api"}}
