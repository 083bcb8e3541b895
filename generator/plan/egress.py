"""Services outside the cluster as the mesh sees them: ServiceEntry, TLS origination, Sidecar scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.environment.model import Environment
from generator.model.externals import ExternalService, ExternalTls
from generator.model.intent import Intent
from generator.model.peers import GatewayPeer, NamespacesPeer, RemotePeer, WorkloadPeer
from generator.model.terms import Isolation, Mesh, Origin
from generator.model.workloads import Namespace, Workload
from generator.plan import naming
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.traffic import DestinationRuleView, ServiceEntryView, SidecarView

_ENVOY_PROTOCOLS = {"tcp": "TCP", "http": "HTTP", "http2": "HTTP2", "grpc": "GRPC", "https": "HTTPS", "tls": "TLS"}


def plan_egress(intent: Intent, environment: Environment) -> list[Resource]:
    """Return the ServiceEntries, DestinationRules and Sidecars of the bundle."""
    resources: list[Resource] = []
    for external in intent.externals:
        namespace = intent.namespaces.get(external.namespace)
        if namespace is not None and _is_in_mesh(intent, namespace, external):
            resources += _external(intent, external) if external.host else _addresses(namespace, external)
    for namespace in intent.namespaces.values():
        if namespace.registry_only:
            resources += _sidecars(intent, environment, namespace)
    return resources


def _clients(intent: Intent, external: ExternalService) -> list[Workload]:
    found = (intent.workloads.get((external.namespace, name)) for name in external.clients)
    return [workload for workload in found if workload is not None]


def _is_in_mesh(intent: Intent, namespace: Namespace, external: ExternalService) -> bool:
    clients = _clients(intent, external)
    return any(one.mesh is Mesh.SIDECAR for one in clients) if clients else namespace.mesh is Mesh.SIDECAR


def service_entry(external: ExternalService) -> ServiceEntryView:
    """Return how proxies know the host of *external*.

    Where a proxy adds TLS the application speaks plain HTTP to its own; declaring HTTPS would be TLS within TLS.
    """
    if external.tls is ExternalTls.APPLICATION:
        name, protocol = f"{external.protocol}-{external.port}", _ENVOY_PROTOCOLS[external.protocol]
        return ServiceEntryView(external.host, external.port, name, protocol, None)
    local = external.local_port
    return ServiceEntryView(external.host, local, f"http-{local}", "HTTP", external.port)


def origination(external: ExternalService, labels: Mapping[str, str]) -> DestinationRuleView:
    """Return how proxies with *labels* (none: all that see the rule) add TLS to calls of *external*."""
    mode = "MUTUAL" if external.tls is ExternalTls.MUTUAL else "SIMPLE"
    return DestinationRuleView(external.host, external.local_port, mode, external.certificates, labels)


def _external(intent: Intent, external: ExternalService) -> Iterator[Resource]:
    origins: tuple[Origin, ...] = (external.origin,)
    if external.tls is ExternalTls.APPLICATION:
        purpose = f"{external.name}: the application speaks to {external.host} itself; the proxy knows the host."
    else:
        who = f"the gateway {external.through}" if external.through else "the proxy"
        purpose = (
            f"{external.name}: the application calls http://{external.host}:{external.local_port}, {who} adds TLS."
        )
    view = service_entry(external)
    yield mesh_object("ServiceEntry", external.namespace, external.name, view, purpose, origins)
    if external.tls is not ExternalTls.APPLICATION and not external.through:
        yield from _origination(intent, external)


def _origination(intent: Intent, external: ExternalService) -> Iterator[Resource]:
    """Yield the rules by which proxies add TLS: one per client where a certificate of its own is used.

    A sidecar ignores credentialName without a workloadSelector, and files that are mounted
    into one proxy are missing in the others.
    """
    purpose = f"{external.name}: the proxy speaks TLS to {external.host} and checks its certificate."
    named: list[tuple[str, Mapping[str, str]]] = [(external.name, {})]
    if external.certificates:
        clients = _clients(intent, external)
        names = [external.name] if len(clients) == 1 else [f"{external.name}-{one.name}" for one in clients]
        named = [(name, one.labels) for name, one in zip(names, clients, strict=True)] or named
    for name, labels in named:
        view = origination(external, labels)
        yield mesh_object("DestinationRule", external.namespace, naming.fit(name), view, purpose, (external.origin,))


def _addresses(namespace: Namespace, external: ExternalService) -> Iterator[Resource]:
    """Yield the entry without which proxies that know only the registry would refuse bare addresses."""
    if namespace.registry_only:
        host = f"{external.name}.{external.namespace}.addresses.internal"
        protocol = _ENVOY_PROTOCOLS[external.protocol]
        port_name = f"{external.protocol}-{external.port}"
        view = ServiceEntryView(host, external.port, port_name, protocol, None, external.addresses)
        purpose = f"{external.name}: addresses that proxies let through; the host is a placeholder for them."
        yield mesh_object("ServiceEntry", external.namespace, external.name, view, purpose, (external.origin,))


def _sidecars(intent: Intent, environment: Environment, namespace: Namespace) -> Iterator[Resource]:
    """Yield the Sidecars: one for the namespace, or one per workload where only those are isolated."""
    if namespace.isolation is Isolation.NAMESPACE:
        if namespace.mesh is Mesh.SIDECAR:
            yield _sidecar(intent, environment, namespace, None)
        return
    for workload in intent.rendered_in(namespace.name):
        if workload.mesh is Mesh.SIDECAR:
            yield _sidecar(intent, environment, namespace, workload)


def _sidecar(intent: Intent, environment: Environment, namespace: Namespace, only: Workload | None) -> Resource:
    """Return the Sidecar that knows only hosts this namespace, or one workload of it, has business with.

    It scopes configuration and catches mistakes; it is no firewall, the NetworkPolicy is.
    """
    others = {environment.istio.control_plane.namespace}
    for flow in intent.flows_from(namespace.name):
        client, server = flow.client, flow.server
        if only is not None and isinstance(client, WorkloadPeer) and client.workload != only.name:
            continue
        if isinstance(server, WorkloadPeer | RemotePeer):
            others.add(server.namespace)
        elif isinstance(server, NamespacesPeer):
            others.update(server.names)
        elif isinstance(server, GatewayPeer):
            others.add((environment.gateways or {})[server.gateway].pods.namespace)
    hosts = ("./*", *(f"{name}/*" for name in sorted(others - {namespace.name})))
    whose = "Proxies of this namespace know" if only is None else f"{only.name}: its proxies know"
    purpose = f"{whose} only these hosts and refuse others (configuration, not a firewall)."
    name = "default" if only is None else naming.fit(only.name)
    view = SidecarView(hosts) if only is None else SidecarView(hosts, only.labels)
    return mesh_object("Sidecar", namespace.name, name, view, purpose, (namespace.origin,))
