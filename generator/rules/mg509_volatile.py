"""A selector of a policy asks for a label that changes with every release.

Why:
    `app.kubernetes.io/version`, `helm.sh/chart`, `pod-template-hash` and
    `controller-revision-hash` are different after the next upgrade: the policy then selects
    nobody, and peers are shut out, or pods are no longer protected. `version` is the same where
    only one version is deployed; where variants run side by side it tells them apart.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web, app.kubernetes.io/version: "1.4.2"}}
          ports: [{protocol: TCP, port: 8080}]

Good:
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

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Json
from generator.manifests.objects import mapping, texts
from generator.rules.base import Context, Rule
from generator.rules.selectors import AskedLabel, asked_labels

RULE = Rule("MG509", "volatile", "a selector on a label that changes with every release", Severity.WARNING)

_VOLATILE = frozenset(
    {"app.kubernetes.io/version", "helm.sh/chart", "chart", "pod-template-hash", "controller-revision-hash"}
)
_VERSION = "version"
_FIX = "select by labels that stay: app, app.kubernetes.io/name, app.kubernetes.io/instance"


def check(context: Context) -> Iterator[Finding]:
    """Yield the labels that the next release changes."""
    for label in asked_labels(context):
        if label.is_of_namespaces or label.operator not in ("In", "Exists"):
            continue
        is_volatile = label.key in _VOLATILE and label.operator == "In"
        if is_volatile or (label.key == _VERSION and _is_only_version(context, label)):
            one = label.manifest
            values = ", ".join(str(value) for value in label.values)
            message = (
                f"{one.kind} {one.namespace}/{one.name} selects pods by {label.key}={values}, which changes with the "
                "next release: from then on this matches nobody"
            )
            yield RULE.finding(message, label.place, _FIX)


def _is_only_version(context: Context, label: AskedLabel) -> bool:
    """Tell whether all shown workloads that differ from the selected ones in ``version`` alone have this version."""
    if label.operator != "In" or len(label.values) != 1:
        return False
    data: Json = label.manifest.data
    for step in label.selector:
        data = data[step]
    rest = {key: value for key, value in texts(mapping(data).get("matchLabels")).items() if key != _VERSION}
    if not rest or mapping(data).get("matchExpressions"):
        return False
    versions = {
        one.labels.get(_VERSION)
        for one in context.cluster.workloads
        if rest.items() <= one.labels.items()
        and (one.namespace == label.manifest.namespace or "namespaceSelector" in str(label.selector))
    }
    return versions == {str(label.values[0])}
