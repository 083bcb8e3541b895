"""A podSelector that matches no workload of the policy's namespace.

Why:
    A policy whose selector has a typo, or a label that the chart stopped setting, is accepted
    and protects nothing: the pods it was written for stay as open as they were. Workloads of
    every kind count, and pods that an operator may make are given the benefit of the doubt.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: payments, namespace: shop}
    spec:
      selector: {matchLabels: {app: payments}}
      template:
        metadata: {labels: {app: payments}}
        spec: {containers: [{name: payments, image: payments}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: payments, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: payment}}
      policyTypes: [Ingress]

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: payments, namespace: shop}
    spec:
      selector: {matchLabels: {app: payments}}
      template:
        metadata: {labels: {app: payments}}
        spec: {containers: [{name: payments, image: payments}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: payments, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: payments}}
      policyTypes: [Ingress]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.network import LabelSelector, NetworkPolicy
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.ingress import gateway_words, is_ingress_gateway, is_no_gateway
from generator.rules.roster import is_everything_shown, platform, roster
from generator.rules.slips import slip
from generator.rules.written import title
from generator.semantics.admission import selects
from generator.semantics.cluster import NAMESPACE_NAME

RULE = Rule("MG111", "dead-selector", "a podSelector that matches no workload", Severity.WARNING)


def check(context: Context) -> Iterator[Finding]:
    """Yield policies that select nothing: surely, or probably because another label is only a slip away."""
    for policy in context.cluster.bundle.network_policies:
        near = roster(context).of(policy.namespace)
        if policy.pods.is_empty or _may_select(context, policy):
            continue
        if is_ingress_gateway(policy.pods) and is_no_gateway(context, policy.pods, [_own(policy)]):
            message = f"{title(policy)} selects an ingress gateway, and none that is known runs in {policy.namespace}"
            fix = f"move it to the gateway, and select it by its labels: {gateway_words(context)}"
            yield RULE.finding(message, _place(policy), fix)
            continue
        if not near:
            continue
        hint = _hint(policy.pods, near)
        if hint or is_everything_shown(context, policy.namespace):
            message = f"{title(policy)} selects no pod of {policy.namespace}: it protects nothing"
            fix = hint or "correct the selector, or remove the policy if its pods are gone"
            yield RULE.finding(message, _place(policy), fix)


def _may_select(context: Context, policy: NetworkPolicy) -> bool:
    if roster(context).subjects(policy):
        return True
    return any(
        pods.namespace == policy.namespace and selects(policy.pods, pods.labels, is_partial=True) is not False
        for pods in platform(context).values()
    )


def _own(policy: NetworkPolicy) -> LabelSelector:
    return LabelSelector(((NAMESPACE_NAME, policy.namespace),))


def _hint(selector: LabelSelector, near: Sequence[WorkloadTemplate]) -> str:
    """Return the cure if changing one label of *selector* makes it match: its value, or its key."""
    for key, value in selector.labels:
        rest = LabelSelector(tuple(one for one in selector.labels if one[0] != key), selector.expressions)
        fitting = [one.labels for one in near if selects(rest, one.labels)]
        close = slip(value, (labels[key] for labels in fitting if key in labels))
        if close:
            return f"did you mean {key}: {close}?"
        other = next((name for labels in fitting for name in labels if _is_twin(name, key, labels[name], value)), None)
        if other:
            return f"did you mean {other}: {value}?"
    return ""


def _is_twin(name: str, key: str, found: str, value: str) -> bool:
    """Tell whether label *name* is another spelling of *key* (``app`` and ``app.kubernetes.io/name``), value alike."""
    twins = ({"app", "app.kubernetes.io/name", "k8s-app", "name"}, {"component", "app.kubernetes.io/component"})
    return name != key and found == value and any({name, key} <= each for each in twins)


def _place(policy: NetworkPolicy) -> Place:
    only = policy.pods.labels[0][0] if len(policy.pods.labels) == 1 and not policy.pods.expressions else None
    return policy.manifest.place("spec", "podSelector", *(("matchLabels", only) if only else ()))
