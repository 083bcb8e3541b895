"""Everybody a policy could let through or stop, one stranger of each class included; and on which ports.

The universe is finite and complete by construction: endpoints that the policies and the
intent cannot tell apart are represented by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from generator.environment.model import Environment
from generator.manifests.bundle import Bundle
from generator.model.intent import Intent
from generator.model.peers import AddressesPeer, RemotePeer
from generator.model.terms import Mesh
from generator.model.workloads import Namespace, Workload
from generator.semantics.membership import DATAPLANE, INJECT
from generator.semantics.neighbours import neighbours
from generator.semantics.strangers import (
    ELSEWHERE,
    NAMESPACE_NAME,
    addresses,
    impostors,
    known_ranges,
    named_namespaces,
    own_node,
    platform,
    platform_pods,
    strangers,
)
from generator.semantics.waypoints import with_waypoints
from generator.semantics.witnesses import witnesses
from generator.topology import PROBE_SOURCES, Endpoint, EndpointPort, Point, Waypoint
from generator.verify.intended_network import LOOKUP, METRICS, READINESS, XDS


def endpoints(intent: Intent, environment: Environment, bundle: Bundle) -> list[Endpoint]:
    """Return the universe of *intent* on the cluster *environment*, without repetition.

    Namespaces, pods, identities and addresses that *bundle* names are in it even if the intent
    knows nothing of them: a rule that lets a stranger in must find that stranger here.
    """
    known = with_waypoints(list(_all(intent, environment, bundle)), {})
    local = (one for one in known if not one.cluster)
    placed = _placed([*known, *(impostor for one in local for impostor in impostors(one))], intent)
    accounts = _accounts(intent, environment)
    found = witnesses(bundle, placed, accounts, environment.istio.trust_domain or "cluster.local")
    return [*placed, *(_settled(one, intent) for one in found)]


def declared(intent: Intent, environment: Environment) -> list[Endpoint]:
    """Return the workloads of *intent* alone, as policies see them; of other clusters, those who call."""
    own = [one for workload in intent.workloads.values() for one in _workload(workload, intent)]
    calling = {
        (flow.client.cluster, (flow.client.namespace, account))
        for flow in intent.flows
        if isinstance(flow.client, RemotePeer)
        for account in flow.client.service_accounts
    }
    arriving = neighbours(environment, [who for _, who in calling])
    return _placed([*own, *(one for one in arriving if (one.cluster, one.identity) in calling)], intent)


def named_points(intent: Intent, environment: Environment) -> set[Point]:
    """Return every port that intent or environment names: each is looked at even if no policy names it."""
    numbers = {XDS, METRICS, READINESS, 15008, *(environment.addresses.api_server_ports or ())}
    numbers |= set(environment.cloud_credentials.ports) if environment.cloud_credentials else set()
    for gateway in (environment.gateways or {}).values():
        numbers |= {*gateway.ports, *([gateway.health_port] if gateway.health_port else [])}
    numbers |= {other.door.port for other in (environment.clusters or {}).values() if other.door}
    found = {Point("TCP", number) for number in numbers}
    found |= {Point(transport, number) for transport in ("UDP", "TCP") for number in (LOOKUP, *environment.dns.ports)}
    for workload in intent.workloads.values():
        found |= {Point(port.transport, port.number) for port in workload.ports}
    for flow in intent.flows:
        for port in flow.ports or ():
            found |= {Point(port.transport, port.number), Point(port.transport, port.end or port.number)}
    return found


def _placed(known: list[Endpoint], intent: Intent) -> list[Endpoint]:
    """Return each of *known* once, with the labels of its namespace."""
    found: dict[str, Endpoint] = {}
    labels = _namespace_labels(intent)
    for one in known:
        found.setdefault(one.name, _in_namespace(one, labels) if one.is_pod else one)
    return list(found.values())


def _all(intent: Intent, environment: Environment, bundle: Bundle) -> Iterator[Endpoint]:
    for workload in intent.workloads.values():
        yield from _workload(workload, intent)
    yield from platform(environment)
    namespaces = {*intent.namespaces, *(namespace for namespace, _ in intent.workloads), ELSEWHERE}
    namespaces |= {pods.namespace for pods in platform_pods(environment)} | set(named_namespaces(bundle))
    namespaces |= _intended_namespaces(intent)  # a policy that forgot one does not name it
    modes = {one.mesh for one in intent.namespaces.values()} | {one.mesh for one in intent.workloads.values()}
    has_ambient = Mesh.AMBIENT in modes
    for namespace in sorted(namespaces):
        home = intent.namespaces.get(namespace)
        for stranger in strangers(namespace, has_ambient=has_ambient):
            yield stranger if home is None else _at_home(stranger, home)
    yield from neighbours(environment, _accounts(intent, environment), named_namespaces(bundle))
    yield own_node(environment)
    found = addresses(known_ranges(environment, bundle) | _intended_ranges(intent))
    found |= set(PROBE_SOURCES.values()) if has_ambient else set()
    for address in sorted(found):
        yield Endpoint(f"the address {address}", address=address)


def _settled(witness: Endpoint, intent: Intent) -> Endpoint:
    home = intent.namespaces.get(witness.namespace)
    return witness if home is None else _at_home(witness, home)


def _at_home(stranger: Endpoint, home: Namespace) -> Endpoint:
    """Return *stranger* as a pod of *home*: injected by its own label if need be, behind the namespace's waypoint."""
    if stranger.mesh == Mesh.SIDECAR and home.mesh is not Mesh.SIDECAR:
        return replace(stranger, labels={**stranger.labels, INJECT: "true"})
    if stranger.mesh == Mesh.AMBIENT and home.waypoint is not None:
        return replace(stranger, waypoint=Waypoint(home.waypoint.namespace, home.waypoint.name, ("stranger",)))
    return stranger


