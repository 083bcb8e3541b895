"""A proposal as a file: what is known as YAML, what is not as a value that no render takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.adopt.proposal import Flow, Port, Proposal, Workload
from generator.manifests.workloads import WorkloadTemplate
from generator.report.safe import one_line
from generator.templating.quoting import flow

FILL_IN = "FILL-IN"
"""Where manifests do not say: a render refuses it, at its line."""


def profile_text(proposal: Proposal, name: str, environment: str | None, source: str) -> str:
    """Return *proposal* as a profile called *name*."""
    mesh = common_mesh(proposal)
    lines = [
        "# yaml-language-server: $schema=./app.schema.json",
        f"# Proposed by `meshgen init --from {one_line(source)}`: review it before you rely on it.",
        "apiVersion: meshgen.dev/v1alpha1",
        "kind: Profile",
        f"metadata: {flow({'name': name})}",
        "profile: app",
        *([f"environment: {flow(environment)}"] if environment else []),
        "spec:",
        f"  namespace: {flow(proposal.namespace)}",
        *([] if mesh else ["  # sidecar or none? The Namespace is not here, and nothing else says."]),
        *([] if mesh == "sidecar" else [f"  mesh: {mesh or FILL_IN}"]),
        "  workloads:",
        *(line for one in proposal.workloads for line in _workload(one, mesh)),
        *_peers(proposal),
        *_flows(proposal),
        *_remarks(proposal),
    ]
    return "\n".join(lines) + "\n"


def common_mesh(proposal: Proposal) -> str:
    """Return how the namespace takes part in the mesh, empty where nobody says."""
    modes = {one.mesh for one in proposal.workloads}
    return "sidecar" if "sidecar" in modes else modes.pop() if len(modes) == 1 else "none"


def _workload(one: Workload, mesh: str) -> Iterator[str]:
    data: dict[str, Any] = {}
    spoken = {port.name: {"port": port.number, "protocol": port.protocol or FILL_IN} for port in one.ports}
    data |= next(iter(spoken.values())) if len(spoken) == 1 else {"ports": spoken} if spoken else {}
    data |= _identity(one.name, one.labels, one.account)
    data |= {} if one.mesh == mesh else {"mesh": one.mesh or FILL_IN}
    exposed = [{"gateway": name} | _which(port, one.ports) for name, port in one.gateways]
    data |= {"expose": exposed[0] if len(exposed) == 1 else exposed} if exposed else {}
    if any(not port.protocol for port in one.ports):
        yield "    # http, grpc, tcp, …? No Service says what it speaks."
    yield f"    {flow(one.name)}: {flow(data)}"


def _identity(name: str, labels: dict[str, str], account: str) -> dict[str, Any]:
    """Return labels and account where they are not what a profile takes them for."""
    found: dict[str, Any] = {} if labels == {"app": name} else {"labels": dict(sorted(labels.items()))}
    return found | ({} if account == name else {"serviceAccount": account})


def _which(port: Port, ports: tuple[Port, ...]) -> dict[str, Any]:
    return {"port": port.name} if len(ports) > 1 else {}


def _peers(proposal: Proposal) -> Iterator[str]:
    if proposal.peers:
        yield "  peers:"
    for (namespace, name), one in proposal.peers.items():
        yield f"    {_peer_name(proposal, namespace, name)}: {flow(_peer(proposal, namespace, one))}"


def _peer(proposal: Proposal, namespace: str, one: WorkloadTemplate) -> dict[str, Any]:
    is_renamed = _peer_name(proposal, namespace, one.name) != one.name
    data = {"namespace": namespace} | ({"workload": one.name} if is_renamed else {})
    return data | _identity(one.name, dict(one.labels), one.account)


def _peer_name(proposal: Proposal, namespace: str, name: str) -> str:
    taken = {one.name for one in proposal.workloads} | {other for space, other in proposal.peers if space != namespace}
    return f"{name}-of-{namespace}" if name in taken else name


def _flows(proposal: Proposal) -> Iterator[str]:
    if not proposal.flows:
        yield "  # No policy names a caller: write down who may call whom."
        yield "  flows: []"
        return
    yield "  flows:"
    ports = {one.name: one.ports for one in proposal.workloads}
    for one in proposal.flows:
        data = {"from": _client(proposal, one), "to": one.server} | _which(one.port, ports[one.server])
        yield f"    - {flow(data)}"


def _client(proposal: Proposal, one: Flow) -> str:
    is_own = one.client_namespace == proposal.namespace
    return one.client if is_own else _peer_name(proposal, one.client_namespace, one.client)


def _remarks(proposal: Proposal) -> Iterator[str]:
    if proposal.open_ones:
        yield "  # No policy closes these today, so nothing says who calls them; the profile closes them:"
        yield f"  #   {', '.join(proposal.open_ones)}"
    if proposal.remarks:
        yield "  # Not taken over:"
        yield from (f"  #   {one_line(f'{place}: {text}')}" for place, text in proposal.remarks)
