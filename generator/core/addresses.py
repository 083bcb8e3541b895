"""Addresses and ranges of them, each text read once: a proof asks the same few about every endpoint."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MOST = 10_000
"""Texts that are remembered, of each sort."""


@lru_cache(_MOST)
def as_address(text: str) -> Address:
    """Return the address that *text* says.

    Raises:
        ValueError: it says none.
    """
    return ipaddress.ip_address(text)


@lru_cache(_MOST)
def as_network(text: str, *, strict: bool = True) -> Network:
    """Return the range that *text* says in CIDR notation.

    Raises:
        ValueError: it says none, or, where it is *strict*, it has host bits.
    """
    return ipaddress.ip_network(text, strict=strict)
