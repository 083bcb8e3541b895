"""Limits on requests: only where a proxy reads them, and only for a version of Istio that is known."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.model.terms import Mesh
from generator.model.traffic import RateLimit


def check_rate_limits(intent: Intent, environment: Environment) -> list[Finding]:
    """Return the limits that no proxy could keep (MG028), and those whose form nobody knows (MG029)."""
    return [finding for limit in intent.traffic.rate_limits for finding in _check(limit, intent, environment)]


def _check(limit: RateLimit, intent: Intent, environment: Environment) -> Iterator[Finding]:
    place = limit.origin.place
    if not limit.port.is_http:
        message = f"requests are to be limited on port {limit.port.number}, which speaks {limit.port.protocol}"
        fix = "only requests of http, http2 or grpc can be counted; limit connections in the application"
        yield Finding("MG028", message, place, fix)
    if limit.burst < limit.requests:
        message = f"a burst of {limit.burst} is less than the {limit.requests} requests that are let through"
        yield Finding("MG028", message, place, "let burst be at least as many as requests, or leave it out")
    if environment.istio.version is None:
        message = f"the environment {environment.name!r} does not say istio.version: "
        message += "a filter in a proxy is pinned to the version that it was written for"
        fix = "write istio.version into an environment file of your own (`meshgen env --help`)"
        yield Finding("MG029", message, place, fix)
    if limit.gateway:
        yield from _at_gateway(limit, environment)
    elif intent.workloads[limit.namespace, limit.workload].mesh is not Mesh.SIDECAR:
        message = f"the requests to {limit.workload!r} are to be limited, but it has no sidecar that could count them"
        yield Finding("MG028", message, place, "give it a sidecar, or limit requests at the gateway")


def _at_gateway(limit: RateLimit, environment: Environment) -> Iterator[Finding]:
    ports = (environment.gateways or {})[limit.gateway].ports
    if limit.port.number not in ports:
        listed = ", ".join(map(str, ports))
        message = f"the gateway {limit.gateway!r} has no port {limit.port.number}"
        yield Finding("MG024", message, limit.origin.place, f"its pods listen on {listed}")
