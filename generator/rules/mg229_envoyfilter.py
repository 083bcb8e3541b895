"""An EnvoyFilter that the next version of Istio may read otherwise, or that this one ignores.

Why:
    A patch names parts of a configuration that Istio makes anew in every version. Without
    `proxyVersion` it goes to proxies that it was not written for; without `priority` it is
    not known whether a patch relative to another filter comes before or after the one that
    adds it; a filter under a name that Envoy gave up is never found. Each of them fails
    silently: the limit or the check that it adds is simply not there.

Bad:
    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata: {name: limit, namespace: shop}
    spec:
      workloadSelector: {labels: {app: api}}
      configPatches:
        - applyTo: HTTP_FILTER
          match:
            context: SIDECAR_INBOUND
            listener:
              filterChain:
                filter: {name: envoy.http_connection_manager, subFilter: {name: envoy.router}}
          patch:
            operation: INSERT_BEFORE
            value: {name: envoy.filters.http.local_ratelimit}

Good:
    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata: {name: limit, namespace: shop}
    spec:
      workloadSelector: {labels: {app: api}}
      priority: 10
      configPatches:
        - applyTo: HTTP_FILTER
          match:
            context: SIDECAR_INBOUND
            proxy: {proxyVersion: '^1[.]30.*'}
            listener:
              filterChain:
                filter:
                  name: envoy.filters.network.http_connection_manager
                  subFilter: {name: envoy.filters.http.router}
          patch:
            operation: INSERT_BEFORE
            value: {name: envoy.filters.http.local_ratelimit}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Json, Route
from generator.manifests.objects import Manifest, mapping, sequence
from generator.rules.base import Context, Rule

RULE = Rule("MG229", "envoyfilter", "an EnvoyFilter that breaks with the next version", Severity.WARNING)

_RELATIVE = ("INSERT_BEFORE", "INSERT_AFTER", "REPLACE")
"""Operations whose effect depends on what other patches did before (istioctl analyze IST0151, IST0154)."""

_GIVEN_UP = {
    "envoy.http_connection_manager": "envoy.filters.network.http_connection_manager",
    "envoy.tcp_proxy": "envoy.filters.network.tcp_proxy",
    "envoy.router": "envoy.filters.http.router",
    "envoy.cors": "envoy.filters.http.cors",
    "envoy.fault": "envoy.filters.http.fault",
    "envoy.lua": "envoy.filters.http.lua",
    "envoy.rate_limit": "envoy.filters.http.ratelimit",
    "envoy.ext_authz": "envoy.filters.http.ext_authz",
    "envoy.health_check": "envoy.filters.http.health_check",
    "envoy.grpc_web": "envoy.filters.http.grpc_web",
    "envoy.gzip": "envoy.filters.http.compressor",
    "envoy.buffer": "envoy.filters.http.buffer",
    "envoy.squash": "nothing: Envoy has no such filter any more",
    "istio.stackdriver": "the Telemetry API",
}
"""Names that Envoy 1.20 and Istio gave up, and what took their place."""

_OLD_API = "envoy.config.filter."
"""The prefix of Envoy's v2 types, which it no longer knows."""


def check(context: Context) -> Iterator[Finding]:
    """Yield the patches that are not pinned, those whose order is open, and the names that nobody knows."""
    for manifest in context.of_kind("EnvoyFilter"):
        for index, patch in enumerate(map(mapping, sequence(manifest.spec.get("configPatches")))):
            route: Route = ("spec", "configPatches", index)
            yield from _unpinned(manifest, patch, route)
            yield from _unordered(manifest, patch, route)
            yield from _given_up(manifest, patch, route)


def _unpinned(manifest: Manifest, patch: dict[str, Json], route: Route) -> Iterator[Finding]:
    if not mapping(mapping(patch.get("match")).get("proxy")).get("proxyVersion"):
        message = f"{_title(manifest)} goes to proxies of every version of Istio, and was written for one"
        fix = "say in match.proxy.proxyVersion which versions it was tried with, or use an API of Istio's own"
        yield RULE.finding(message, manifest.place(*route, "match"), fix)


def _unordered(manifest: Manifest, patch: dict[str, Json], route: Route) -> Iterator[Finding]:
    operation = mapping(patch.get("patch")).get("operation")
    if operation in _RELATIVE and manifest.spec.get("priority") is None:
        message = f"{_title(manifest)} says {operation} and no priority: whether the other filter is there yet is open"
        fix = "give the EnvoyFilter a priority (0 is that of all others), or use INSERT_FIRST or ADD"
        yield RULE.finding(message, manifest.place(*route, "patch", "operation"), fix)


def _given_up(manifest: Manifest, value: Json, route: Route) -> Iterator[Finding]:
    """Yield the names and types below *value* that today's Envoy does not know."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _given_up(manifest, inner, (*route, str(key)))
            is_name = key in ("name", "@type", "type_url") and isinstance(inner, str)
            if is_name and (inner in _GIVEN_UP or _OLD_API in str(inner)):
                new = _GIVEN_UP.get(str(inner), "the type of Envoy's API v3 (envoy.extensions.…)")
                message = f"{_title(manifest)} names {inner}, which Envoy does not know: the patch does nothing"
                yield RULE.finding(message, manifest.place(*route, str(key)), f"in its place is {new}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _given_up(manifest, inner, (*route, index))


def _title(manifest: Manifest) -> str:
    return f"{manifest.namespace}/{manifest.name}"
