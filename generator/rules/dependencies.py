"""Services that proxies themselves call: authorizers, rate limiters and trace collectors, and who calls them.

Source: istio api mesh/v1alpha1 config.proto (extensionProviders), networking/v1alpha3
envoy_filter.proto; the names of clusters are istiod's, ``outbound|PORT||HOST``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.places import Json, Place
from generator.core.yaml_reader import read_documents
from generator.manifests.objects import Manifest, mapping, sequence, texts
from generator.manifests.routing import service_of_host
from generator.manifests.security import Scope
from generator.rules.base import Context
from generator.rules.servers import servers

_CLUSTER = re.compile(r"^outbound\|(\d+)\|[^|]*\|([a-z0-9.-]+)$")
_AUTHORIZERS = ("envoyExtAuthzHttp", "envoyExtAuthzGrpc")


@dataclass(frozen=True, slots=True)
class Dependency:
    """One Service that the proxies of some pods call, by namespace, name and Service port; ``place`` says so."""

    purpose: str
    namespace: str
    service: str
    port: int
    callers: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class _Provider:
    is_authorizer: bool
    host: str
    port: int


def dependencies(context: Context) -> Iterator[Dependency]:
    """Yield the Services that policies, Telemetry and EnvoyFilters make proxies call, as far as they are named."""
    providers = dict(_providers(context))
    for policy in context.cluster.bundle.authorization_policies if providers else ():
        name = str(mapping(policy.manifest.spec.get("provider")).get("name") or "")
        known = providers.get(name) if policy.action == "CUSTOM" else None
        if known and known.is_authorizer:
            place = policy.manifest.place("spec", "provider", "name")
            yield from _of(context, "asks the authorizer", known.host, known.port, policy.scope, place)
    for telemetry in context.of_kind("Telemetry") if providers else ():
        yield from _traced(context, telemetry, providers)
    for manifest in context.of_kind("EnvoyFilter"):
        scope = Scope(manifest.namespace, texts(mapping(manifest.spec.get("workloadSelector")).get("labels")))
        for host, port, place in _clusters(manifest, manifest.spec.get("configPatches"), ("spec", "configPatches")):
            yield from _of(context, "calls", host, port, scope, place)


def _traced(context: Context, telemetry: Manifest, providers: dict[str, _Provider]) -> Iterator[Dependency]:
    scope = Scope(telemetry.namespace, texts(mapping(telemetry.spec.get("selector")).get("matchLabels")))
    for index, tracing in enumerate(map(mapping, sequence(telemetry.spec.get("tracing")))):
        is_off = tracing.get("disableSpanReporting") is True
        for position, one in enumerate(map(mapping, sequence(tracing.get("providers")))):
            known = providers.get(str(one.get("name")))
            if known and not known.is_authorizer and not is_off and not telemetry.spec.get("targetRefs"):
                place = telemetry.place("spec", "tracing", index, "providers", position, "name")
                yield from _of(context, "sends traces to", known.host, known.port, scope, place)


def _of(context: Context, purpose: str, host: str, port: int, scope: Scope, place: Place) -> Iterator[Dependency]:
    target = service_of_host(host, scope.namespace)
    callers = tuple(one.name for one in servers(context, scope) if one.workload and one.mesh == "sidecar")
    if target and callers:
        yield Dependency(purpose, *target, port, callers, place)


def _providers(context: Context) -> Iterator[tuple[str, _Provider]]:
    """Yield the extension providers of every ``meshConfig`` that is shown."""
    for config in _configs(context):
        for provider in map(mapping, sequence(config.get("extensionProviders"))):
            for kind, settings in provider.items():
                said = mapping(settings)
                host, port = str(said.get("service") or "").rpartition("/")[2], said.get("port")
                if host and isinstance(port, int):
                    yield str(provider.get("name")), _Provider(kind in _AUTHORIZERS, host, port)


def _configs(context: Context) -> Iterator[dict[str, Json]]:
    root = context.environment.istio.root_namespace
    for one in context.of_kind("ConfigMap"):
        if one.namespace == root and (one.name == "istio" or one.name.startswith("istio-")):
            text = mapping(one.data.get("data")).get("mesh")
            documents, _ = read_documents(str(text or ""), one.place().file, allow_ambiguous=True)
            yield from (mapping(document.data) for document in documents)
    yield from (mapping(one.spec.get("meshConfig")) for one in context.of_kind("IstioOperator"))


def _clusters(manifest: Manifest, value: Json, route: tuple[str | int, ...]) -> Iterator[tuple[str, int, Place]]:
    """Yield the clusters that filters below *value* call, by the host and port that istiod names them after."""
    if isinstance(value, dict):
        for key, inner in value.items():
            found = _CLUSTER.match(inner) if key in ("cluster_name", "cluster") and isinstance(inner, str) else None
            if found:
                yield found[2], int(found[1]), manifest.place(*route, str(key))
            yield from _clusters(manifest, inner, (*route, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _clusters(manifest, inner, (*route, index))
