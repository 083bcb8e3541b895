"""A field left to its default where Argo CD compares: the object is never in sync.

Why:
    The API server writes defaults into what it stores. Inside a list without keys, such as
    the ports of a NetworkPolicy rule, that makes another list: Argo CD sees a difference
    after every sync, and with automatic sync applies it for ever. What is printed in full
    is equal. Only looked at where manifests show that Argo CD applies them.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop, annotations: {argocd.argoproj.io/sync-wave: "1"}}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: web}}}]
          ports: [{port: 8080}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop, annotations: {argocd.argoproj.io/sync-wave: "1"}}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: web}}}]
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.core.findings import Finding, Severity
from generator.core.places import Json, Route
from generator.manifests.objects import Manifest, mapping, sequence
from generator.rules.base import Context, Rule

RULE = Rule("MG508", "defaults", "a default left out where Argo CD compares", Severity.INFO)

_ARGO = "argoproj.io"
_GATEWAY_API = "gateway.networking.k8s.io"

_Defaults = Mapping[str, str]

_ROUTES: Mapping[tuple[str, ...], _Defaults] = {
    ("parentRefs",): {"group": _GATEWAY_API, "kind": "Gateway"},
    ("rules", "backendRefs"): {"group": '""', "kind": "Service", "weight": "1"},
}
_FIELDS: Mapping[tuple[str, str], Mapping[tuple[str, ...], _Defaults]] = {
    ("networking.k8s.io", "NetworkPolicy"): {
        ("ingress", "ports"): {"protocol": "TCP"},
        ("egress", "ports"): {"protocol": "TCP"},
    },
    (_GATEWAY_API, "HTTPRoute"): _ROUTES,
    (_GATEWAY_API, "GRPCRoute"): _ROUTES,
}
"""Fields in lists without keys, and what the API server writes there (networking/v1 defaults.go, Gateway API CRDs)."""


def check(context: Context) -> Iterator[Finding]:
    """Yield, once for each object, the first default that it leaves out."""
    if not any(_is_argo(one) for one in context.manifests):
        return
    for kinds, lists in _FIELDS.items():
        for manifest in context.of_kind(kinds[1]):
            if manifest.group == kinds[0]:
                found = (one for steps, defaults in lists.items() for one in _missing(manifest, steps, defaults))
                for route, name, default in found:
                    message = (
                        f"{manifest.kind} {manifest.namespace}/{manifest.name} leaves {name} to its default: Argo CD "
                        "finds a difference after every sync"
                    )
                    yield RULE.finding(
                        message, manifest.place(*route), f"write {name}: {default} wherever it is left out"
                    )
                    break


def _is_argo(manifest: Manifest) -> bool:
    """Tell whether *manifest* shows that Argo CD applies the others."""
    marks = (*manifest.annotations, *manifest.labels)
    return manifest.group == _ARGO or any(one.partition("/")[0] == f"argocd.{_ARGO}" for one in marks)


def _missing(manifest: Manifest, steps: tuple[str, ...], defaults: _Defaults) -> Iterator[tuple[Route, str, str]]:
    found: list[tuple[Route, dict[str, Json]]] = [(("spec",), manifest.spec)]
    for step in steps:
        found = [
            ((*route, step, index), mapping(item))
            for route, data in found
            for index, item in enumerate(sequence(data.get(step)))
        ]
    for route, item in found:
        for name, default in defaults.items():
            if item and name not in item:
                yield route, name, default
