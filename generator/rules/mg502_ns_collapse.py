"""A Kustomization whose `namespace:` pulls objects of several namespaces, or of the root namespace, into one.

Why:
    The namespace transformer rewrites every object of the Kustomization. Policies of five
    namespaces land in one; a mesh-wide PeerAuthentication or AuthorizationPolicy leaves the
    root namespace and binds a single namespace from then on: the rest of the mesh is open.

Bad:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    namespace: shop
    resources: [policies.yaml]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-web, namespace: shop}
    spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-db, namespace: data}
    spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}

Good:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources: [policies.yaml]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-web, namespace: shop}
    spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-db, namespace: data}
    spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.kustomized import Kustomized, kustomized
from generator.rules.subjects import some

RULE = Rule("MG502", "ns-collapse", "a Kustomization that moves several namespaces into one", Severity.ERROR)

_MESH_WIDE_GROUPS = frozenset({"security.istio.io", "telemetry.istio.io"})
_FIX = "write one Kustomization per namespace, and leave `namespace:` out of the one that includes them all"


def check(context: Context) -> Iterator[Finding]:
    """Yield the `namespace:` of each Kustomization that changes what its objects mean."""
    for one in kustomized(context):
        if one.kustomization.namespace:
            yield from _of(one, context.environment.istio.root_namespace)


def _of(one: Kustomized, root: str) -> Iterator[Finding]:
    target = one.kustomization.namespace
    place = one.kustomization.manifest.place("namespace")
    objects = list(one.namespaced)
    namespaces = {each.namespace for each in objects}
    related = tuple((each.place("metadata", "namespace"), f"{each.kind} {each.name}") for each in objects)
    mesh_wide = [each for each in objects if each.group in _MESH_WIDE_GROUPS and each.namespace == root != target]
    if mesh_wide:
        names = some(f"{each.kind} {each.name}" for each in mesh_wide)
        message = (
            f"`namespace: {target}` moves {names} out of the root namespace {root}: what was said for the whole mesh "
            f"then holds in {target} alone"
        )
        yield RULE.finding(message, place, _FIX, related=related[:5])
    elif len(namespaces) > 1:
        message = (
            f"`namespace: {target}` moves objects of {some(namespaces, 5)} into one namespace: each policy then "
            f"selects pods of {target}, and none of the others' are protected"
        )
        yield RULE.finding(message, place, _FIX, related=related[:5])
