"""What holds for the whole mesh: objects of the root namespace, and the gateways it must not cut off."""

from __future__ import annotations

from collections.abc import Iterator

from generator.environment.model import Environment
from generator.model.intent import Intent, MeshWide
from generator.plan import naming
from generator.plan.attachment import at_gateway
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.security import AuthorizationPolicyView, AuthorizationRule, PeerAuthenticationView


def plan_mesh_wide(intent: Intent, environment: Environment) -> list[Resource]:
    """Return the objects of the root namespace that the intent asks for."""
    wanted = intent.mesh_wide
    return list(_objects(wanted, environment)) if wanted else []


def _objects(wanted: MeshWide, environment: Environment) -> Iterator[Resource]:
    root, origins = environment.istio.root_namespace, (wanted.origin,)
    words = {
        "STRICT": "Every workload of the mesh takes mutual TLS alone, unless its namespace says otherwise.",
        "PERMISSIVE": "Every workload of the mesh takes plaintext as well, unless its namespace says otherwise.",
    }
    view = PeerAuthenticationView(wanted.mtls.value)
    yield mesh_object("PeerAuthentication", root, "default", view, words[wanted.mtls.value], origins)
    if wanted.deny_by_default:
        purpose = "No request is let in by any proxy of the mesh unless a policy allows it."
        closed = AuthorizationPolicyView({})
        yield mesh_object("AuthorizationPolicy", root, naming.DEFAULT_DENY, closed, purpose, origins)
        for name in sorted(wanted.gateways):
            yield _open_gateway(name, environment, wanted)


def _open_gateway(name: str, environment: Environment, wanted: MeshWide) -> Resource:
    """Return the policy that keeps a gateway open under a mesh-wide default deny, on its own ports."""
    gateway = (environment.gateways or {})[name]
    ports = tuple(str(port) for port in sorted(gateway.ports))
    rule = AuthorizationRule("anyone: the gateway is the public door, and what is behind it decides", {}, ports)
    labels, target = at_gateway(gateway, environment)
    view = AuthorizationPolicyView(labels, (rule,), target=target)
    purpose = f"The gateway {name} stays open on its own ports."
    policy_name = naming.fit(f"allow-gateway-{name}")
    return mesh_object("AuthorizationPolicy", gateway.pods.namespace, policy_name, view, purpose, (wanted.origin,))
