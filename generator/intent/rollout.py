"""A migration phase laid over the intent of the profile that is being moved."""

from __future__ import annotations

from dataclasses import replace

from generator.core.findings import Finding
from generator.core.names import suggestion
from generator.core.places import Json
from generator.intent.declarations import Declaration, Declarations, FlowDeclaration, Rollout
from generator.model.intent import Authorization, Mesh, Mtls, WorkloadPeer


def apply_rollout(declared: Declarations, rollout: Rollout) -> tuple[Declarations, list[Finding]]:
    """Return *declared* as it is in this phase of its move into the mesh.

    The flows stay what they are; the namespaces change mode. Before the mesh (phase 1)
    nothing can read requests or tokens, so flows are held at layer 3/4 alone.
    """
    findings = _unknown_exceptions(declared, rollout) + _unknown_clients(declared, rollout)
    over: dict[str, Json] = {
        "mesh": rollout.mesh,
        "mtls": rollout.mtls,
        "authorization": rollout.authorization,
    }
    if rollout.create:
        over["create"] = True
    namespaces = tuple(replace(item, fields={**item.fields, **over}) for item in declared.namespaces)
    workloads = tuple(_with_client_mode(item, rollout) for item in declared.workloads)
    flows = tuple(_in_phase(flow, rollout) for flow in declared.flows)
    tokens = declared.tokens if rollout.mesh == Mesh.SIDECAR else ()
    return replace(declared, namespaces=namespaces, workloads=workloads, flows=flows, tokens=tokens), findings


def _with_client_mode(workload: Declaration, rollout: Rollout) -> Declaration:
    if workload.key in rollout.plaintext_clients:
        return replace(workload, fields={**workload.fields, "mesh": Mesh.NONE.value})
    return workload


def _in_phase(flow: FlowDeclaration, rollout: Rollout) -> FlowDeclaration:
    if rollout.mesh == Mesh.NONE:
        return replace(flow, request=None, token="")
    if rollout.authorization != Authorization.ENFORCED and rollout.mtls == Mtls.PERMISSIVE:
        return flow
    server = flow.server
    if isinstance(server, WorkloadPeer) and not flow.plaintext:
        for (workload, _), reason in rollout.plaintext.items():
            if workload == server.workload and _is_plaintext_client(flow, rollout):
                return replace(flow, plaintext=reason)
    return flow


def _is_plaintext_client(flow: FlowDeclaration, rollout: Rollout) -> bool:
    client = flow.client
    return isinstance(client, WorkloadPeer) and (client.namespace, client.workload) in rollout.plaintext_clients


def _ports_of(workload: Declaration) -> set[int]:
    return {port["number"] for port in workload.fields.get("ports", [])}


def _unknown_exceptions(declared: Declarations, rollout: Rollout) -> list[Finding]:
    known = {item.key[1]: item for item in declared.workloads}
    findings = []
    for (workload, port), place in rollout.plaintext_places.items():
        if workload not in known:
            fix = suggestion(workload, known)
            findings.append(Finding("MG020", f"the moved profile has no workload {workload!r}", place, fix))
        elif port not in _ports_of(known[workload]):
            ports = ", ".join(str(number) for number in sorted(_ports_of(known[workload]))) or "none"
            findings.append(
                Finding("MG024", f"the workload {workload!r} has no port {port}", place, f"its ports: {ports}")
            )
    return findings


def _unknown_clients(declared: Declarations, rollout: Rollout) -> list[Finding]:
    clients = {
        (flow.client.namespace, flow.client.workload)
        for flow in declared.flows
        if isinstance(flow.client, WorkloadPeer)
    }
    findings = []
    for (namespace, workload), (_, place) in rollout.plaintext_clients.items():
        if (namespace, workload) not in clients:
            message = f"no flow of the moved profile has the client {namespace}/{workload}"
            fix = suggestion(workload, [name for _, name in clients]) + "; or declare it there under peers and flows"
            findings.append(Finding("MG020", message, place, fix))
    return findings
