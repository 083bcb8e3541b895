"""How addresses, domain names and durations are read by the components that validate them."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface

_DOMAIN_LABEL = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
_DURATION_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(h|ms|m|s|us|µs|ns)")
_MILLISECONDS = {"h": 3_600_000.0, "m": 60_000.0, "s": 1000.0, "ms": 1.0, "us": 1e-3, "µs": 1e-3, "ns": 1e-6}


def is_address(text: str) -> bool:
    """Whether *text* is one IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=5_000)
def network(text: str) -> IPv4Network | IPv6Network | None:
    """Read *text* as a CIDR, host bits allowed; None when it is none.

    Go reads the prefix length as a plain number; the netmasks that Python reads too are refused.
    """
    _, slash, length = text.partition("/")
    if not slash or not length.isdecimal() or str(int(length)) != length:
        return None
    try:
        return ip_interface(text).network
    except ValueError:
        return None


def is_address_or_network(text: str) -> bool:
    """Whether *text* is an IP address or a CIDR."""
    return network(text) is not None if "/" in text else is_address(text)


def is_domain(text: str) -> bool:
    """Whether *text* is a full domain name as Istio reads it: no wildcard, last label not all digits."""
    labels = text.removesuffix(".").split(".")
    return len(text) <= 255 and all(_DOMAIN_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdecimal()


def is_wildcard_domain(text: str) -> bool:
    """Whether *text* is a domain name whose first label may be, or begin with, ``*``."""
    return text == "*" or is_domain(text) or (text.startswith("*") and is_domain(text.lstrip("*").lstrip(".")))


def milliseconds(text: str) -> float | None:
    """Read *text* as a duration of Go (``1h30m``, ``500ms``); None when it is none."""
    sign = -1 if text.startswith("-") else 1
    text = text.lstrip("+-")
    parts = _DURATION_PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text or not parts:
        return 0 if text == "0" else None
    return sign * sum(float(number) * _MILLISECONDS[unit] for number, unit in parts)
