"""Address ranges in CIDR notation, each spelling read once: a bundle names the same few ranges on every policy."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=20_000)
def network(cidr: str) -> Network:
    """Return the range that *cidr* spells.

    Raises:
        ValueError: it spells none, or has bits set beyond its prefix.
    """
    return ipaddress.ip_network(cidr)


def is_part_of(inner: Network, outer: Network) -> bool:
    """Tell whether every address of *inner* lies in *outer*; never where one is IPv4 and the other IPv6."""
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # same version
