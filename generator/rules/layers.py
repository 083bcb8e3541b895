"""What rules need that hold one layer against the other: who is named where, on which ports, by which identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from generator.manifests.network import NetworkRule
from generator.manifests.security import AuthorizationPolicy
from generator.rules.base import Context
from generator.rules.said import Said, said
from generator.rules.subjects import everyone, peer_pods, workloads
from generator.rules.waypoints import enrolment
from generator.rules.written import INGRESS, WrittenRule, written_rules
from generator.semantics.cluster import Cluster
from generator.topology import IN_MESH, Endpoint, Point

PROXY_PORTS = frozenset({15008, 15020, 15021, 15090})
"""Ports of the proxies themselves: no application listens there."""

HBONE = Point("TCP", 15008)

_PARTS_OF_A_PRINCIPAL = 5


@dataclass(frozen=True, slots=True)
class NamedPeer:
    """Mesh pods that a NetworkPolicy's peer names, and the servers it lets them reach, which have policies of Istio."""

    written: WrittenRule
    position: int
    callers: tuple[Endpoint, ...]
    servers: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class NamedIdentity:
    """Mesh pods whose exact identity an ALLOW policy names, and the servers that the policy speaks for."""

    policy: AuthorizationPolicy
    value: Said
    callers: tuple[Endpoint, ...]
    servers: tuple[Endpoint, ...]


_PEERS: WeakKeyDictionary[Cluster, tuple[NamedPeer, ...]] = WeakKeyDictionary()
_IDENTITIES: WeakKeyDictionary[Cluster, tuple[NamedIdentity, ...]] = WeakKeyDictionary()


def named_peers(context: Context) -> tuple[NamedPeer, ...]:
    """Return the peers that name pods (a whole namespace is no name), as far as manifests show them."""
    if context.cluster not in _PEERS:
        _PEERS[context.cluster] = tuple(_named_peers(context))
    return _PEERS[context.cluster]


def named_identities(context: Context) -> tuple[NamedIdentity, ...]:
    """Return the identities that ALLOW policies name one by one, as far as manifests show who has them."""
    if context.cluster not in _IDENTITIES:
        _IDENTITIES[context.cluster] = tuple(_named_identities(context))
    return _IDENTITIES[context.cluster]


def _named_peers(context: Context) -> Iterator[NamedPeer]:
    servers = _servers(context)
    for written in written_rules(context, INGRESS):
        policy = written.policy
        near = [
            one
            for one in servers.get(policy.namespace, ())
            if any(policy is each for each in context.cluster.admission.policies(one, INGRESS))
        ]
        for position, peer in enumerate(written.peers if near else ()):
            if peer.pods is not None and not peer.pods.is_empty:
                pods = peer_pods(context, policy, peer)
                callers = [one for one in pods if one.mesh in IN_MESH and one.account]
                if callers:
                    yield NamedPeer(written, position, tuple(callers), tuple(near))


def _named_identities(context: Context) -> Iterator[NamedIdentity]:
    servers = _servers(context)
    known: dict[tuple[str, str] | None, list[Endpoint]] = {}
    for one in everyone(context).values():
        if one.mesh in IN_MESH:
            known.setdefault((one.namespace, one.account), []).append(one)
    for policy in context.cluster.bundle.authorization_policies:
        namesakes = servers.get(policy.scope.namespace, ()) if policy.action == "ALLOW" else ()
        near = [one for one in namesakes if any(policy is each for each in context.cluster.access.policies(one))]
        for value in said(policy) if near else ():
            if value.is_negative or value.part[0] != "from":
                continue
            if callers := known.get(accounts(value, policy.scope.namespace)):
                yield NamedIdentity(policy, value, tuple(callers), tuple(near))


def _servers(context: Context) -> dict[str, list[Endpoint]]:
    """Return by namespace the workloads that policies of Istio speak for: no gateways, and none behind a waypoint."""
    found: dict[str, list[Endpoint]] = {}
    for _, pod in workloads(context):
        is_bound = pod.mesh in IN_MESH and not pod.is_gateway and context.cluster.access.policies(pod)
        if is_bound and enrolment(context.cluster, pod) is None:
            found.setdefault(pod.namespace, []).append(pod)
    return found


def operation_ports(identity: NamedIdentity, server: Endpoint) -> list[int]:
    """Return the ports that the rule of *identity* is about; those of *server* if it names none."""
    operations = identity.policy.rules[identity.value.rule].operations or ()
    ports = [int(port) for one in operations for port in one.get("ports", ()) if port.isdigit()]
    return ports or application_ports(server)


def is_cut(context: Context, caller: Endpoint, server: Endpoint, point: Point) -> bool:
    """Tell whether NetworkPolicies surely keep *caller* from *server*, directly and in a tunnel."""
    admission = context.cluster.admission
    ways = [point, HBONE] if server.mesh == "ambient" else [point]
    return all(
        admission.admits(server, "Ingress", caller, way) is False
        or admission.admits(caller, "Egress", server, way) is False
        for way in ways
    )


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
    if server.mesh == "ambient" and HBONE.number in found:
        return known  # the tunnel leads to all of them
    return sorted(found - {HBONE.number})


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
