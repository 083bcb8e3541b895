"""A large intent falls into parts that have nothing to do with each other; each is proven by itself.

Namespaces belong together when a flow joins them. A policy of one part that names another
part's namespace is still found out: whatever the YAML names is in the part's universe.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.peers import NamespacesPeer, Peer, WorkloadPeer
from generator.model.workloads import WorkloadKey


def components(intent: Intent) -> list[Intent]:
    """Return *intent* in parts, the namespaces of each joined by flows; together they are the whole.

    A closed or guarded gateway sees everything that is routed to, so with one there is a single part.
    """
    if intent.gateways or intent.traffic.guards or len(intent.namespaces) < 2:
        return [intent]
    leader = {name: name for name in intent.namespaces}
    for flow in intent.flows:
        joined = sorted(_namespaces(flow) & leader.keys())
        for name in joined[1:]:
            leader[_find(leader, name)] = _find(leader, joined[0])
    for home in intent.namespaces.values():  # a waypoint of another namespace joins the two
        if home.waypoint is not None and home.waypoint.namespace in leader:
            leader[_find(leader, home.name)] = _find(leader, home.waypoint.namespace)
    groups: dict[str, set[str]] = {}
    for name in intent.namespaces:
        groups.setdefault(_find(leader, name), set()).add(name)
    flows: dict[str, list[Flow]] = {group: [] for group in groups}
    for flow in intent.flows:
        own = _namespaces(flow) & leader.keys()
        if own:
            flows[_find(leader, min(own))].append(flow)
    workloads: dict[str, list[WorkloadKey]] = {}
    for key in intent.workloads:
        workloads.setdefault(key[0], []).append(key)
    return [
        _part(intent, names, {key for name in names for key in workloads.get(name, ())}, flows[group])
        for group, names in groups.items()
    ]


def _find(leader: dict[str, str], name: str) -> str:
    while leader[name] != name:
        leader[name] = leader[leader[name]]
        name = leader[name]
    return name


def _namespaces(flow: Flow) -> set[str]:
    return {name for peer in (flow.client, flow.server) for name in _of_peer(peer)}


def _of_peer(peer: Peer) -> Iterable[str]:
    if isinstance(peer, WorkloadPeer):
        return (peer.namespace,)
    return peer.names if isinstance(peer, NamespacesPeer) else ()


def _part(intent: Intent, names: set[str], own: set[WorkloadKey], flows: list[Flow]) -> Intent:
    far = {peer.key for flow in flows for peer in (flow.client, flow.server) if isinstance(peer, WorkloadPeer)}
    return replace(
        intent,
        namespaces={name: intent.namespaces[name] for name in sorted(names)},
        workloads={key: intent.workloads[key] for key in sorted(own | far)},
        flows=tuple(flows),
        tokens=tuple(one for one in intent.tokens if one.namespace in names),
        externals=tuple(one for one in intent.externals if one.namespace in names),
    )
