"""Two sets of manifests, one universe: everybody whom either of them shows or could mean, numbered alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from generator.environment.model import Environment
from generator.semantics.cluster import Cluster
from generator.semantics.membership import mesh_mode
from generator.semantics.neighbours import address_name, neighbours
from generator.semantics.standins import StandIn, stand_ins
from generator.semantics.strangers import (
    ELSEWHERE,
    NAMESPACE_NAME,
    addresses,
    impostors,
    known_ranges,
    named_accounts,
    named_namespaces,
    own_node,
    platform_pods,
    strangers,
)
from generator.semantics.waypoints import with_waypoints
from generator.topology import AMBIENT, GATEWAY_NAME, UNKNOWN, Endpoint, Waypoint


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sets, over the common universe; ``absent`` are the numbers of workloads that it does not have."""

    cluster: Cluster
    endpoints: tuple[Endpoint, ...]
    absent: int
    namespaces: frozenset[str]
    """Namespaces of which all labels are known."""


@dataclass(frozen=True, slots=True)
class Union:
    """The universe, and who in it is only imagined: strangers, impostors, pods that policies speak of."""

    old: Side
    new: Side
    shown: frozenset[str]
    renamed: tuple[tuple[str, str], ...]


def unite(old: Cluster, new: Cluster) -> Union:
    """Return the universe of both; what only one of them knows of a namespace holds for the other too."""
    spaces = {**old.namespaces, **new.namespaces}
    before = _Half(old, {**spaces, **old.namespaces})
    after = _Half(new, {**spaces, **new.namespaces})
    renamed = _renamed(before.known, after.known)
    for was, now in renamed:
        before.known[now] = replace(before.known.pop(was), name=now)
    real = sorted(before.known.keys() | after.known.keys(), key=lambda name: (" " in name, name))
    known = [after.known.get(name) or before.known[name] for name in real]
    invented = stand_ins((old, new), known)
    outside = _outsiders(old, new, [*known, *(before.pod(one) for one in invented)])
    return Union(
        before.side(known, invented, outside),
        after.side(known, invented, outside),
        frozenset(one.name for one in (*known, *outside)),
        tuple(renamed),
    )


class _Half:
    """What one side says of everybody."""

    def __init__(self, cluster: Cluster, spaces: dict[str, dict[str, str]]) -> None:
        self.cluster = cluster
        self.spaces = spaces
        everybody = with_waypoints(cluster.endpoints, spaces)
        self.known = {one.name: self._placed(one) for one in everybody}

    def _placed(self, one: Endpoint) -> Endpoint:
        """Return *one* with the labels of its namespace, and the mesh mode that they tell."""
        if not one.is_pod:
            return one
        labels = {NAMESPACE_NAME: one.namespace, **self.spaces.get(one.namespace, one.namespace_labels)}
        mesh = self._mesh(one.namespace, one.labels) if one.mesh == UNKNOWN else one.mesh
        return replace(one, namespace_labels=labels, mesh=mesh)

    def _mesh(self, namespace: str, labels: Mapping[str, str]) -> str:
        stated = self.cluster.environment.mesh_namespaces.get(namespace)
        if namespace not in self.spaces and stated:
            return stated
        return mesh_mode(namespace, self.spaces.get(namespace), labels, {}, is_host_network=False) or UNKNOWN

    def pod(self, one: StandIn) -> Endpoint:
        """Return a pod that only policies speak of."""
        gateway = one.labels.get(GATEWAY_NAME, "")
        if (one.namespace, gateway) in self.cluster.waypoints:
            return self._placed(replace(Waypoint(one.namespace, gateway, ()).pods({}), name=one.name))
        return self._placed(Endpoint(one.name, one.namespace, one.labels, account=one.account, mesh=UNKNOWN))

    def side(self, known: Sequence[Endpoint], invented: Iterable[StandIn], outside: Iterable[Endpoint]) -> Side:
        """Return this side over the universe of all three."""
        own = [self.known.get(one.name) or self._placed(one) for one in known]
        absent = sum(1 << number for number, one in enumerate(known) if self._is_absent(one))
        everybody = (*own, *(self.pod(one) for one in invented), *map(self._placed, outside))
        return Side(self.cluster, everybody, absent, frozenset(self.spaces))

    def _is_absent(self, one: Endpoint) -> bool:
        """A workload that is not here does not exist, unless this set speaks of its namespace and shows no workload."""
        if one.name in self.known or not one.name.startswith(f"{one.namespace}/"):
            return False
        shows = any(name.startswith(f"{one.namespace}/") for name in self.known)
        return shows or one.namespace not in self._spoken_of

    @cached_property
    def _spoken_of(self) -> set[str]:
        bundle = self.cluster.bundle
        objects = [one for found in bundle.others.values() for one in found]
        objects += [one.manifest for one in bundle.network_policies]
        objects += [one.manifest for one in bundle.peer_authentications]
        objects += [one.manifest for one in bundle.authorization_policies]
        return {one.namespace for one in objects} | set(self.cluster.namespaces)


def _renamed(old: dict[str, Endpoint], new: dict[str, Endpoint]) -> list[tuple[str, str]]:
    """Return workloads that only changed their names: to every policy they are the same pods."""
    gone = {name: one for name, one in old.items() if name not in new and name.startswith(f"{one.namespace}/")}
    found = []
    for name, one in new.items():
        if name in old:
            continue
        twins = [was for was, other in gone.items() if replace(other, name=name) == one]
        if len(twins) == 1:
            found.append((twins[0], name))
            del gone[twins[0]]
    return found


def _outsiders(old: Cluster, new: Cluster, known: Sequence[Endpoint]) -> list[Endpoint]:
    """Return one stranger of each class, as the proof of a bundle has them."""
    environments: list[Environment] = [old.environment, new.environment]
    namespaces = {one.namespace for one in known if one.is_pod} | {ELSEWHERE}
    ranges: set[str] = set()
    accounts = {account for cluster in (old, new) for account in named_accounts(cluster.bundle)}
    homes = {name for cluster in (old, new) for name in named_namespaces(cluster.bundle)}
    for cluster in (old, new):
        namespaces |= set(named_namespaces(cluster.bundle)) | set(cluster.namespaces)
        namespaces |= {pods.namespace for pods in platform_pods(cluster.environment)}
        ranges |= known_ranges(cluster.environment, cluster.bundle)
    has_ambient = any(one.mesh == AMBIENT for one in known)
    found = [one for name in sorted(namespaces) for one in strangers(name, has_ambient=has_ambient)]
    found.append(own_node(environments[1]))
    found += [Endpoint(address_name(one, environments[1]), address=one) for one in sorted(addresses(ranges))]
    found += [impostor for one in known if not one.cluster for impostor in impostors(one)]
    found += [one for environment in environments for one in neighbours(environment, accounts, homes)]
    names = {one.name for one in known}
    return list({one.name: one for one in found if one.name not in names}.values())
