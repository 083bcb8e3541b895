"""What nobody tells apart is looked at once: classes of endpoints, and of ports."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from generator.algebra.intervals import Intervals
from generator.algebra.ternary import members
from generator.algebra.transpose import transposed
from generator.manifests.network import NetworkPolicy
from generator.manifests.security import AuthorizationPolicy
from generator.semantics.cluster import Cluster
from generator.semantics.network import TRANSPORTS
from generator.topology import GATEWAY_NAME, HBONE, Endpoint, Point

ALL_PORTS = Intervals(((1, 65535),))


def refine(everyone: int, masks: Iterable[int]) -> list[int]:
    """Return the classes into which *masks* divide *everyone*, each as a mask, by their first members."""
    memberships = transposed(list({mask & everyone for mask in masks}), everyone.bit_length())
    blocks: dict[int, int] = {}
    for number in members(everyone):
        blocks[memberships[number]] = blocks.get(memberships[number], 0) | 1 << number
    return list(blocks.values())


def alike(endpoints: Sequence[Endpoint]) -> list[int]:
    """Return masks of the endpoints that are of one nature: mode, ports, gateway or not, pod or address."""
    found: dict[object, int] = {}
    for number, one in enumerate(endpoints):
        # What a gateway's own policies say depends on more than is compared here.
        special = one.name if GATEWAY_NAME in one.labels else ""
        nature = (one.mesh, one.is_gateway, one.is_node, one.is_pod, one.ports, one.waypoint, one.cluster, special)
        found[nature] = found.get(nature, 0) | 1 << number
    return list(found.values())


def port_classes(clusters: Sequence[Cluster]) -> dict[Point, Intervals]:
    """Return every class of ports that something in *clusters* tells apart, by one port of it."""
    found: dict[Point, Intervals] = {}
    named = {point for cluster in clusters for point in _named(cluster)} | {HBONE}
    for transport in TRANSPORTS:
        sets = {Intervals(((one.number, one.number),)) for one in named if one.transport == transport}
        for cluster in clusters:
            sets |= set(_ranges(cluster.bundle.network_policies, transport))
        for part in _split(sets):
            found[Point(transport, part.parts[0][0])] = part
    return found


def _named(cluster: Cluster) -> Iterable[Point]:
    """Return the ports that workloads have, and those that policies of the mesh speak of."""
    yield from (Point("TCP", port.number) for one in cluster.endpoints for port in one.ports)
    for workload in cluster.workloads:
        yield from (Point(one.transport, one.number) for one in workload.ports if one.transport in TRANSPORTS)
    numbers = {number for one in cluster.bundle.peer_authentications for number in one.ports}
    numbers |= {number for one in cluster.bundle.authorization_policies for number in _ports(one)}
    yield from (Point("TCP", number) for number in numbers if number in ALL_PORTS)


def _ports(policy: AuthorizationPolicy) -> Iterable[int]:
    for rule in policy.rules:
        said = [value for one in rule.operations or () for key in ("ports", "notPorts") for value in one.get(key, ())]
        said += [value for one in rule.conditions if one.key == "destination.port" for value in one.values]
        said += [value for one in rule.conditions if one.key == "destination.port" for value in one.not_values]
        yield from (int(value) for value in said if value.isdigit())


def _ranges(policies: Iterable[NetworkPolicy], transport: str) -> Iterable[Intervals]:
    for policy in policies:
        for rule in (*policy.ingress, *policy.egress):
            for port in rule.ports or ():
                if port.protocol == transport and not port.name:
                    yield Intervals.of([(port.first, port.last)]) & ALL_PORTS


def _split(sets: Iterable[Intervals]) -> list[Intervals]:
    """Return the classes into which *sets* divide all ports."""
    known = sorted({one for one in sets if one}, key=lambda one: one.parts)
    cuts = sorted({1, 65536} | {cut for one in known for first, last in one.parts for cut in (first, last + 1)})
    classes: dict[int, list[tuple[int, int]]] = {}
    for first, end in itertools.pairwise(cuts):
        key = sum(1 << number for number, one in enumerate(known) if first in one)
        classes.setdefault(key, []).append((first, end - 1))
    return [Intervals.of(parts) for parts in classes.values()]


def representatives(blocks: Sequence[int], endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """Return the first endpoint of each class."""
    return [endpoints[members(block)[0]] for block in blocks]
