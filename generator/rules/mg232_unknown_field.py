"""A field that the kind does not have.

Why:
    The API server drops unknown fields, with a warning that pipelines do not show. What is
    left means something else: `namespace:` for `namespaces:` leaves a source without
    callers, and a `podselector` leaves a policy for every pod. istiod drops them from its own
    configuration without any warning: `accessLogFile` belongs to `meshConfig`, and not to the
    `defaultConfig` of the proxies below it.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {namespace: [shop]}

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {namespaces: [shop]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Document
from generator.manifests.objects import Manifest, mapping
from generator.manifests.schema import check as check_schema
from generator.manifests.schema import known_kinds
from generator.rules.base import Context, Rule

RULE = Rule("MG232", "unknown-field", "a field that the kind does not have", Severity.ERROR)

_SET_BY_SERVER = frozenset({"status"})
_OLD_METADATA = frozenset({"clusterName", "initializers"})
"""Server-set fields of earlier Kubernetes versions, found in old exports."""

_OF_THE_MESH = frozenset(
    {
        *("accessLogFile", "accessLogFormat", "accessLogEncoding", "trustDomain", "trustDomainAliases"),
        *("outboundTrafficPolicy", "extensionProviders", "defaultProviders", "enableAutoMtls", "meshMTLS"),
        *("pathNormalization", "rootNamespace", "enablePrometheusMerge", "discoverySelectors"),
    }
)
"""Fields of MeshConfig that ProxyConfig, its ``defaultConfig``, does not have (istio/api mesh/v1alpha1)."""


def check(context: Context) -> Iterator[Finding]:
    """Yield unknown fields of every kind that has a schema here, each with the nearest name."""
    for manifest in context.manifests:
        if (manifest.api_version, manifest.kind) in known_kinds():
            for found in check_schema(_document(manifest), unknown=RULE.code):
                if found.code == RULE.code and found.place:
                    message = f"{manifest.kind} {manifest.name}: {found.message}, and is dropped when it is applied"
                    yield RULE.finding(message, found.place, found.fix)
    for manifest in context.of_kind("IstioOperator"):
        mesh = mapping(manifest.spec.get("meshConfig"))
        for name in sorted(_OF_THE_MESH & mapping(mesh.get("defaultConfig")).keys()):
            message = f"IstioOperator {manifest.name}: `{name}` is no setting of a proxy, and dropped when read"
            place = manifest.document.key_place((*manifest.route, "spec", "meshConfig", "defaultConfig", name))
            yield RULE.finding(message, place, "move it up, to `meshConfig`")


def _document(manifest: Manifest) -> Document:
    """Return *manifest* as a document of its own, without what the server sets."""
    depth, document, data = len(manifest.route), manifest.document, manifest.data
    if not _SET_BY_SERVER.isdisjoint(data):
        data = {key: value for key, value in data.items() if key not in _SET_BY_SERVER}
    if not _OLD_METADATA.isdisjoint(manifest.metadata):
        data = {
            **data,
            "metadata": {key: value for key, value in manifest.metadata.items() if key not in _OLD_METADATA},
        }
    if not depth and data is document.data:
        return document
    if not depth:
        return Document(data, document.file, document.values, document.keys)
    values, keys = (
        {route[depth:]: place for route, place in places.items() if route[:depth] == manifest.route}
        for places in (document.values, document.keys)
    )
    return Document(data, document.file, values, keys)
