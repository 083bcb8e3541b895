"""What a gateway's own proxy answers: requests for the hosts that it routes, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from generator.environment.model import Environment
from generator.model.intent import GatewayLockdown, Intent
from generator.model.peers import GatewayPeer
from generator.plan import naming
from generator.plan.attachment import at_gateway
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.security import AuthorizationPolicyView, AuthorizationRule


def plan_entrances(intent: Intent, environment: Environment) -> list[Resource]:
    """Return one AuthorizationPolicy for each gateway that is held to its hosts."""
    found = {one.gateway: one for one in intent.gateways if one.is_routed_only}
    return [resource for one in found.values() for resource in _entrance(one, intent, environment)]


def _entrance(lockdown: GatewayLockdown, intent: Intent, environment: Environment) -> Iterator[Resource]:
    """Yield the policy; a gateway without hosts gets one that admits nobody."""
    gateway = (environment.gateways or {})[lockdown.gateway]
    flows = [flow for flow in intent.flows if flow.client == GatewayPeer(lockdown.gateway) and flow.request]
    hosts = sorted({host for flow in flows if flow.request for host in flow.request.hosts})
    spelled = tuple(spelling for host in hosts for spelling in (host, f"{host}:*"))
    ports = tuple(str(port) for port in sorted(gateway.ports))
    words = "anyone, for the hosts that it serves; what is behind it decides about the rest"
    rules = (AuthorizationRule(words, {}, ports, hosts=spelled),) if hosts else ()
    labels, target = at_gateway(gateway, environment)
    view = AuthorizationPolicyView(labels, rules, target=target)
    purpose = f"The gateway {lockdown.gateway} answers requests for the hosts that it routes, and no others."
    name = naming.fit(f"allow-gateway-{lockdown.gateway}-hosts")
    yield mesh_object("AuthorizationPolicy", gateway.pods.namespace, name, view, purpose, (lockdown.origin,))
