"""What crosses the edge of the cluster: services and addresses outside, and the gateways themselves."""

from __future__ import annotations

from generator.algebra.addresses import as_network, is_inside
from generator.core.findings import Finding
from generator.environment.gateways import EAST_WEST, EGRESS, is_named_by_policies
from generator.environment.model import Environment
from generator.model.externals import ExternalService, ExternalTls
from generator.model.flows import Flow
from generator.model.intent import GatewayLockdown, Intent
from generator.model.peers import AddressesPeer, GatewayPeer, RemotePeer, WorkloadPeer
from generator.model.terms import Isolation, Mesh
from generator.model.workloads import Namespace, Workload


def check_boundary(intent: Intent, environment: Environment) -> list[Finding]:
    """Return what is wrong with the ways out of the cluster and into it.

    MG027 weaker than asked, MG028 impossible, MG029 a fact of the environment is unknown.
    """
    findings: list[Finding] = []
    for flow in intent.flows:
        findings += _check_addresses(environment, flow)
        findings += _check_pass_through(intent, environment, flow)
    for external in intent.externals:
        findings += _check_known_addresses(intent, external)
        findings += _check_origination(intent, external)
    for namespace in intent.namespaces.values():
        findings += _check_registry(intent, namespace)
    for lockdown in intent.gateways:
        findings += _check_routes(intent, environment, lockdown)
        findings += _check_sources(environment, lockdown)
        findings += _check_hosts(intent, environment, lockdown) if lockdown.is_routed_only else []
    return findings


def _check_addresses(environment: Environment, flow: Flow) -> list[Finding]:
    """An ipBlock is for addresses outside: whether it matches pods or Services differs between plugins."""
    ranges = {"pods": environment.addresses.pods, "Services": environment.addresses.services}
    findings = []
    for peer in (flow.client, flow.server):
        for cidr in peer.cidrs if isinstance(peer, AddressesPeer) else ():
            for what, known in ranges.items():
                if any(is_inside(as_network(cidr), as_network(one)) for one in known or ()):
                    message = f"{cidr} lies inside the cluster: it is a range of its {what}"
                    fix = "name the workload instead of its address: a network policy selects pods by their labels"
                    findings.append(Finding("MG028", message, flow.origin.place, fix))
    return findings


def _check_pass_through(intent: Intent, environment: Environment, flow: Flow) -> list[Finding]:
    """Only an ingress gateway lets in; callers through an east-west one keep the identities of their own cluster.

    Of servers that are secured elsewhere it is said only that the gateway's own pods may reach them.
    """
    gateways, server = environment.gateways or {}, flow.server
    if not isinstance(flow.client, GatewayPeer):
        return []
    role = gateways[flow.client.gateway].role
    if role == EGRESS and not isinstance(server, AddressesPeer):
        message = f"the gateway {flow.client.gateway!r} is for what leaves the cluster: nothing comes in through it"
        return [Finding("MG028", message, flow.origin.place, "expose it through an ingress gateway")]
    if role != EAST_WEST or (isinstance(server, WorkloadPeer) and not intent.workloads[server.key].is_rendered):
        return []
    message = f"the gateway {flow.client.gateway!r} joins clusters: who comes through it is not the gateway itself"
    fix = "name the workload that calls, with its cluster; expose through an ingress gateway for callers outside"
    return [Finding("MG028", message, flow.origin.place, fix)]


def _check_known_addresses(intent: Intent, external: ExternalService) -> list[Finding]:
    if external.addresses or intent.accepts("host-without-addresses", external.origin.profile):
        return []
    message = f"NetworkPolicy knows no host names: for {external.host!r} it would have to open port "
    message += f"{external.port} to every public address"
    fix = "list its addresses (cidrs), or accept the caveat host-without-addresses with a reason"
    return [Finding("MG027", message, external.origin.place, fix)]


def _check_origination(intent: Intent, external: ExternalService) -> list[Finding]:
    """Only a sidecar can add TLS for its application; without one the call would leave in plaintext."""
    if external.tls is ExternalTls.APPLICATION or external.through:
        return []
    return [
        Finding(
            "MG028",
            f"the proxy of {client.name!r} is to add TLS to {external.host!r}, but {client.name!r} has no proxy",
            external.origin.place,
            "give it a sidecar, or let the application speak TLS itself (tls: application)",
        )
        for client in _clients(intent, external)
        if client.mesh is not Mesh.SIDECAR
    ]


