"""EnvoyFilter: CEL of the CRD, and what Envoy refuses or ignores about a local rate limit.

Source: envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit (stat_prefix has at
least one character; filter_enabled and filter_enforced are 0 % unless said otherwise).
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot
from generator.manifests.admission.texts import milliseconds

_LIMIT = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_SHORTEST_FILL = 50
"""Milliseconds below which Envoy refuses to fill a bucket."""


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod, the API server or Envoy refuses about an EnvoyFilter."""
    spec = root.child("spec")
    yield from spec.only_one("workloadSelector", "targetRefs")
    yield from istio.selector_labels(spec.at("workloadSelector", "labels"))
    for patch in spec.child("configPatches").items():
        match = patch.child("match")
        if (match.child("context").text == "WAYPOINT") is not match.child("waypoint").is_set and match.is_set:
            yield match.refuse("needs `waypoint` with the context WAYPOINT, and only there", "add or remove it")
        config = patch.at("patch", "value", "typed_config")
        if config.child("@type").text == _LIMIT:
            yield from _limit(config)


def _limit(config: Spot) -> Iterator[Finding]:
    if not config.child("stat_prefix").text:
        yield config.refuse("must have `stat_prefix`", "add a name for the statistics of the limit")
    for name in ("filter_enabled", "filter_enforced"):
        if not config.at(name, "default_value").is_set:
            fix = f"add {name}: {{default_value: {{numerator: 100, denominator: HUNDRED}}}}"
            yield config.refuse(f"does nothing without `{name}.default_value`, which is 0 %", fix)
    interval = config.at("token_bucket", "fill_interval")
    span = milliseconds(interval.text)
    if span is not None and span < _SHORTEST_FILL:
        yield interval.refuse(f"is {interval.text}, less than 50ms", "write 0.05s or more")
