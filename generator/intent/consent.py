"""A namespace may demand to be asked: flows into it from other profiles must be opened by its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

from generator.core.findings import Finding
from generator.intent.declarations import Declarations
from generator.model.flows import Flow
from generator.model.peers import AnyonePeer, NamespacesPeer, Peer, WorkloadPeer, describe
from generator.model.workloads import Namespace


def with_consent(
    flows: Sequence[Flow],
    declared: Sequence[Declarations],
    namespaces: Mapping[str, Namespace],
    unresolved: Container[str],
) -> tuple[list[Flow], list[Finding]]:
    """Return the flows that may be rendered, and MG031 for those whose server was not asked.

    A flow that the server's own profile opens already, to this client or to more, is left
    out: the connection exists on the server's terms, and at both ends. Of a profile among the
    *unresolved*, whose flows are not all known, nobody can tell what it does not open.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for one in declared:
        for item in one.namespaces:
            owners[item.key[0]].add(one.origin.profile)
    kept: list[Flow] = []
    findings: list[Finding] = []
    for flow in flows:
        asking = [
            name
            for name in _namespaces_of(flow.server)
            if name in namespaces and namespaces[name].consent and flow.origin.profile not in owners[name]
        ]
        refused = [name for name in asking if not any(_covers(one, flow, owners[name]) for one in flows)]
        known = [name for name in refused if not any(one in unresolved for one in owners[name])]
        findings += [_no_consent(flow, namespaces[name]) for name in known]
        if not asking:
            kept.append(flow)
    return kept, findings


def _no_consent(flow: Flow, namespace: Namespace) -> Finding:
    owner = namespace.origin.profile
    message = f"the profile {owner!r} does not let {describe(flow.client)} call {describe(flow.server)}"
    fix = f"open it there as well: add it to the `shares` of {owner!r}"
    related = ((namespace.origin.place, f"{namespace.name} demands to be asked"),)
    return Finding("MG031", message, flow.origin.place, fix, related=related, is_absence=True)


def _covers(wide: Flow, narrow: Flow, owners: Iterable[str]) -> bool:
    """Tell whether *wide*, of one of the *owners*, opens what *narrow* asks for, on whatever requests it allows."""
    if wide.origin.profile not in owners or not _is_within(narrow.server, wide.server):
        return False
    if not _is_within(narrow.client, wide.client):
        return False
    if wide.ports is None or narrow.ports is None:
        return wide.ports is None
    opened = {(port.number, port.transport) for port in wide.ports}
    return all((port.number, port.transport) in opened for port in narrow.ports)


def _is_within(inner: Peer, outer: Peer) -> bool:
    if inner == outer or isinstance(outer, AnyonePeer):
        return True
    names = _namespaces_of(inner)
    return isinstance(outer, NamespacesPeer) and bool(names) and set(names) <= set(outer.names)


def _namespaces_of(peer: Peer) -> tuple[str, ...]:
    if isinstance(peer, WorkloadPeer):
        return (peer.namespace,)
    return peer.names if isinstance(peer, NamespacesPeer) else ()
