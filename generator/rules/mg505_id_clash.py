"""Two objects of a Kustomization get the same identity by its `namespace:`, and the build fails or one is lost.

Why:
    Every namespace has its `default-deny`; moved into one namespace they are the same object
    twice. kustomize stops with "namespace transformation produces ID conflict", after the
    change was merged.

Bad:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    namespace: shop
    resources: [policies.yaml]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: data}
    spec: {podSelector: {}, policyTypes: [Ingress]}

Good:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources: [policies.yaml]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: data}
    spec: {podSelector: {}, policyTypes: [Ingress]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest
from generator.rules.base import Context, Rule
from generator.rules.kustomized import CLUSTER_SCOPED, kustomized

RULE = Rule("MG505", "id-clash", "two objects that become one by a Kustomization", Severity.ERROR)

_FIX = "write one Kustomization per namespace, or give the objects different names"


def check(context: Context) -> Iterator[Finding]:
    """Yield objects of different namespaces that `namespace:` gives one identity."""
    for one in kustomized(context):
        target = one.kustomization.namespace
        seen: dict[tuple[str, str, str], Manifest] = {}
        for manifest in one.objects if target else ():
            if manifest.kind in CLUSTER_SCOPED or not manifest.name:
                continue
            identity = (manifest.group, manifest.kind, manifest.name)
            first = seen.setdefault(identity, manifest)
            if first.namespace != manifest.namespace:
                message = (
                    f"{manifest.kind} {manifest.name} of {manifest.namespace} and of {first.namespace} both become "
                    f"{target}/{manifest.name} by `namespace:` in {one.kustomization.manifest.document.file}"
                )
                related = [
                    (first.place("metadata", "name"), "the other one"),
                    (one.kustomization.manifest.place("namespace"), "the namespace is set here"),
                ]
                yield RULE.finding(message, manifest.place("metadata", "name"), _FIX, related=related)
