"""What proxies report: exactly one Telemetry for each namespace, and one for the whole mesh."""

from __future__ import annotations

from dataclasses import replace

from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.model.traffic import Telemetry
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.telemetry import TelemetryView

_ACCESS_LOG_PROVIDER = "envoy"
"""The access log provider that every Istio installation defines."""

_METRICS_PROVIDER = "prometheus"
"""The metrics provider that every Istio installation defines."""


def plan_telemetry(intent: Intent, environment: Environment) -> list[Resource]:
    """Return the Telemetry objects, what holds for the whole mesh in its root namespace."""
    wanted = {one.namespace: one for one in intent.traffic.telemetry}
    wide = intent.mesh_wide
    if wide and wide.access_logs:
        known = wanted.get("")
        wanted[""] = (
            replace(known, access_logs=True, others=(*known.others, wide.origin))
            if known
            else Telemetry("", wide.origin, access_logs=True)
        )
    return [_object(one, environment.istio.root_namespace) for _, one in sorted(wanted.items())]


def _object(one: Telemetry, root: str) -> Resource:
    view = TelemetryView(
        access_log_provider=_ACCESS_LOG_PROVIDER if one.access_logs else "",
        log_filter=one.log_filter,
        tracing_provider=one.tracing_provider,
        sampling=one.sampling,
        metrics_provider=_METRICS_PROVIDER if one.tags or one.removed else "",
        tags=one.tags,
        removed=one.removed,
    )
    parts = [
        f"every proxy writes an access log{' of what passes the filter' if one.log_filter else ''}"
    ] * one.access_logs
    parts += ["requests are traced"] * bool(one.tracing_provider or one.sampling is not None)
    parts += ["metrics have other labels"] * bool(one.tags or one.removed)
    whose = "of this namespace" if one.namespace else "of the mesh"
    purpose = f"The one Telemetry {whose}: {', '.join(parts)}."
    return mesh_object("Telemetry", one.namespace or root, "default", view, purpose, (one.origin, *one.others))
