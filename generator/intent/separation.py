"""What keeps namespaces apart: zones, labels as a boundary, and wide rules that cancel narrow ones."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.peers import NamespacesPeer, Peer, WorkloadPeer, describe
from generator.model.terms import Mesh


def check_separation(intent: Intent) -> list[Finding]:
    """Return MG027 for what is weaker than asked, MG028 for what no object could do."""
    findings: list[Finding] = []
    wide = [flow for flow in intent.flows if _opens_everything(flow)]
    for flow in intent.flows:
        findings += _check_zones(intent, flow)
        findings += _check_labels(intent, flow)
        findings += _check_members(intent, flow)
        findings += _check_cancelled(intent, flow, wide)
    return findings


def _homes(peer: Peer) -> tuple[str, ...]:
    if isinstance(peer, WorkloadPeer):
        return (peer.namespace,)
    return peer.names if isinstance(peer, NamespacesPeer) else ()


def _check_zones(intent: Intent, flow: Flow) -> Iterator[Finding]:
    """No connection may join namespaces that a profile keeps apart."""
    known = intent.namespaces
    for client in _homes(flow.client):
        for server in _homes(flow.server):
            zones = [known[name].zone if name in known else "" for name in (client, server)]
            if all(zones) and zones[0] != zones[1]:
                message = (
                    f"the flow from {describe(flow.client)} to {describe(flow.server)} joins {zones[0]} with {zones[1]}"
                )
                message += f", which the profile {known[server].origin.profile!r} keeps apart"
                related = (
                    (known[client].origin.place, f"{client} is {zones[0]}"),
                    (known[server].origin.place, f"{server} is {zones[1]}"),
                )
                fix = "drop the flow, or let both sides use a service of the platform"
                yield Finding("MG027", message, flow.origin.place, fix, related=related)


def _check_labels(intent: Intent, flow: Flow) -> Iterator[Finding]:
    """A label is a boundary only while nobody else may set it; Kubernetes protects none but the name's."""
    for peer in (flow.client, flow.server):
        if (
            isinstance(peer, NamespacesPeer)
            and peer.labels
            and not intent.accepts("namespace-label", flow.origin.profile)
        ):
            labels = ", ".join(f"{key}={value}" for key, value in peer.labels)
            message = f"namespaces are selected by {labels}: whoever may label a namespace gets in"
            fix = "drop selectBy (namespaces are then named), or accept the caveat namespace-label with a reason"
            yield Finding("MG027", message, flow.origin.place, fix)
            return


def _check_members(intent: Intent, flow: Flow) -> Iterator[Finding]:
    """Whole namespaces that may call sidecars hold no workload without one: it has no identity to be admitted by."""
    if not isinstance(flow.client, NamespacesPeer) or not isinstance(flow.server, NamespacesPeer) or flow.plaintext:
        return
    related = ((flow.origin.place, "every pod may call every other"),)
    for workload in intent.workloads.values():
        home = intent.namespaces.get(workload.namespace)
        if not workload.is_rendered or home is None or home.mesh is workload.mesh:
            continue
        if workload.mesh is Mesh.NONE and workload.namespace in flow.client.names:
            message = f"{workload.name!r} has no sidecar, so those of {', '.join(flow.server.names)} refuse it"
            fix = "give it a sidecar, or list the flows (`inside: flows`) and say there which ports take plaintext"
            yield Finding("MG028", message, workload.origin.place, fix, related=related)
        elif home.mesh is Mesh.NONE and workload.namespace in flow.server.names:
            message = f"{workload.name!r} has a sidecar, which refuses the others of {', '.join(flow.client.names)}"
            fix = (
                "take all of them into the mesh, or list the flows (`inside: flows`) and say which ports take plaintext"
            )
            yield Finding("MG028", message, workload.origin.place, fix, related=related)


def _opens_everything(flow: Flow) -> bool:
    return isinstance(flow.server, NamespacesPeer) and flow.ports is None and flow.request is None


def _check_cancelled(intent: Intent, flow: Flow, wide: list[Flow]) -> Iterator[Finding]:
    """Policies add up: a narrow rule beside one that opens the whole namespace decides nothing."""
    if not isinstance(flow.server, WorkloadPeer) or flow.server.namespace not in intent.namespaces:
        return
    for other in wide:
        is_foreign = other.origin.profile != flow.origin.profile
        clients = _homes(flow.client)
        if (
            is_foreign
            and flow.server.namespace in _homes(other.server)
            and clients
            and set(clients) <= set(_homes(other.client))
            and not intent.accepts("open-namespace", flow.origin.profile)
        ):
            message = f"the flow to {describe(flow.server)} restricts nothing: the profile {other.origin.profile!r}"
            message += f" lets {describe(other.client)} use every port there"
            fix = (
                f"write `inside: flows` in {other.origin.profile!r}, or accept the caveat open-namespace with a reason"
            )
            related = ((other.origin.place, "this opens it"),)
            yield Finding("MG027", message, flow.origin.place, fix, related=related)
            return
