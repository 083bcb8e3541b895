"""IP addresses and networks as manifests and environments write them, each text understood once: they recur.

`as_address` and `as_network` are for what was checked. In what somebody else wrote, what is no
range is skipped; the schema check reports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
_MOST = 10_000


@lru_cache(maxsize=_MOST)
def as_address(text: str) -> Address:
    """Return the address that *text* says.

    Raises:
        ValueError: it says none.
    """
    return ip_address(text)


@lru_cache(maxsize=_MOST)
def as_network(text: str, *, strict: bool = True) -> Network:
    """Return the range that *text* says in CIDR notation.

    Raises:
        ValueError: it says none, or, where it is *strict*, it has host bits.
    """
    return ip_network(text, strict=strict)


@lru_cache(maxsize=_MOST)
def network(text: str) -> Network | None:
    """Return the network *text*, whose host bits may be set; None for what is none."""
    try:
        return as_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=_MOST)
def address(text: str) -> Address | None:
    """Return the address *text*; None for what is none."""
    try:
        return as_address(text)
    except ValueError:
        return None


def networks(cidrs: Iterable[str]) -> list[Network]:
    """Return the networks among *cidrs*."""
    return [one for one in map(network, cidrs) if one is not None]


def is_inside(one: Network, other: Network) -> bool:
    """Tell whether every address of *one* lies in *other*."""
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)


def overlap(one: Network, other: Network) -> bool:
    """Tell whether an address lies in both."""
    return is_inside(one, other) or is_inside(other, one)


def covers(cidr: str, excluded: Sequence[str], wanted: Network) -> bool:
    """Tell whether every address of *wanted* lies in *cidr* and in none of *excluded*."""
    block = network(cidr)
    return (
        block is not None and is_inside(wanted, block) and not any(overlap(wanted, one) for one in networks(excluded))
    )


def holds(cidr: str, excluded: Sequence[str], wanted: str) -> bool:
    """Tell whether the address *wanted* lies in *cidr* and in none of *excluded*; what is no network holds nothing."""
    where, block = address(wanted), network(cidr)
    holes = [network(one) for one in excluded]
    if where is None or block is None or None in holes:
        return False
    return where in block and not any(hole and where in hole for hole in holes)
