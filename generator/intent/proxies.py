"""Sidecars and the installation of a mesh: one opinion of each, and no limit below what is asked for."""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterator, Mapping

from generator.core.findings import Finding
from generator.model.terms import Origin
from generator.model.traffic import Proxy, Traffic

_UNITS: dict[str, int | str] = {"": 1, "m": "0.001", "k": 10**3, "M": 10**6, "G": 10**9}
_UNITS |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_QUANTITY = re.compile(r"([0-9.]+)([A-Za-z]*)")


def check_platform_parts(traffic: Traffic) -> list[Finding]:
    """Return two opinions of one thing (MG025), and limits that no container could start under (MG028)."""
    findings: list[Finding] = []
    sized = [(one.requests, one.limits, one.origin) for one in traffic.proxies]
    sized += [(one.requests, one.limits, one.origin) for one in traffic.installations]
    for requests, limits, origin in sized:
        findings += _check_limits(requests, limits, origin)
    known: dict[tuple[str, str], Proxy] = {}
    for proxy in traffic.proxies:
        first = known.setdefault((proxy.namespace, proxy.workload), proxy)
        if first is not proxy:
            message = f"the sidecar of {proxy.namespace}/{proxy.workload} is described twice"
            related = ((first.origin.place, "the other one"),)
            findings.append(Finding("MG025", message, proxy.origin.place, "keep one of them", related=related))
    for second in traffic.installations[1:]:
        message = "two profiles say how the mesh is installed"
        related = ((traffic.installations[0].origin.place, "the other one"),)
        findings.append(Finding("MG025", message, second.origin.place, "keep one of them", related=related))
    return findings


def _check_limits(requests: Mapping[str, str], limits: Mapping[str, str], origin: Origin) -> Iterator[Finding]:
    for name in requests.keys() & limits:
        if amount(limits[name]) < amount(requests[name]):
            message = f"the proxy asks for {requests[name]} of {name}, and may use {limits[name]} at most"
            yield Finding("MG028", message, origin.place, f"raise {name}Limit, or ask for less")


def amount(quantity: str) -> decimal.Decimal:
    """Return a Kubernetes quantity as a number."""
    match = _QUANTITY.fullmatch(quantity)
    assert match is not None  # noqa: S101  (the schema asks for it)
    return decimal.Decimal(match[1]) * decimal.Decimal(_UNITS[match[2]])
