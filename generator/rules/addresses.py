"""Address ranges as manifests and environments write them; what is no range is skipped, the schema check reports it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(cidr: str) -> Network | None:
    """Return *cidr* as a network; None for what is none."""
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None


def networks(cidrs: Iterable[str]) -> list[Network]:
    """Return the networks among *cidrs*."""
    return [one for one in map(network, cidrs) if one is not None]


def is_inside(one: Network, other: Network) -> bool:
    """Tell whether every address of *one* lies in *other*."""
    if isinstance(one, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and one.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and one.subnet_of(other)


def overlap(one: Network, other: Network) -> bool:
    """Tell whether an address lies in both."""
    return is_inside(one, other) or is_inside(other, one)


def covers(cidr: str, excluded: Sequence[str], wanted: Network) -> bool:
    """Tell whether every address of *wanted* lies in *cidr* and in none of *excluded*."""
    block = network(cidr)
    return (
        block is not None and is_inside(wanted, block) and not any(overlap(wanted, one) for one in networks(excluded))
    )
