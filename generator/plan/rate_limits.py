"""Limits on requests: a filter in Envoy's HTTP chain, behind those that decide who may ask at all."""

from __future__ import annotations

from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.model.traffic import RateLimit
from generator.plan import naming
from generator.plan.attachment import at_gateway
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.traffic import RateLimitView


def plan_rate_limits(intent: Intent, environment: Environment) -> list[Resource]:
    """Return one EnvoyFilter for each limit."""
    return [_filter(limit, intent, environment) for limit in intent.traffic.rate_limits]


def _filter(limit: RateLimit, intent: Intent, environment: Environment) -> Resource:
    target = None
    if limit.gateway:
        gateway = (environment.gateways or {})[limit.gateway]
        labels, target = at_gateway(gateway, environment)
        namespace, context, name = gateway.pods.namespace, "GATEWAY", f"gateway-{limit.gateway}"
    else:
        workload = intent.workloads[limit.namespace, limit.workload]
        namespace, labels, context, name = workload.namespace, workload.labels, "SIDECAR_INBOUND", limit.workload
    view = RateLimitView(
        labels=labels,
        context=context,
        port=limit.port.number,
        proxy_version=_pinned(environment.istio.version or ()),
        statistic=f"rate_limit_{limit.port.number}",
        burst=limit.burst,
        requests=limit.requests,
        interval=f"{limit.seconds}s",
        target=target,
    )
    purpose = f"{name}: each proxy lets {limit.requests} requests pass in {limit.seconds} s on port "
    purpose += f"{limit.port.number}, {limit.burst} at once; the others get 429."
    full_name = naming.fit(f"rate-limit-{name}-{limit.port.number}")
    return mesh_object("EnvoyFilter", namespace, full_name, view, purpose, (limit.origin,))


def _pinned(version: tuple[int, ...]) -> str:
    """Return the expression for proxies of the same minor version: another Envoy may read the filter otherwise."""
    return "^" + "\\.".join(str(part) for part in version[:2]) + "([.-].*)?$"
