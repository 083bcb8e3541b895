"""A Kustomization renames a namespace, and a peer, identity or host inside its objects keeps the old name.

Why:
    `namespace:` rewrites metadata and nothing else: label values in namespaceSelectors and
    texts such as `cluster.local/ns/shop/sa/web` stay. In the new namespace the policy admits
    the pods of the old one, or nobody.

Bad:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    namespace: shop-prod
    resources: [policies.yaml]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
              podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    namespace: shop-prod
    resources: [policies.yaml]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Json, Route
from generator.manifests.objects import Manifest, mapping
from generator.rules.base import Context, Rule
from generator.rules.kustomized import Kustomized, kustomized
from generator.semantics.cluster import NAMESPACE_NAME

RULE = Rule("MG503", "stale-ns", "a namespace that is renamed, and named by its old name", Severity.ERROR)

_FIX = "say it without a namespace (podSelector alone, `serviceAccounts: [NAME]`), or let `replacements` rewrite it"
_SELECTORS = frozenset({"NetworkPolicy"})
_IDENTITIES = frozenset({"AuthorizationPolicy"})
_HOSTS = frozenset({"DestinationRule", "VirtualService", "Sidecar", "ServiceEntry"})
_SHORTEST_SERVICE = 3
"""NAME.NAMESPACE.svc: of two words nobody knows whether the second is a namespace or a domain."""


def check(context: Context) -> Iterator[Finding]:
    """Yield the values that name a namespace which the Kustomization takes away."""
    for one in kustomized(context):
        target = one.kustomization.namespace
        old = {each.namespace for each in one.namespaced} - {target}
        if target and len(old) == 1:
            yield from _of(one, old.pop(), target)


def _of(one: Kustomized, old: str, target: str) -> Iterator[Finding]:
    for manifest in one.objects:
        if one.kustomization.may_rewrite(manifest.kind):
            continue
        for route, value in _values(manifest.spec, ("spec",)):
            if _names(manifest, route, value, old):
                message = (
                    f"{manifest.kind} {manifest.name} moves from {old} to {target} by "
                    f"`namespace:` in {one.kustomization.manifest.document.file}, but {value!r} keeps naming {old}"
                )
                related = [(one.kustomization.manifest.place("namespace"), "the namespace is set here")]
                yield RULE.finding(message, manifest.place(*route), _FIX, related=related)


def _values(data: Json, route: Route) -> Iterator[tuple[Route, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _values(value, (*route, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _values(value, (*route, index))
    elif isinstance(data, str):
        yield route, data


def _names(manifest: Manifest, route: Route, value: str, old: str) -> bool:
    """Tell whether *value* names the namespace *old*, where the kind has a field that names namespaces."""
    if manifest.kind in _SELECTORS:
        return value == old and _is_of_namespace_name(manifest, route)
    field = next((step for step in reversed(route) if isinstance(step, str)), "")
    if manifest.kind in _IDENTITIES:
        if field.lower().endswith("principals"):
            return bool(re.search(rf"(^|/)ns/{re.escape(old)}/sa/", value))
        if field.lower().endswith("serviceaccounts"):
            return value.startswith(f"{old}/")
        return field.lower().endswith("namespaces") and value == old
    if manifest.kind in _HOSTS:
        words = value.rpartition("/")[2].split(".")
        is_service = len(words) >= _SHORTEST_SERVICE and words[2] == "svc"
        return field in ("host", "hosts") and ((is_service and words[1] == old) or value.startswith(f"{old}/"))
    return False


def _is_of_namespace_name(manifest: Manifest, route: Route) -> bool:
    """Tell whether the value at *route* is one that the label with the namespace's name must have."""
    if "namespaceSelector" not in route:
        return False
    selector = route[route.index("namespaceSelector") + 1 :]
    if selector[:1] != ("matchExpressions",):
        return selector[1:] == (NAMESPACE_NAME,)
    data: Json = manifest.data
    for step in route[: route.index("matchExpressions") + 2]:
        data = data[step]
    expression = mapping(data)
    return expression.get("key") == NAMESPACE_NAME and expression.get("operator") == "In"
