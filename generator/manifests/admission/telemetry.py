"""Telemetry: CEL of the CRD, and ValidateTelemetry of istiod."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod or the API server refuses about a Telemetry."""
    spec = root.child("spec")
    yield from istio.attachment(spec)
    yield from istio.durations(spec)
    for tracing in spec.child("tracing").items():
        for name, tag in tracing.child("customTags").fields().items():
            if not name:
                yield tag.refuse_key("has an empty name", "name the tag")
    for metric in spec.child("metrics").items():
        for override in metric.child("overrides").items():
            for tag in override.child("tagOverrides").fields().values():
                yield from _tag(tag)


def _tag(tag: Spot) -> Iterator[Finding]:
    operation, value = tag.child("operation").text, tag.child("value")
    if operation == "UPSERT" and not value.value:
        yield tag.refuse("must have a `value` with the operation UPSERT", "add the expression of the tag")
    if operation == "REMOVE" and value.is_set:
        yield value.refuse_key("cannot be set with the operation REMOVE", "remove it")
