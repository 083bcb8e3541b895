"""Addresses and networks: remembered by their text, and what Python's own module says of each."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.algebra.addresses import address, covers, holds, is_inside, network, networks, overlap

_ADDRESSES = st.ip_addresses().map(str)
_NETWORKS = st.builds(
    lambda one, length: f"{one}/{length % (one.max_prefixlen + 1)}", st.ip_addresses(), st.integers(0, 128)
)
NONSENSE = ["", "x", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.1/", "*"]


@pytest.mark.parametrize("text", NONSENSE)
def test_what_is_none_holds_nothing(text: str) -> None:
    assert network(text) is None
    assert address(text) is None
    assert networks([text, "10.0.0.0/8"]) == [ipaddress.ip_network("10.0.0.0/8")]
    assert not holds(text, (), "10.0.0.1")
    assert not holds("10.0.0.0/8", (text,), "10.0.0.1")
    assert not holds("10.0.0.0/8", (), text)


@given(_NETWORKS, st.lists(_NETWORKS, max_size=2), _ADDRESSES)
def test_an_address_is_held_where_it_lies(block: str, excluded: list[str], wanted: str) -> None:
    inside = ipaddress.ip_address(wanted) in ipaddress.ip_network(block, strict=False)
    in_a_hole = any(ipaddress.ip_address(wanted) in ipaddress.ip_network(one, strict=False) for one in excluded)
    assert holds(block, excluded, wanted) == (inside and not in_a_hole)


@given(_NETWORKS, _NETWORKS)
def test_networks_lie_in_each_other_or_apart(one: str, other: str) -> None:
    first, second = network(one), network(other)
    assert first is not None
    assert second is not None
    assert network(one) is first
    assert overlap(first, second) == (first.version == second.version and first.overlaps(second))
    assert is_inside(first, second) == (overlap(first, second) and first.prefixlen >= second.prefixlen)
    assert covers(other, (), first) == is_inside(first, second)
    assert not covers(other, (one,), first)
