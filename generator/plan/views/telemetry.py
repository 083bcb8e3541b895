"""The content of objects of telemetry.istio.io: what proxies report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from generator.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class TelemetryView:
    """``spec`` of the one Telemetry of a namespace, or of the mesh; what is empty is left to Istio."""

    access_log_provider: str
    log_filter: str = ""
    tracing_provider: str = ""
    sampling: float | None = None
    metrics_provider: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
