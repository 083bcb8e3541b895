"""Services outside that are reached through an egress gateway: the flows that follow, and what cannot be asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from generator.algebra.addresses import as_network, overlap
from generator.core.findings import Finding
from generator.core.places import Place
from generator.environment.model import Environment, Gateway
from generator.intent.declarations import Declarations, FlowDeclaration
from generator.model.externals import ExternalService, ExternalTls
from generator.model.intent import GatewayLockdown, Intent
from generator.model.peers import AddressesPeer, GatewayPeer, Peer, WorkloadPeer
from generator.model.terms import Mesh, Port
from generator.model.workloads import Workload

ROLE = "egress"
_ISTIO = "istio"
_TLS = frozenset({"tls", "https"})
_DEFAULT_ACCOUNT = "default"


def exit_flows(declared: Declarations, environment: Environment) -> Iterator[FlowDeclaration]:
    """Yield what each service behind an egress gateway needs: its clients to the gateway, and the gateway to it."""
    for external in declared.externals:
        gateway = _usable(environment, external)
        if gateway is None or gateway.service is None:
            continue
        here, there = GatewayPeer(external.through), AddressesPeer(external.addresses, not external.addresses)
        for client in external.clients:
            ports = (Port(gateway.service.target, "tls"),)
            yield _flow(external, WorkloadPeer(external.namespace, client), here, ports)
        yield _flow(external, here, there, (Port(external.port, "tcp"),))


def _usable(environment: Environment, external: ExternalService) -> Gateway | None:
    """Return the gateway that *external* is reached through; None where `check_exits` refuses it."""
    gateway = (environment.gateways or {}).get(external.through)
    is_usable = gateway is not None and gateway.role == ROLE and gateway.routes == _ISTIO and gateway.service
    return gateway if is_usable else None


def _flow(external: ExternalService, client: Peer, server: Peer, ports: tuple[Port, ...]) -> FlowDeclaration:
    place = external.origin.place
    return FlowDeclaration(
        client=client,
        server=server,
        ports=ports,
        ports_given=True,
        origin=external.origin,
        client_place=external.client_place(client.workload) if isinstance(client, WorkloadPeer) else place,
        server_place=place,
        ports_place=place,
        purpose=f"{external.name} ({external.host})",
        request=None,
        request_place=place,
        plaintext="",
        token="",
        host=external.host,
    )


def exit_lockdowns(declared: Sequence[Declarations], environment: Environment) -> Iterator[GatewayLockdown]:
    """Yield each egress gateway that something goes through, once: it is closed but for that."""
    found: dict[str, GatewayLockdown] = {}
    for external in (one for each in declared for one in each.externals if one.through):
        if _usable(environment, external):
            found.setdefault(external.through, GatewayLockdown(external.through, external.origin))
    yield from found.values()


def check_exits(intent: Intent, environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong with ways out through egress gateways.

    MG025 two services that contradict each other, MG027 weaker than asked, MG028 impossible,
    MG029 a fact of the environment is unknown, MG030 an identity that cannot tell callers apart.
    """
    found = [one for one in intent.externals if one.through]
    for number, external in enumerate(found):
        gateway = (environment.gateways or {})[external.through]
        yield from _check_gateway(intent, environment, external, gateway)
        yield from _check_protocol(external)
        for client in _clients(intent, external):
            yield from _check_client(external, client)
            yield from _check_accounts(intent, external, client)
        yield from next(([one] for other in found[:number] if (one := _conflict(external, other))), [])
        yield from _check_ways(intent, external)


def _place(external: ExternalService) -> Place:
    return external.through_place or external.origin.place


def _clients(intent: Intent, external: ExternalService) -> list[Workload]:
    known = (intent.workloads.get((external.namespace, name)) for name in external.clients)
    return [workload for workload in known if workload is not None]


def _check_gateway(
    intent: Intent, environment: Environment, external: ExternalService, gateway: Gateway
) -> Iterator[Finding]:
    place = _place(external)
    if gateway.role != ROLE:
        message = f"the gateway {gateway.name!r} is for {gateway.role} traffic: nothing leaves the cluster through it"
        others = sorted(name for name, one in (environment.gateways or {}).items() if one.role == ROLE)
        fix = f"name an egress gateway: {', '.join(others)}" if others else "state a gateway with role: egress"
        yield Finding("MG028", message, place, f"{fix} in the environment" if not others else fix)
        return
    if gateway.routes != _ISTIO:
        message = f"the gateway {gateway.name!r} takes routes of the Gateway API alone, and ways out are Istio's own"
        fix = "state routes: istio in the environment if its class serves Istio's Gateway too, or install one with Helm"
        yield Finding("MG028", message, place, fix)
    elif gateway.service is None:
        message = f"the environment {environment.name!r} does not say the service of the gateway {gateway.name!r}: "
        message += "workloads dial it by that"
        fix = "state service: {host: NAME.NAMESPACE.svc.cluster.local, port: 443, targetPort: 8443} beside its ports"
        yield Finding("MG029", message, place, fix)
    is_mesh_wide = gateway.pods.namespace == environment.istio.root_namespace
    if is_mesh_wide and not intent.accepts("gateway-labels-mesh-wide", external.origin.profile):
        message = f"the gateway {gateway.name!r} runs in the root namespace: a policy for it holds for every pod of "
        message += "the mesh with its labels"
        fix = "run it in a namespace of its own, or accept the caveat gateway-labels-mesh-wide with a reason"
        yield Finding("MG027", message, place, fix)
    wide = intent.mesh_wide
    if wide is not None and gateway.name in wide.gateways:
        message = f"the gateway {gateway.name!r} is to take named clients alone, and stays open mesh-wide for everybody"
        fix = "leave it out of mesh-baseline's gateways: its own policy opens it"
        yield Finding("MG025", message, place, fix, related=((wide.origin.place, "the mesh-wide policy"),))


