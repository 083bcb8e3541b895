"""Address lists at gateways: DENY policies, each bound to the gateway's own ports."""

from __future__ import annotations

from collections.abc import Iterator

from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.model.traffic import AddressGuard
from generator.plan import naming
from generator.plan.attachment import at_gateway
from generator.plan.policy_drafts import with_ports
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.security import AuthorizationPolicyView, AuthorizationRule


def plan_guards(intent: Intent, environment: Environment) -> list[Resource]:
    """Return the AuthorizationPolicies that turn clients away by their address.

    DENY is stated with what is refused, so that no ALLOW of somebody else opens it again, and
    never without ports: on a port without HTTP a rule about hosts loses them, and denies the rest.
    """
    return [_policy(guard, environment) for guard in intent.traffic.guards]


def _policy(guard: AddressGuard, environment: Environment) -> Resource:
    gateway = (environment.gateways or {})[guard.gateway]
    labels, target = at_gateway(gateway, environment)
    view = AuthorizationPolicyView(labels, tuple(_rules(guard, environment)), "DENY", target)
    about = ", ".join(guard.hosts) or "everything"
    purpose = f"Who may ask the gateway {guard.gateway} for {about}, by the client's own address."
    name = naming.fit(f"deny-addresses-{guard.gateway}" + (f"-{naming.slug(about)}" if guard.hosts else ""))
    return mesh_object("AuthorizationPolicy", gateway.pods.namespace, name, view, purpose, (guard.origin,))


def _rules(guard: AddressGuard, environment: Environment) -> Iterator[AuthorizationRule]:
    gateway = (environment.gateways or {})[guard.gateway]
    ports = tuple(str(port) for port in sorted(gateway.ports))
    field = _field(environment)
    for source, cidrs, comment in (
        (field, guard.denied, "these addresses, in any case"),
        (f"not{field[0].upper()}{field[1:]}", guard.allowed, "every address but these"),
    ):
        if cidrs:
            yield AuthorizationRule(comment, {source: cidrs}, ports, hosts=with_ports(guard.hosts))


def _field(environment: Environment) -> str:
    """Return the field that holds the client's own address (Istio: ingress gateway, source IP by load balancer).

    Behind a proxy that is trusted to say whom it speaks for, that is what it says; otherwise
    where the packet comes from.
    """
    balancer = environment.load_balancer
    return "remoteIpBlocks" if balancer.proxy_protocol or balancer.trusted_proxies else "ipBlocks"
