"""Peers that are too wide to be meant: everybody, half of the internet, the addresses of a machine itself."""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.addresses import as_network, is_inside
from generator.core.findings import Finding
from generator.environment.model import Environment
from generator.model.flows import Flow
from generator.model.peers import AddressesPeer, AnyonePeer

_WIDEST = 8
"""The shortest prefix of a range that can belong to somebody: 10.0.0.0/8, or one of an internet registry."""

_OWN = tuple(map(as_network, ("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")))
"""Loopback and link-local addresses: those of the pod and its node, and of the cloud's metadata service."""


def check_breadth(flow: Flow, environment: Environment) -> Iterator[Finding]:
    """Yield MG027 for everybody on every port, and for addresses that are no service.

    Everybody is asked for by its own word, and never on every port.
    """
    for peer in (flow.client, flow.server):
        if isinstance(peer, AnyonePeer) and flow.ports is None:
            message = "the flow opens every port to anyone"
            yield Finding("MG027", message, flow.origin.place, "name the ports")
        for cidr in peer.cidrs if isinstance(peer, AddressesPeer) else ():
            yield from _check_range(cidr, flow, environment)


def _check_range(cidr: str, flow: Flow, environment: Environment) -> Iterator[Finding]:
    block = as_network(cidr)
    metadata = map(as_network, environment.addresses.metadata)
    fix = "name the ranges; for a host without known addresses accept host-without-addresses"
    if block.prefixlen == 0:
        message = f"{cidr} is every address there is, the cluster's own included"
        yield Finding("MG027", message, flow.origin.place, fix)
    elif block.prefixlen < _WIDEST:
        message = f"{cidr} is no service, it is a part of the internet"
        yield Finding("MG027", message, flow.origin.place, fix)
    elif any(is_inside(block, one) for one in (*_OWN, *metadata)):
        message = f"{cidr} is not outside: the node and the cloud's metadata service answer there, with credentials"
        fix = "remove it; who needs the cloud's credentials says `needs: [cloudCredentials]`"
        yield Finding("MG027", message, flow.origin.place, fix)
