"""Rules that several Istio kinds share: selectors, attachment, durations."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission.spot import Spot
from generator.manifests.admission.texts import milliseconds

# tcp.idleTimeout and httpCookie.ttl may be 0; the CRDs have no rule for them.
_DURATIONS = frozenset(
    {
        "baseEjectionTime",
        "connectTimeout",
        "duration",
        "interval",
        "maxConnectionDuration",
        "reportingInterval",
        "time",
        "timeout",
        "warmupDurationSecs",
    }
)
_FREE_KEYS = frozenset({"labels", "matchLabels", "tagOverrides", "customTags"})


def attachment(spec: Spot) -> Iterator[Finding]:
    """A policy has one of selector, targetRef and targetRefs, all in its own namespace (CEL of the CRDs)."""
    yield from spec.only_one("selector", "targetRef", "targetRefs")
    yield from selector_labels(spec.at("selector", "matchLabels"))
    for reference in [spec.child("targetRef"), *spec.child("targetRefs").items()]:
        namespace = reference.child("namespace")
        if namespace.text:
            fix = "remove it; a policy attaches to objects of its own namespace"
            yield namespace.refuse("must be empty", fix)


def selector_labels(labels: Spot) -> Iterator[Finding]:
    """Label selectors of Istio know no wildcard and no empty key (CEL of the CRDs)."""
    for key, value in labels.fields().items():
        if not key or "*" in key:
            what = "a wildcard" if key else "an empty key"
            yield value.refuse_key(f"has {what} as a label key", "write the whole label key")
        if "*" in value.text:
            yield value.refuse("has a wildcard in a label value", "write the whole label value")


def durations(spot: Spot) -> Iterator[Finding]:
    """Most durations must be at least 1ms (CEL of the CRDs)."""
    for key, value in spot.fields().items():
        if key in _DURATIONS or (key == "idleTimeout" and spot.step == "http"):
            span = milliseconds(value.text)
            if span is not None and span < 1:
                yield value.refuse(f"is {value.text}, less than 1ms", "write 1ms or more")
        if key not in _FREE_KEYS:
            yield from durations(value)
    for item in spot.items():
        yield from durations(item)


def exports(spec: Spot, namespace: str, *, may_hide: bool = False, only_here: bool = False) -> Iterator[Finding]:
    """Each namespace once, and ``*`` or ``~`` alone (istiod's validateExportTo).

    ``may_hide``: the kind has ``~``; ``only_here``: it binds certain pods, and no other namespace sees it.
    """
    field, seen = spec.child("exportTo"), set()
    for value in field.texts():
        name = namespace if value.text == "." else value.text
        if name in seen:
            yield value.refuse(f"is {value.text!r} a second time", "remove it")
        seen.add(name)
        if only_here and name != namespace:
            yield value.refuse("does not go with a `workloadSelector`", 'write ["."]')
    for everybody in ("*", "~") if may_hide else ("*",):
        if everybody in seen and len(seen) > 1:
            yield field.refuse_key(f"has {everybody!r} beside other namespaces", f"keep {everybody!r} or the others")
