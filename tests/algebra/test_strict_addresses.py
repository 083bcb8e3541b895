"""A text is read once; what is no address is refused every time."""

from __future__ import annotations

import ipaddress

import pytest

from generator.algebra.addresses import as_address, as_network


def test_the_same_text_is_the_same_address() -> None:
    assert as_address("10.0.0.1") is as_address("10.0.0.1") == ipaddress.ip_address("10.0.0.1")
    assert as_network("fd00::/8") is as_network("fd00::/8") == ipaddress.ip_network("fd00::/8")


def test_host_bits() -> None:
    assert str(as_network("10.0.0.1/8", strict=False)) == "10.0.0.0/8"
    for _ in range(2):
        with pytest.raises(ValueError, match="has host bits set"):
            as_network("10.0.0.1/8")


@pytest.mark.parametrize("text", ["", "10.0.0", "nobody"])
def test_no_address(text: str) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="does not appear to be"):
            as_network(text)
        with pytest.raises(ValueError, match="does not appear to be"):
            as_address(text)
