"""A change that takes away the last policy of pods: they are open afterwards.

Why:
    Isolation begins with the first NetworkPolicy of a direction and ends with the last; a
    workload with an ALLOW policy refuses everybody else, and without any it refuses nobody.
    Deleting the last "allow" is therefore the opposite of what it looks like. Needs what
    there was before: `--against OLD`.

Before:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: web}}}]
          ports: [{protocol: TCP, port: 8080}]

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest
from generator.rules.base import Context, Rule
from generator.rules.changes import pairs
from generator.rules.subjects import some
from generator.rules.written import EGRESS, INGRESS
from generator.topology import Endpoint

RULE = Rule("MG410", "last-policy", "a change that takes the last policy away", Severity.WARNING)

_ALLOW = "ALLOW"
_WORDS = {
    INGRESS: ("no NetworkPolicy isolates", " on the way in: everybody may connect there"),
    EGRESS: ("no NetworkPolicy isolates", " on the way out: they may connect to anybody"),
    _ALLOW: ("no ALLOW policy speaks for", ": whoever no DENY policy names gets in"),
}


def check(context: Context) -> Iterator[Finding]:
    """Yield, for each kind of policy, the last ones of workloads that are still there."""
    previous = context.previous
    if previous is None:
        return
    lost: dict[tuple[str, str, str, str], tuple[Manifest, list[str]]] = {}
    for before, after in pairs(context, previous):
        for what in _WORDS:
            old = _policies(previous, before, what)
            if old and not _policies(context, after, what):
                key = (what, old[0].kind, old[0].namespace, old[0].name)
                lost.setdefault(key, (old[0], []))[1].append(after.name)
    for (what, *_), (policy, names) in lost.items():
        nothing, effect = _WORDS[what]
        message = f"after the change {nothing} {some(names)}{effect}; {_title(policy)} was the last"
        fix = "keep a policy that denies everything for these pods, and remove the others"
        yield RULE.finding(message, policy.place("metadata", "name"), fix)


def _title(policy: Manifest) -> str:
    return f"{policy.kind} {policy.namespace}/{policy.name}"


def _policies(context: Context, pod: Endpoint, what: str) -> list[Manifest]:
    """Return the policies of *pod* that refuse whom they do not name."""
    if what == _ALLOW:
        return [one.manifest for one in context.cluster.access.policies(pod) if one.action == _ALLOW]
    return [one.manifest for one in context.cluster.admission.policies(pod, what)]
