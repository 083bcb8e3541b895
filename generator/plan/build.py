"""Intent to objects: each layer planned on its own, from the same flows."""

from __future__ import annotations

import itertools

from generator.core.findings import Finding
from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.plan.audit import plan_audits
from generator.plan.authentication import plan_authentication
from generator.plan.authorization import plan_authorization
from generator.plan.egress import plan_egress
from generator.plan.entrances import plan_entrances
from generator.plan.exits import plan_exits
from generator.plan.guards import plan_guards
from generator.plan.mesh_wide import plan_mesh_wide
from generator.plan.namespaces import plan_namespaces
from generator.plan.network import plan_network
from generator.plan.rate_limits import plan_rate_limits
from generator.plan.resources import Resource
from generator.plan.routes import plan_routes
from generator.plan.telemetry import plan_telemetry
from generator.plan.waypoints import plan_waypoints

KIND_ORDER = (
    "Namespace",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "PeerAuthentication",
    "RequestAuthentication",
    "AuthorizationPolicy",
    "ServiceEntry",
    "DestinationRule",
    "Gateway",
    "VirtualService",
    "HTTPRoute",
    "Sidecar",
    "EnvoyFilter",
    "Telemetry",
    "CronJob",
)
"""The order in which objects are written into one stream: what others refer to comes first."""


def plan(intent: Intent, environment: Environment) -> tuple[list[Resource], list[Finding]]:
    """Return every object of the bundle in the order of writing, and what keeps it from being complete.

    Findings: MG029 (a fact of the environment is needed and unknown), MG025 (two objects
    of the same kind would have the same name).
    """
    network, findings = plan_network(intent, environment)
    authorization, unknown = plan_authorization(intent, environment)
    exits, missing = plan_exits(intent, environment)
    resources = [
        *plan_namespaces(intent, environment),
        *network,
        *plan_authentication(intent),
        *authorization,
        *plan_guards(intent, environment),
        *plan_rate_limits(intent, environment),
        *plan_egress(intent, environment),
        *exits,
        *plan_entrances(intent, environment),
        *plan_routes(intent, environment),
        *plan_waypoints(intent),
        *plan_mesh_wide(intent, environment),
        *plan_audits(intent),
        *plan_telemetry(intent, environment),
    ]
    resources.sort(key=lambda one: (KIND_ORDER.index(one.kind), one.namespace, one.name))
    return resources, [*findings, *unknown, *missing, *_same_name(resources)]


def _same_name(resources: list[Resource]) -> list[Finding]:
    findings = []
    for first, second in itertools.pairwise(resources):
        if (first.kind, first.namespace, first.name) == (second.kind, second.namespace, second.name):
            message = f"two different {first.kind} objects would be named {first.name!r} in {first.namespace!r}"
            related = ((first.origins[0].place, "the other one"),)
            findings.append(Finding("MG025", message, second.origins[0].place, "rename one of them", related=related))
    return findings
