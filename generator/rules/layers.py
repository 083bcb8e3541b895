"""What rules need that hold one layer against the other: servers, their ports, and identities as pairs."""

from __future__ import annotations

from collections.abc import Iterator

from generator.manifests.network import NetworkRule
from generator.rules.base import Context
from generator.rules.said import Said
from generator.rules.subjects import workloads
from generator.topology import IN_MESH, Endpoint

PROXY_PORTS = frozenset({15008, 15020, 15021, 15090})
"""Ports of the proxies themselves: no application listens there."""

_PARTS_OF_A_PRINCIPAL = 5


def selected_servers(context: Context) -> Iterator[Endpoint]:
    """Yield the shown workloads of the mesh that terminate connections for themselves: no gateways."""
    return (pod for _, pod in workloads(context) if pod.mesh in IN_MESH and not pod.is_gateway)


def application_ports(server: Endpoint) -> list[int]:
    """Return the ports that *server* is known to listen on, without those of its proxy."""
    return sorted({one.number for one in server.ports} - PROXY_PORTS)


def opened_ports(rule: NetworkRule, server: Endpoint) -> list[int]:
    """Return the TCP ports of *server* that *rule* names; of a range or of every port, those that are known."""
    known = application_ports(server)
    if rule.ports is None:
        return known
    found: set[int] = set()
    for port in rule.ports:
        if port.protocol != "TCP":
            continue
        if port.name:
            found |= {one.number for one in server.ports if one.name == port.name}
        elif port.first == port.last:
            found.add(port.first)
        else:
            found |= {number for number in known if port.first <= number <= port.last}
    return sorted(found)


def accounts(value: Said, namespace: str) -> tuple[str, str] | None:
    """Return namespace and ServiceAccount that *value* names exactly, None for patterns and other fields."""
    if "*" in value.value:
        return None
    if value.field == "serviceAccounts":
        where, _, account = value.value.rpartition("/")
        return where or namespace, account
    parts = value.value.split("/")
    if value.field == "principals" and len(parts) == _PARTS_OF_A_PRINCIPAL and parts[1::2] == ["ns", "sa"]:
        return parts[2], parts[4]
    return None
