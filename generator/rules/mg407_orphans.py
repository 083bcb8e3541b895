"""An object that meshgen made, and that a later bundle no longer holds.

Why:
    `kubectl apply` never removes what is missing from its input. A policy that the new
    bundle does not hold any more stays in the cluster, and goes on opening, or denying, what
    nobody wants any more. Needs what there was before: `--against OLD`.

Before:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: allow-api
      namespace: shop
      labels: {app.kubernetes.io/managed-by: meshgen, meshgen.dev/bundle: shop}
    spec: {podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress]}

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: allow-web
      namespace: shop
      labels: {app.kubernetes.io/managed-by: meshgen, meshgen.dev/bundle: shop}
    spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: allow-api
      namespace: shop
      labels: {app.kubernetes.io/managed-by: meshgen, meshgen.dev/bundle: shop}
    spec: {podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest
from generator.rules.base import Context, Rule
from generator.rules.changes import identity
from generator.rules.kustomized import CLUSTER_SCOPED

RULE = Rule("MG407", "orphans", "an object of meshgen's that a change leaves behind", Severity.WARNING)

_MANAGED_BY, _BUNDLE = "app.kubernetes.io/managed-by", "meshgen.dev/bundle"


def check(context: Context) -> Iterator[Finding]:
    """Yield the objects of bundles that are still there, of which the bundle no longer speaks."""
    here = {identity(one) for one in context.manifests}
    bundles = {one.labels.get(_BUNDLE) for one in context.manifests if _is_ours(one)}
    for one in context.previous.manifests if context.previous else ():
        if _is_ours(one) and one.labels.get(_BUNDLE) in bundles and identity(one) not in here:
            where = "" if one.kind in CLUSTER_SCOPED else f" --namespace {one.namespace}"
            message = (
                f"{one.kind} {one.namespace}/{one.name} is no longer part of the bundle {one.labels.get(_BUNDLE)}; "
                "what applies the new files does not delete it, unless it prunes"
            )
            fix = f"after the new objects are applied: kubectl delete {one.kind.lower()} {one.name}{where}"
            yield RULE.finding(message, one.place("metadata", "name"), fix)


def _is_ours(manifest: Manifest) -> bool:
    return manifest.labels.get(_MANAGED_BY) == "meshgen" and _BUNDLE in manifest.labels
