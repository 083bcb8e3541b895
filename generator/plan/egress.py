"""Services outside the cluster as the mesh sees them: ServiceEntry, TLS origination, Sidecar scope."""

from __future__ import annotations

from collections.abc import Iterator

from generator.environment.model import Environment
from generator.model.intent import (
    ExternalService,
    ExternalTls,
    Intent,
    Mesh,
    Namespace,
    NamespacesPeer,
    Origin,
    WorkloadPeer,
)
from generator.plan.resources import DestinationRuleView, Resource, ServiceEntryView, SidecarView, mesh_object

_ENVOY_PROTOCOLS = {"http": "HTTP", "http2": "HTTP2", "grpc": "GRPC", "https": "HTTPS", "tls": "TLS"}


def plan_egress(intent: Intent, environment: Environment) -> list[Resource]:
    """Return the ServiceEntries, DestinationRules and Sidecars of the bundle."""
    resources: list[Resource] = []
    for external in intent.externals:
        namespace = intent.namespaces.get(external.namespace)
        if namespace is not None and namespace.mesh is Mesh.SIDECAR:
            resources += _external(external)
    for namespace in intent.namespaces.values():
        if namespace.registry_only and namespace.mesh is Mesh.SIDECAR:
            resources.append(_sidecar(intent, environment, namespace))
    return resources


def _external(external: ExternalService) -> Iterator[Resource]:
    origins: tuple[Origin, ...] = (external.origin,)
    protocol = _ENVOY_PROTOCOLS[external.protocol]
    if external.tls is ExternalTls.APPLICATION:
        view = ServiceEntryView(external.host, external.port, f"{external.protocol}-{external.port}", protocol, None)
        purpose = f"{external.name}: the application speaks to {external.host} itself; the proxy knows the host."
    else:
        # The application speaks plain HTTP to its own proxy; declaring HTTPS here would be TLS within TLS.
        local = external.local_port
        view = ServiceEntryView(external.host, local, f"http-{local}", "HTTP", external.port)
        purpose = f"{external.name}: the application calls http://{external.host}:{local}, the proxy adds TLS."
    yield mesh_object("ServiceEntry", external.namespace, external.name, view, purpose, origins)
    if external.tls is not ExternalTls.APPLICATION:
        mode = "MUTUAL" if external.tls is ExternalTls.MUTUAL else "SIMPLE"
        rule = DestinationRuleView(
            external.host, external.local_port, mode, external.certificates, external.client_labels
        )
        purpose = f"{external.name}: the proxy speaks TLS to {external.host} and checks its certificate."
        yield mesh_object("DestinationRule", external.namespace, external.name, rule, purpose, origins)


def _sidecar(intent: Intent, environment: Environment, namespace: Namespace) -> Resource:
    """Return the Sidecar that knows only hosts this namespace has business with.

    It scopes configuration and catches mistakes; it is no firewall, the NetworkPolicy is.
    """
    others = {environment.istio.control_plane.namespace}
    for flow in intent.flows:
        client, server = flow.client, flow.server
        is_ours = (isinstance(client, WorkloadPeer) and client.namespace == namespace.name) or (
            isinstance(client, NamespacesPeer) and namespace.name in client.names
        )
        if is_ours and isinstance(server, WorkloadPeer):
            others.add(server.namespace)
        if is_ours and isinstance(server, NamespacesPeer):
            others.update(server.names)
    hosts = ("./*", *(f"{name}/*" for name in sorted(others - {namespace.name})))
    purpose = "Proxies of this namespace know only these hosts and refuse others (configuration, not a firewall)."
    return mesh_object("Sidecar", namespace.name, "default", SidecarView(hosts), purpose, (namespace.origin,))
