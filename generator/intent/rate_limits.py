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
    else:
        yield from _at_workload(limit, intent)


def _at_workload(limit: RateLimit, intent: Intent) -> Iterator[Finding]:
    """A sidecar counts the requests to its own port; nothing else does so for one workload alone.

    Waypoints read EnvoyFilters of the context WAYPOINT (CRD of istio 1.30.3). What can be matched there
    is the Service's port, a filter and a route; no Service by name, nor may one be among the targets.
    """
    workload, place = intent.workloads[limit.namespace, limit.workload], limit.origin.place
    if workload.mesh is Mesh.SIDECAR:
        return
    message = f"the requests to {limit.workload!r} are to be limited, but it has no sidecar that could count them"
    if workload.waypoint is not None:
        message = f"the requests to {limit.workload!r} are to be limited, but a filter in the waypoint "
        message += f"{workload.waypoint.name!r} cannot name it: it matches the port of a Service, and would limit all "
        message += "Services behind the waypoint that have the same"
    elif workload.mesh is Mesh.AMBIENT:
        message = f"the requests to {limit.workload!r} are to be limited, but ztunnel reads no requests"
    fix = "limit requests at the gateway (`gateways`) that sends them, or give the workload a sidecar (`mesh: sidecar`)"
    yield Finding("MG028", message, place, fix)


def _at_gateway(limit: RateLimit, environment: Environment) -> Iterator[Finding]:
    ports = (environment.gateways or {})[limit.gateway].ports
    if limit.port.number not in ports:
        listed = ", ".join(map(str, ports))
        message = f"the gateway {limit.gateway!r} has no port {limit.port.number}"
        yield Finding("MG024", message, limit.origin.place, f"its pods listen on {listed}")