def _check_protocol(external: ExternalService) -> Iterator[Finding]:
    if external.tls is ExternalTls.APPLICATION and external.protocol not in _TLS:
        message = f"{external.host!r} is called in plaintext ({external.protocol}): behind the gateway nobody would "
        message += "encrypt it"
        yield Finding("MG028", message, _place(external), "let the gateway add TLS (external-service, tls: originate)")


def _check_client(external: ExternalService, client: Workload) -> Iterator[Finding]:
    """The gateway tells callers apart by identity, and a sidecar alone takes calls of the host to it."""
    if client.mesh is Mesh.SIDECAR:
        return
    reasons = {
        Mesh.NONE: ("has no mesh identity, by which the gateway could let it pass", "give it a sidecar"),
        Mesh.AMBIENT: (
            "is ambient: ztunnel takes no call of a host to an egress gateway",
            "give it a sidecar, or leave `through` out: the network layer then holds its ways out",
        ),
    }
    what, fix = reasons[client.mesh or Mesh.NONE]
    yield Finding("MG028", f"{client.name!r} is to go through {external.through!r}, but {what}", _place(external), fix)


def _check_accounts(intent: Intent, external: ExternalService, client: Workload) -> Iterator[Finding]:
    """Whoever runs on an admitted account is admitted."""
    place, profile = external.client_place(client.name), external.origin.profile
    same = [one for one in intent.externals if (one.host, one.through) == (external.host, external.through)]
    admitted = {(one.namespace, name) for one in same for name in one.clients}
    for account in client.service_accounts:
        sharing = [
            one
            for one in intent.workloads.values()
            if one.namespace == client.namespace and account in one.service_accounts and one.key not in admitted
        ]
        sharing = [one for one in sharing if not (one.covers(client) or client.covers(one))]
        if account == _DEFAULT_ACCOUNT and not intent.accepts("default-service-account", profile):
            message = f"{client.name!r} calls as the ServiceAccount 'default', which every pod without one of its own "
            fix = "give it a ServiceAccount, or accept the caveat default-service-account with a reason"
            yield Finding("MG030", f"{message}has", place, fix)
        elif sharing and not intent.accepts("shared-service-account", profile):
            names = ", ".join(sorted(one.name for one in sharing))
            message = f"{client.name!r} shares the ServiceAccount {account!r} with {names}, which may not call "
            fix = "give each its own ServiceAccount, or accept the caveat shared-service-account with a reason"
            related = tuple((one.origin.place, f"{one.name} uses it too") for one in sharing)
            yield Finding("MG030", f"{message}{external.host!r}", place, fix, related=related, is_absence=True)


def _conflict(external: ExternalService, other: ExternalService) -> Finding | None:
    """The gateway knows a service by its host: it reaches that in one way, whoever calls."""
    if (external.through, external.host) != (other.through, other.host):
        return None
    ways = [(one.port, one.tls, one.local_port, one.certificates, one.protocol) for one in (external, other)]
    is_twice = (external.namespace, external.name) != (other.namespace, other.name)
    if ways[0] == ways[1] and not (is_twice and external.namespace == other.namespace):
        return None
    message = f"the gateway {external.through!r} would reach {external.host!r} in two ways"
    fix = "give both the same port, tls and certificates"
    if ways[0] == ways[1]:
        message = f"{external.host!r} is named twice in the namespace {external.namespace!r}"
        fix = "make it one service with both clients"
    return Finding("MG025", message, _place(external), fix, related=((_place(other), "the other one"),))


def _check_ways(intent: Intent, external: ExternalService) -> Iterator[Finding]:
    """A client that also reaches the service's addresses directly could leave the gateway out."""
    around, known = defaultdict[Place, list[str]](list), external.addresses
    for flow in intent.flows:
        client, server = flow.client, flow.server
        if not isinstance(client, WorkloadPeer) or not isinstance(server, AddressesPeer):
            continue
        is_client = client.namespace == external.namespace and client.workload in external.clients
        is_there = flow.ports is None or any(port.number == external.port for port in flow.ports)
        is_same = server.is_public or any(
            overlap(as_network(one), as_network(other)) for one in server.cidrs for other in known
        )
        if is_client and is_there and is_same:
            around[flow.origin.place].append(client.workload)
    for place, names in around.items():
        message = f"{', '.join(sorted(set(names)))} could leave out the gateway {external.through!r}: this opens "
        message += f"port {external.port} to where {external.host!r} may be"
        fix = "take this through the gateway as well, or name addresses that are not that service's"
        yield Finding("MG025", message, place, fix, related=((_place(external), "through the gateway"),))
