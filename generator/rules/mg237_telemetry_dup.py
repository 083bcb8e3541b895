"""Two Telemetry objects without a selector in one namespace: one of them is ignored.

Why:
    Istio reads one Telemetry without a selector for each namespace, and one for the mesh in
    the root namespace; of several it takes the oldest. Metrics or access logs that the
    other asks for are missing, on the day somebody looks for them.

Bad:
    apiVersion: telemetry.istio.io/v1
    kind: Telemetry
    metadata: {name: metrics, namespace: shop}
    spec: {metrics: [{providers: [{name: prometheus}]}]}
    ---
    apiVersion: telemetry.istio.io/v1
    kind: Telemetry
    metadata: {name: logs, namespace: shop}
    spec: {accessLogging: [{providers: [{name: envoy}]}]}

Good:
    apiVersion: telemetry.istio.io/v1
    kind: Telemetry
    metadata: {name: default, namespace: shop}
    spec: {metrics: [{providers: [{name: prometheus}]}], accessLogging: [{providers: [{name: envoy}]}]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest
from generator.rules.base import Context, Rule

RULE = Rule("MG237", "telemetry-dup", "two Telemetry objects of one namespace", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield each Telemetry without selector and targets that meets an earlier one (istioctl analyze: IST0160)."""
    first: dict[str, Manifest] = {}
    for one in context.of_kind("Telemetry"):
        is_wide = not any(one.spec.get(key) for key in ("selector", "targetRef", "targetRefs"))
        if one.group != "telemetry.istio.io" or not is_wide:
            continue
        other = first.setdefault(one.namespace, one)
        if other.name != one.name:
            message = (
                f"the Telemetry objects {other.name} and {one.name} are both for the whole namespace {one.namespace}: "
                "the older one counts, the other is ignored"
            )
            related = [(other.place("metadata", "name"), "the other one")]
            yield RULE.finding(message, one.place("metadata", "name"), "merge them into one object", related=related)