def _check_registry(intent: Intent, namespace: Namespace) -> list[Finding]:
    """Only sidecars can refuse hosts that nobody declared."""
    own = intent.rendered_in(namespace.name)
    has_sidecars = any(one.mesh is Mesh.SIDECAR for one in own) or (
        namespace.isolation is Isolation.NAMESPACE and namespace.mesh is Mesh.SIDECAR
    )
    if has_sidecars or not namespace.registry_only:
        return []
    message = f"registryOnly asks the sidecars of {namespace.name!r} to refuse undeclared hosts, but it has none"
    fix = "give it sidecars, or drop registryOnly: the network layer limits egress as well"
    return [Finding("MG028", message, namespace.origin.place, fix, is_absence=True)]


def _clients(intent: Intent, external: ExternalService) -> list[Workload]:
    known = (intent.workloads.get((external.namespace, name)) for name in external.clients)
    return [workload for workload in known if workload is not None]


def _check_routes(intent: Intent, environment: Environment, lockdown: GatewayLockdown) -> list[Finding]:
    """A gateway that is closed, and routes to nothing, serves nobody."""
    joins = (environment.gateways or {})[lockdown.gateway].role == EAST_WEST
    if joins and lockdown.is_routed_only:
        message = f"the gateway {lockdown.gateway!r} joins clusters: it passes connections on and reads no requests"
        return [Finding("MG028", message, lockdown.origin.place, "drop requests: routed")]
    if any(flow.client == GatewayPeer(lockdown.gateway) for flow in intent.flows):
        return []
    if joins and any(isinstance(flow.client, RemotePeer) for flow in intent.flows):
        return []
    message = f"the gateway {lockdown.gateway!r} is closed except for its routes, and there are none"
    fix = "list its routes, or render the profiles that expose workloads through it in the same run"
    return [Finding("MG028", message, lockdown.origin.place, fix, is_absence=True)]


def _check_sources(environment: Environment, lockdown: GatewayLockdown) -> list[Finding]:
    """Sources can be told apart only where the load balancer keeps the client's address."""
    policy = environment.load_balancer.external_traffic_policy
    if not lockdown.sources or policy == "Local":
        return []
    if policy is None:
        message = f"the environment {environment.name!r} does not say loadBalancer.externalTrafficPolicy: "
        message += "it decides whether the gateway's pods see the client's address"
        fix = "write loadBalancer.externalTrafficPolicy into an environment file of your own (`meshgen env --help`)"
        return [Finding("MG029", message, lockdown.origin.place, fix)]
    message = f"sources cannot be limited at the gateway {lockdown.gateway!r}: with externalTrafficPolicy {policy} "
    message += "the node's address stands in place of the client's"
    fix = "set externalTrafficPolicy: Local on the gateway's Service and in the environment, or limit sources before it"
    return [Finding("MG028", message, lockdown.origin.place, fix)]


def _check_hosts(intent: Intent, environment: Environment, lockdown: GatewayLockdown) -> list[Finding]:
    """A gateway can be held to hosts where every flow names some, and nothing else opens it."""
    name, place = lockdown.gateway, lockdown.origin.place
    gateway = (environment.gateways or {})[name]
    message = f"the gateway {name!r} is to answer for its hosts alone, but this names none"
    findings = [
        Finding("MG028", message, flow.origin.place, "name the hosts, or drop requests: routed")
        for flow in intent.flows
        if flow.client == GatewayPeer(name) and not (flow.request and flow.request.hosts)
    ]
    wide = intent.mesh_wide
    if wide is not None and name in wide.gateways:
        message = f"the gateway {name!r} is to answer for its hosts alone, and stays open mesh-wide for every request"
        fix = "leave it out of mesh-baseline's gateways: its own policy opens it"
        findings.append(Finding("MG025", message, place, fix, related=((wide.origin.place, "the mesh-wide policy"),)))
    is_in_root = gateway.pods.namespace == environment.istio.root_namespace
    is_mesh_wide = is_in_root and not is_named_by_policies(gateway, environment)
    if is_mesh_wide and not intent.accepts("gateway-labels-mesh-wide", lockdown.origin.profile):
        message = f"the gateway {name!r} runs in the root namespace: a policy for it holds for every pod of the mesh "
        message += "with its labels"
        fix = "run it in a namespace of its own, or accept the caveat gateway-labels-mesh-wide with a reason"
        findings.append(Finding("MG027", message, place, fix))
    return findings
