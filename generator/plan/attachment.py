"""How a policy finds its gateway: by the labels of its pods, or by the Gateway that they were made for."""

from __future__ import annotations

from collections.abc import Mapping

from generator.environment.gateways import is_named_by_policies
from generator.environment.model import Environment, Gateway
from generator.plan.views.selection import Target

GATEWAY_API = "gateway.networking.k8s.io"


def at_gateway(gateway: Gateway, environment: Environment) -> tuple[Mapping[str, str], Target | None]:
    """Return the labels by which a policy selects *gateway*, or the Gateway that it is attached to."""
    if is_named_by_policies(gateway, environment):
        return {}, Target(GATEWAY_API, "Gateway", gateway.gateway)
    return gateway.pods.labels, None