def _workload(workload: Workload, intent: Intent) -> Iterator[Endpoint]:
    """Yield one endpoint per identity: pods of one workload may run as different ServiceAccounts."""
    namespace = intent.namespaces.get(workload.namespace)
    mesh = workload.mesh or Mesh.NONE
    labels = dict(workload.labels)
    if namespace is not None and namespace.mesh is not mesh:
        labels[INJECT] = "true" if mesh is Mesh.SIDECAR else "false"
        labels[DATAPLANE] = "ambient" if mesh is Mesh.AMBIENT else "none"
    ports = tuple(EndpointPort(port.number, port.protocol, port.name, port.transport) for port in workload.ports)
    known = workload.waypoint
    through = Waypoint(known.namespace, known.name, (workload.service,)) if known else None
    for account in workload.service_accounts:
        several = f" as {account}" if len(workload.service_accounts) > 1 else ""
        name = f"{workload.namespace}/{workload.name}{several}"
        yield Endpoint(
            name, workload.namespace, labels, account=account, mesh=mesh.value, ports=ports, waypoint=through
        )


def _in_namespace(one: Endpoint, labels: Mapping[str, Mapping[str, str]]) -> Endpoint:
    return replace(one, namespace_labels={NAMESPACE_NAME: one.namespace, **labels.get(one.namespace, {})})


def _namespace_labels(intent: Intent) -> dict[str, Mapping[str, str]]:
    """Return the labels that namespaces carry by intent: their own, and those that a flow selects them by."""
    found: dict[str, dict[str, str]] = {name: dict(one.labels) for name, one in intent.namespaces.items()}
    for flow in intent.flows:
        for peer in (flow.client, flow.server):
            for name in getattr(peer, "names", ()):
                found.setdefault(name, {}).update(dict(getattr(peer, "labels", ())))
    return dict(found)


def _accounts(intent: Intent, environment: Environment) -> Iterator[tuple[str, str]]:
    """Yield namespace and ServiceAccount of everybody that *intent* may let in, wherever they run."""
    yield from ((one.namespace, account) for one in intent.workloads.values() for account in one.service_accounts)
    yield from ((one.pods.namespace, one.service_account) for one in (environment.gateways or {}).values())
    if environment.prometheus:
        yield environment.prometheus.pods.namespace, environment.prometheus.service_account
    for peer in (peer for flow in intent.flows for peer in (flow.client, flow.server)):
        yield from ((peer.namespace, one) for one in peer.service_accounts) if isinstance(peer, RemotePeer) else ()
        yield from ((name, "any") for name in getattr(peer, "names", ()))


def _intended_namespaces(intent: Intent) -> set[str]:
    """Return every namespace whose pods a flow of *intent* is about."""
    peers = (peer for flow in intent.flows for peer in (flow.client, flow.server))
    return {name for peer in peers for name in getattr(peer, "names", ())}


def _intended_ranges(intent: Intent) -> set[str]:
    """Return every range of addresses that *intent* names."""
    ranges: set[str] = set()
    for flow in intent.flows:
        for peer in (flow.client, flow.server):
            ranges |= set(peer.cidrs) if isinstance(peer, AddressesPeer) else set()
    for lockdown in intent.gateways:
        ranges |= set(lockdown.sources)
    for guard in intent.traffic.guards:
        ranges |= {*guard.allowed, *guard.denied}
    return ranges
