"""What an intent must not ask for: the impossible, and the weaker than it looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.core.places import Place
from generator.environment.model import Environment
from generator.model.intent import (
    AddressesPeer,
    AnyonePeer,
    Authorization,
    Flow,
    Intent,
    Mesh,
    Mtls,
    Namespace,
    NamespacesPeer,
    Workload,
    WorkloadPeer,
)
from generator.model.peers import describe, has_identity

DEFAULT_ACCOUNT = "default"


def check_intent(intent: Intent, environment: Environment) -> list[Finding]:
    """Return what is wrong with *intent* as a whole.

    MG027 weaker than asked (accept it, or mend it), MG028 impossible, MG029 a fact of the
    environment is unknown, MG030 an identity that cannot tell callers apart.
    """
    findings: list[Finding] = []
    for flow in intent.flows:
        findings += _check_breadth(flow)
        findings += _check_requests(intent, flow)
        findings += _check_identity(intent, environment, flow)
    findings += _check_accounts(intent)
    findings += _check_tokens(intent)
    findings += _check_externals(intent)
    return findings


def _servers(intent: Intent, flow: Flow) -> Iterator[tuple[Namespace, Mesh]]:
    """Yield the namespaces of the flow's server that this bundle secures, with the server's mesh mode."""
    server = flow.server
    if isinstance(server, WorkloadPeer) and server.namespace in intent.namespaces:
        workload = intent.workloads[server.namespace, server.workload]
        yield intent.namespaces[server.namespace], workload.mesh or Mesh.NONE
    if isinstance(server, NamespacesPeer):
        for name in server.names:
            if name in intent.namespaces:
                yield intent.namespaces[name], intent.namespaces[name].mesh


def _check_breadth(flow: Flow) -> list[Finding]:
    """Everybody, or every address, is asked for by its own word and never on every port."""
    findings = []
    for peer in (flow.client, flow.server):
        if isinstance(peer, AnyonePeer) and flow.ports is None:
            message = "the flow opens every port to anyone"
            findings.append(Finding("MG027", message, flow.origin.place, "name the ports"))
        if isinstance(peer, AddressesPeer):
            for cidr in peer.cidrs:
                if cidr.endswith("/0"):
                    message = f"{cidr} is every address there is, the cluster's own included"
                    fix = "name the ranges; for a host without known addresses accept host-without-addresses"
                    findings.append(Finding("MG027", message, flow.origin.place, fix))
    return findings


def _check_requests(intent: Intent, flow: Flow) -> list[Finding]:
    if flow.request is None and not flow.token:
        return []
    what = "a token" if flow.request is None else "methods, paths, hosts or headers"
    place = flow.request_place or flow.origin.place
    findings = [
        Finding(
            "MG028",
            f"the flow asks for {what} on port {port.number}, which speaks {port.protocol}",
            place,
            "HTTP rules need a port of protocol http, http2 or grpc; declare the protocol, or drop the rule",
        )
        for port in flow.ports or ()
        if not port.is_http
    ]
    for namespace, mesh in _servers(intent, flow):
        if mesh is Mesh.NONE:
            message = f"the flow asks for {what}, but its server in {namespace.name!r} is outside the mesh"
            findings.append(Finding("MG028", message, place, "nothing there can read requests: move it into the mesh"))
    return findings


def _check_identity(intent: Intent, environment: Environment, flow: Flow) -> list[Finding]:
    if flow.plaintext or has_identity(flow.client, intent, environment):
        return []
    for namespace, mesh in _servers(intent, flow):
        is_lenient = namespace.mtls is Mtls.PERMISSIVE and namespace.authorization is not Authorization.ENFORCED
        if (
            mesh is Mesh.NONE
            or is_lenient
            or (all(port.transport != "TCP" for port in flow.ports or ()) and flow.ports)
        ):
            continue
        message = f"{describe(flow.client)} has no mesh identity, but {namespace.name!r} admits callers by identity"
        fix = "give it a sidecar, or state `plaintext: REASON`: the port then takes callers without identity as well"
        return [Finding("MG027", message, flow.origin.place, fix)]
    return []


def _has_tcp(flow: Flow) -> bool:
    return flow.ports is None or any(port.transport == "TCP" for port in flow.ports)


def _accepted(intent: Intent, caveat: str, profile: str) -> bool:
    return any(item.caveat == caveat and item.profile == profile for item in intent.acceptances)


def _check_accounts(intent: Intent) -> list[Finding]:
    """An identity rule names accounts: every workload on an admitted account is admitted."""
    users: dict[tuple[str, str], list[Workload]] = defaultdict(list)
    for workload in intent.workloads.values():
        for account in workload.service_accounts:
            users[workload.namespace, account].append(workload)
    findings = []
    for client, server, place, profile in _identity_rules(intent):
        callers = {
            flow.client.workload
            for flow in intent.flows
            if flow.server == server
            and isinstance(flow.client, WorkloadPeer)
            and flow.client.namespace == client.namespace
        }
        for account in client.service_accounts:
            sharing = [other for other in users[client.namespace, account] if other.name not in callers]
            if account == DEFAULT_ACCOUNT and not _accepted(intent, "default-service-account", profile):
                message = (
                    f"{client.name!r} calls as the ServiceAccount 'default', which every pod without one of its own has"
                )
                fix = "give it a ServiceAccount, or accept the caveat default-service-account with a reason"
                findings.append(Finding("MG030", message, place, fix))
            elif sharing and not _accepted(intent, "shared-service-account", profile):
                names = ", ".join(sorted(other.name for other in sharing))
                message = f"{client.name!r} shares the ServiceAccount {account!r} with {names}"
                message += f", which may not call {server.workload!r}"
                fix = "give each its own ServiceAccount, or accept the caveat shared-service-account with a reason"
                related = tuple((other.origin.place, f"{other.name} uses it too") for other in sharing)
                findings.append(Finding("MG030", message, place, fix, related=related))
    return findings


def _identity_rules(intent: Intent) -> Iterator[tuple[Workload, WorkloadPeer, Place, str]]:
    for flow in intent.flows:
        client, server = flow.client, flow.server
        if not isinstance(client, WorkloadPeer) or not isinstance(server, WorkloadPeer):
            continue
        caller = intent.workloads[client.namespace, client.workload]
        for namespace, mesh in _servers(intent, flow):
            if (
                caller.mesh is Mesh.SIDECAR
                and mesh is Mesh.SIDECAR
                and namespace.authorization is not Authorization.OFF
            ):
                yield caller, server, flow.origin.place, flow.origin.profile


def _check_tokens(intent: Intent) -> list[Finding]:
    findings = []
    for token in intent.tokens:
        if bool(token.jwks_uri) == bool(token.jwks):
            message = "the issuer's keys come from jwksUri or from jwks, exactly one of them"
            findings.append(Finding("MG028", message, token.origin.place, "give one of the two"))
        flows = [flow for flow in intent.flows if flow.token == token.name]
        if not flows:
            message = f"no flow to {token.workload!r} asks for the token, so requests without one would pass"
            findings.append(
                Finding("MG028", message, token.origin.place, "expose the workload with the token, or drop it")
            )
    return findings


def _check_externals(intent: Intent) -> list[Finding]:
    findings = []
    for external in intent.externals:
        if not external.addresses and not _accepted(intent, "host-without-addresses", external.origin.profile):
            message = (
                f"NetworkPolicy knows no host names: for {external.host!r} it would have to open port "
                f"{external.port} to every public address"
            )
            fix = "list its addresses (cidrs), or accept the caveat host-without-addresses with a reason"
            findings.append(Finding("MG027", message, external.origin.place, fix))
    return findings
