"""What an intent must not ask for: the impossible, and the weaker than it looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from generator.core.findings import Finding
from generator.core.places import Place
from generator.environment.model import Environment
from generator.intent.ambient import check_ambient
from generator.intent.boundary import check_boundary
from generator.intent.breadth import check_breadth
from generator.intent.crossings import check_crossings
from generator.intent.exits import check_exits
from generator.intent.guards import check_guards
from generator.intent.plaintext import check_every_port, check_needless_plaintext, check_server_first
from generator.intent.platform import check_platform
from generator.intent.rate_limits import check_rate_limits
from generator.intent.routes import check_routes
from generator.intent.separation import check_separation
from generator.intent.tokens import check_tokens
from generator.intent.unread import check_unread
from generator.model.externals import ExternalService
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.membership import has_identity
from generator.model.peers import (
    AddressesPeer,
    CloudCredentialsPeer,
    NamespacesPeer,
    Peer,
    RemotePeer,
    WorkloadPeer,
    describe,
)
from generator.model.terms import Authorization, Mesh, Mtls
from generator.model.workloads import Namespace, Workload

DEFAULT_ACCOUNT = "default"


def check_intent(intent: Intent, environment: Environment) -> list[Finding]:
    """Return what is wrong with *intent* as a whole.

    MG027 weaker than asked (accept it, or mend it), MG028 impossible, MG029 a fact of the
    environment is unknown, MG030 an identity that cannot tell callers apart.
    """
    findings: list[Finding] = []
    externals: dict[str, list[ExternalService]] = defaultdict(list)
    for external in intent.externals:
        externals[external.namespace].append(external)
    for flow in intent.flows:
        findings += check_breadth(flow, environment)
        findings += _check_requests(intent, flow)
        findings += _check_identity(intent, environment, flow)
        findings += _check_encryption(intent, flow)
        findings += _check_registry(intent, flow, externals)
    findings += _check_accounts(intent)
    findings += check_tokens(intent)
    findings += _check_ports(intent)
    findings += check_ambient(intent, environment)
    findings += check_boundary(intent, environment)
    findings += check_exits(intent, environment)
    findings += check_crossings(intent, environment)
    findings += check_guards(intent, environment)
    findings += check_rate_limits(intent, environment)
    findings += check_routes(intent, environment)
    findings += check_separation(intent)
    findings += check_platform(intent, environment)
    findings += check_unread(intent)
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
    server = flow.server
    is_foreign = isinstance(server, WorkloadPeer) and server.namespace not in intent.namespaces
    is_outside = isinstance(server, WorkloadPeer) and is_foreign and intent.workloads[server.key].mesh is Mesh.NONE
    if is_outside or (isinstance(server, RemotePeer) and server.mesh is Mesh.NONE):
        message = f"the flow asks for {what}, but {describe(server)} is outside the mesh"
        findings.append(Finding("MG028", message, place, "nothing there can read requests: drop the rule"))
    return findings


def _check_identity(intent: Intent, environment: Environment, flow: Flow) -> list[Finding]:
    servers = [mesh for _, mesh in _servers(intent, flow)]
    if has_identity(flow.client, intent, environment):
        return check_needless_plaintext(flow) if any(mesh.is_member for mesh in servers) else []
    if flow.plaintext or flow.tolerated:
        is_ruled = any(
            mesh.is_member and namespace.authorization is not Authorization.OFF
            for namespace, mesh in _servers(intent, flow)
        )
        wide = check_every_port(flow) if is_ruled else []
        return [*wide, *(check_server_first(flow) if Mesh.SIDECAR in servers else [])]
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
        if namespace.encrypted:
            fix = "give it a sidecar: this namespace takes no caller without an identity"
        return [Finding("MG027", message, flow.origin.place, fix)]
    return []


def _check_encryption(intent: Intent, flow: Flow) -> list[Finding]:
    """Where a namespace asks for it, no flow within the cluster may do without mutual TLS at both ends."""
    ends = [peer for peer in (flow.client, flow.server) if isinstance(peer, WorkloadPeer)]
    secured = [peer.namespace for peer in ends if peer.namespace in intent.namespaces]
    if not any(intent.namespaces[name].encrypted for name in secured):
        return []
    words = f"from {describe(flow.client)} to {describe(flow.server)}"
    server, reasons = flow.server, {}
    if flow.plaintext:
        reasons["comes without an identity"] = "give the client a sidecar and drop `plaintext`"
    for peer in (flow.client, server):
        if isinstance(peer, RemotePeer) and peer.mesh is Mesh.NONE:
            reasons["has an end in another cluster without a sidecar"] = "move it into the mesh"
    if isinstance(server, WorkloadPeer) and intent.workloads[server.key].mesh is Mesh.NONE:
        reasons["goes to a server without a sidecar"] = "move the server into the mesh"
    if isinstance(server, WorkloadPeer) and any(port.transport != "TCP" for port in flow.ports or ()):
        reasons["is no TCP, which is all that a proxy carries"] = "keep it out of this namespace, or encrypt it there"
    return [
        Finding("MG027", f"every flow here is to be mutual TLS, but the one {words} {what}", flow.origin.place, fix)
        for what, fix in reasons.items()
    ]


def _check_registry(intent: Intent, flow: Flow, externals: Mapping[str, Sequence[ExternalService]]) -> list[Finding]:
    """Proxies that know only registered hosts refuse connections to bare addresses."""
    client, server = flow.client, flow.server
    if not isinstance(client, WorkloadPeer) or not isinstance(server, AddressesPeer | CloudCredentialsPeer):
        return []
    namespace = intent.namespaces.get(client.namespace)
    if namespace is None or not namespace.registry_only or intent.workloads[client.key].mesh is not Mesh.SIDECAR:
        return []
    registered = {
        external.port
        for external in externals.get(namespace.name, ())
        if isinstance(server, AddressesPeer) and (server.is_public or set(external.addresses) == set(server.cidrs))
    }
    numbers = {port.number for port in flow.ports or ()}
    if numbers and numbers <= registered:
        return []
    message = f"the sidecars of {namespace.name!r} know only hosts of the registry and would refuse bare addresses"
    fix = "name the host beside the addresses, or set registryOnly: false"
    return [Finding("MG028", message, flow.origin.place, fix, is_absence=True)]


def _has_tcp(flow: Flow) -> bool:
    return flow.ports is None or any(port.transport == "TCP" for port in flow.ports)


def _check_accounts(intent: Intent) -> list[Finding]:
    """An identity rule names accounts: every workload on an admitted account is admitted."""
    users: dict[tuple[str, str], list[Workload]] = defaultdict(list)
    for workload in intent.workloads.values():
        for account in workload.service_accounts:
            users[workload.namespace, account].append(workload)
    admitted: dict[tuple[Peer, str], set[str]] = defaultdict(set)
    for flow in intent.flows:
        if isinstance(flow.client, WorkloadPeer):
            admitted[flow.server, flow.client.namespace].add(flow.client.workload)
    findings = []
    for client, server, place, profile in _identity_rules(intent):
        callers = admitted[server, client.namespace]
        for account in client.service_accounts:
            sharing = [
                other
                for other in users[client.namespace, account]
                if other.name not in callers
                and not any(one.covers(other) or other.covers(one) for one in (client, intent.workloads[server.key]))
            ]
            if account == DEFAULT_ACCOUNT and not intent.accepts("default-service-account", profile):
                message = (
                    f"{client.name!r} calls as the ServiceAccount 'default', which every pod without one of its own has"
                )
                fix = "give it a ServiceAccount, or accept the caveat default-service-account with a reason"
                findings.append(Finding("MG030", message, place, fix))
            elif sharing and not intent.accepts("shared-service-account", profile):
                names = ", ".join(sorted(other.name for other in sharing))
                message = f"{client.name!r} shares the ServiceAccount {account!r} with {names}"
                message += f", which may not call {server.workload!r}"
                fix = "give each its own ServiceAccount, or accept the caveat shared-service-account with a reason"
                related = tuple((other.origin.place, f"{other.name} uses it too") for other in sharing)
                findings.append(Finding("MG030", message, place, fix, related=related, is_absence=True))
    return findings


def _identity_rules(intent: Intent) -> Iterator[tuple[Workload, WorkloadPeer, Place, str]]:
    for flow in intent.flows:
        client, server = flow.client, flow.server
        if not isinstance(client, WorkloadPeer) or not isinstance(server, WorkloadPeer):
            continue
        caller = intent.workloads[client.namespace, client.workload]
        for namespace, mesh in _servers(intent, flow):
            if caller.mesh is not Mesh.NONE and mesh.is_member and namespace.authorization is not Authorization.OFF:
                yield caller, server, flow.origin.place, flow.origin.profile


def _check_ports(intent: Intent) -> list[Finding]:
    """A port number stands for one thing: two uses of it could not be told apart by any policy."""
    findings = []
    for workload in intent.workloads.values():
        numbers = [(port.number, port.transport) for port in workload.ports]
        for number in sorted({number for number, transport in numbers if numbers.count((number, transport)) > 1}):
            message = f"the workload {workload.name!r} has the port {number} twice"
            fix = "give each purpose a port of its own"
            findings.append(Finding("MG028", message, workload.origin.place, fix))
    return findings
