"""Ways out through an egress gateway: two stretches, and at the gateway a policy that knows who may go where.

The sidecar sends calls of the host to the gateway in mutual TLS of the mesh, under the host's
name (SNI); TLS that the application speaks itself travels inside. So the gateway knows both
caller and host, before it passes the connection on. Each object lies where it acts, visible
there alone: several namespaces may use one host, which the gateway knows once.
Sources: istio.io tasks/traffic-management/egress/egress-gateway (both stretches) and
egress-gateway-tls-origination; istio 1.30.3 pilot/pkg/networking/core/gateway.go (a server of
protocol TLS that terminates takes the routes of `tcp`), pilot/pkg/model/gateway.go (servers
of one port are told apart by SNI).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.environment.model import Environment, Gateway, GatewayService
from generator.model.externals import ExternalService, ExternalTls
from generator.model.intent import Intent
from generator.model.peers import WorkloadPeer
from generator.model.terms import Origin
from generator.plan import naming
from generator.plan.egress import origination, service_entry
from generator.plan.identities import Identities
from generator.plan.policy_drafts import in_parts, with_ports
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.security import AuthorizationPolicyView, AuthorizationRule
from generator.plan.views.traffic import DestinationRuleView, GatewayView, RelayView

SNI = "connection.sni"
_MESH = "mesh"


def plan_exits(intent: Intent, environment: Environment) -> tuple[list[Resource], list[Finding]]:
    """Return the objects of every way out through a gateway, and MG029 when identities cannot be spelled."""
    identities = Identities(intent, environment)
    groups: dict[str, list[ExternalService]] = defaultdict(list)
    for external in intent.externals:
        if external.through:
            groups[external.through].append(external)
    found: list[Resource] = []
    for name, externals in sorted(groups.items()):
        gateway = (environment.gateways or {})[name]
        assert gateway.service is not None  # noqa: S101  (checked with the intent)
        found += _first_stretches(externals, gateway, gateway.service)
        for some in _by_host(externals):
            found += _second_stretch(some, gateway, gateway.service)
        found.append(_policy(externals, gateway, gateway.service, identities))
    return found, identities.findings


def _by_host(externals: list[ExternalService]) -> Iterator[list[ExternalService]]:
    hosts: dict[str, list[ExternalService]] = defaultdict(list)
    for external in externals:
        hosts[external.host].append(external)
    yield from (some for _, some in sorted(hosts.items()))


def _origins(externals: list[ExternalService]) -> tuple[Origin, ...]:
    return tuple(sorted({one.origin for one in externals}, key=repr))


def _first_stretches(externals: list[ExternalService], gateway: Gateway, service: GatewayService) -> Iterator[Resource]:
    """Yield what sidecars need: a route for each host, and for each namespace how its calls travel."""
    namespaces: dict[str, list[ExternalService]] = defaultdict(list)
    for external in externals:
        namespaces[external.namespace].append(external)
        is_http = external.tls is not ExternalTls.APPLICATION
        port = external.local_port if is_http else external.port
        view = RelayView(
            external.host,
            _MESH,
            "http" if is_http else "tls",
            port,
            service.host,
            service.port,
            _subset(external.host),
        )
        purpose = f"{external.name}: sidecars send calls of {external.host} to the gateway {gateway.name}."
        yield mesh_object("VirtualService", external.namespace, external.name, view, purpose, (external.origin,))
    for namespace, own in sorted(namespaces.items()):
        subsets = tuple(sorted((_subset(one.host), one.host) for one in own))
        rule = DestinationRuleView(service.host, service.port, "ISTIO_MUTUAL", {}, {}, subsets)
        purpose = f"To the gateway {gateway.name} sidecars show their identity, and which host is meant (SNI)."
        name = naming.fit(f"gateway-{gateway.name}")
        yield mesh_object("DestinationRule", namespace, name, rule, purpose, _origins(own))


def _subset(host: str) -> str:
    return naming.fit(naming.slug(host.replace(".", " ")))


def _second_stretch(externals: list[ExternalService], gateway: Gateway, service: GatewayService) -> Iterator[Resource]:
    """Yield what the gateway needs for one host, in its own namespace."""
    external, namespace, origins = externals[0], gateway.pods.namespace, _origins(externals)
    host, is_http = external.host, external.tls is not ExternalTls.APPLICATION
    name = naming.fit(f"{gateway.name}-{naming.slug(host.replace('.', ' '))}")
    purpose = f"The gateway {gateway.name} knows {host}."
    yield mesh_object("ServiceEntry", namespace, name, service_entry(external), purpose, origins)
    protocol = "HTTPS" if is_http else "TLS"
    server = GatewayView(gateway.pods.labels, service.port, protocol, f"{namespace}/{host}", "", "ISTIO_MUTUAL")
    purpose = f"The gateway {gateway.name} takes connections for {host} in mutual TLS of the mesh alone."
    yield mesh_object("Gateway", namespace, name, server, purpose, origins)
    onward = external.local_port if is_http else external.port
    route = RelayView(host, name, "http" if is_http else "tcp", service.port, host, onward)
    purpose = f"The gateway {gateway.name} passes on to {host} what came under that name."
    yield mesh_object("VirtualService", namespace, name, route, purpose, origins)
    if is_http:
        purpose = f"The gateway {gateway.name} speaks TLS to {host} and checks its certificate."
        rule = origination(external, gateway.pods.labels)
        yield mesh_object("DestinationRule", namespace, name, rule, purpose, origins)


def _policy(
    externals: list[ExternalService], gateway: Gateway, service: GatewayService, identities: Identities
) -> Resource:
    """Return the policy of the gateway: with it nobody gets through who is not named."""
    rules = [rule for some in _by_host(externals) for rule in _rules(some, service, identities)]
    purpose = f"The gateway {gateway.name}: which identities may reach which host; everybody else nothing."
    name = naming.fit(f"allow-gateway-{gateway.name}")
    view = AuthorizationPolicyView(gateway.pods.labels, tuple(rules))
    return mesh_object("AuthorizationPolicy", gateway.pods.namespace, name, view, purpose, _origins(externals))


def _rules(
    externals: list[ExternalService], service: GatewayService, identities: Identities
) -> Iterator[AuthorizationRule]:
    external = externals[0]
    sources: dict[str, dict[str, None]] = defaultdict(dict)
    callers = sorted({(one.namespace, client, one.origin.place) for one in externals for client in one.clients})
    for namespace, client, place in callers:
        for kind, value in identities.of(WorkloadPeer(namespace, client), place):
            sources[kind][value] = None
    comment = ", ".join(dict.fromkeys(f"{namespace}/{client}" for namespace, client, _ in callers))
    hosts = with_ports((external.host,)) if external.tls is not ExternalTls.APPLICATION else ()
    for part in in_parts({kind: sorted(values) for kind, values in sources.items()}):
        yield AuthorizationRule(
            f"{comment}: {external.host}",
            part,
            (str(service.target),),
            hosts=hosts,
            conditions=((SNI, (external.host,)),),
        )
