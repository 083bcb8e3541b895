"""A deny-all policy that is applied before the policy which allows what its pods need.

Why:
    Argo CD applies by wave, then kind, then name; Helm and `kubectl kustomize` order objects
    of one kind by name. `default-deny` comes before `web-ingress`: until the rest has
    arrived, on the first sync or when a later object fails, everything is cut. Names such as
    `allow-…` sort before `default-deny`; a later sync wave for the deny works too.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web-ingress, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: proxy}}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-web-ingress, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: proxy}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from generator.core.findings import Finding, Severity
from generator.manifests.network import LabelSelector
from generator.manifests.objects import Manifest
from generator.rules.base import Context, Rule
from generator.rules.subjects import some

RULE = Rule("MG401", "deny-first", "a deny that is applied before what it needs", Severity.WARNING)

_WAVE = "argocd.argoproj.io/sync-wave"
_FIX = (
    "rename one of them so that the allows sort first (`allow-…` before `default-deny`), or give the deny a later wave"
)


@dataclass(frozen=True, slots=True)
class _Half:
    """One policy in one direction: whether it denies everything there or allows something, and when it comes."""

    manifest: Manifest
    direction: str
    pods: LabelSelector
    denies: bool

    @property
    def order(self) -> tuple[int, str]:
        """When it is applied among its kind: by wave, then by name."""
        wave = self.manifest.annotations.get(_WAVE, "0").strip()
        return (int(wave) if wave.lstrip("-").isdigit() else 0), self.manifest.name


def check(context: Context) -> Iterator[Finding]:
    """Yield the deny-all policies of both layers that come before an allow for the same pods."""
    for halves in (_network(context), _authorization(context)):
        in_order = sorted(halves, key=_group)
        for _, group in groupby(in_order, key=_group):
            yield from _of_namespace(list(group))


def _group(half: _Half) -> tuple[str, str]:
    return half.manifest.namespace, half.direction


def _of_namespace(halves: Sequence[_Half]) -> Iterator[Finding]:
    found: dict[int, list[_Half]] = {}
    denies = [one for one in halves if one.denies]
    for deny in denies:
        late = [one for one in halves if not one.denies and one.order > deny.order and _overlap(deny.pods, one.pods)]
        if late:
            found.setdefault(id(deny.manifest.data), []).extend(late)
    for deny in denies:
        if late := found.pop(id(deny.manifest.data), []):
            names = some(one.manifest.name for one in late)
            message = (
                f"{deny.manifest.kind} {deny.manifest.namespace}/{deny.manifest.name} denies everything and is applied "
                f"before {names} (by wave and name): in between the pods are cut off"
            )
            related = [(one.manifest.place("metadata", "name"), "this one comes later") for one in late[:5]]
            yield RULE.finding(message, deny.manifest.place("metadata", "name"), _FIX, related=related)


def _network(context: Context) -> Iterator[_Half]:
    for policy in context.cluster.bundle.network_policies:
        for direction in policy.types:
            is_deny = not any(policy.rules(each) for each in policy.types)
            if is_deny or policy.rules(direction):
                yield _Half(policy.manifest, direction, policy.pods, is_deny)


def _authorization(context: Context) -> Iterator[_Half]:
    for policy in context.cluster.bundle.authorization_policies:
        if policy.action == "ALLOW" and not policy.scope.has_targets and not policy.is_dry_run:
            labels = LabelSelector(tuple(sorted(policy.scope.labels.items())))
            yield _Half(policy.manifest, "", labels, not policy.rules)


def _overlap(one: LabelSelector, other: LabelSelector) -> bool:
    """Tell whether both may select one pod: no label is asked for with two values."""
    wanted = _exact(one)
    return all(wanted.get(key, values) & values for key, values in _exact(other).items())


def _exact(selector: LabelSelector) -> dict[str, set[str]]:
    found = {key: {value} for key, value in selector.labels}
    for key, operator, values in selector.expressions:
        if operator == "In":
            found[key] = found.get(key, set(values)) & set(values)
    return found
