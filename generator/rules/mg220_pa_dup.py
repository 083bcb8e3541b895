"""Two PeerAuthentications of one scope for the same pods: one of them is ignored.

Why:
    Of several policies without a selector in one namespace (or for the mesh), and of
    several that select the same pod, Istio takes the oldest and ignores the others, without
    a word. Which is the oldest depends on when each was created, so two clusters with the
    same files may differ.

Bad:
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: PERMISSIVE}}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: strict, namespace: shop}
    spec: {mtls: {mode: STRICT}}

Good:
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import PeerAuthentication
from generator.rules.base import Context, Rule
from generator.rules.roster import is_everything_shown
from generator.rules.servers import is_selected, neighbours

RULE = Rule("MG220", "pa-dup", "two PeerAuthentications of one scope", Severity.ERROR)

_FIX = "merge them into one object; the usual name of one without a selector is `default`"


def check(context: Context) -> Iterator[Finding]:
    """Yield each policy that meets an earlier one of its scope; a warning where both say the same."""
    root = context.environment.istio.root_namespace
    policies = {
        (one.scope.namespace, one.manifest.name): one
        for one in context.cluster.bundle.peer_authentications
        if not (one.scope.labels and one.scope.namespace == root)  # those are ignored anyway
    }
    by_namespace: dict[str, list[PeerAuthentication]] = {}
    for policy in policies.values():
        by_namespace.setdefault(policy.scope.namespace, []).append(policy)
    for near in by_namespace.values():
        found: set[str] = set()
        for first, second in itertools.combinations(near, 2):
            whom = _shared(context, first, second)
            if whom and second.manifest.name not in found:
                found.add(second.manifest.name)
                yield _finding(first, second, whom)
            elif second.manifest.name not in found and _may_meet(context, first, second):
                message = f"whether {_title(first)} and {_title(second)} speak for one pod: none of their labels differ"
                place = second.manifest.place("spec", "selector")
                yield RULE.unknown(message, place, f"the workloads of {second.manifest.namespace}")


def _may_meet(context: Context, first: PeerAuthentication, second: PeerAuthentication) -> bool:
    """Tell whether a pod that is not shown could have the labels of both selectors."""
    one, two = first.scope.labels, second.scope.labels
    if not (one and two) or is_everything_shown(context, first.scope.namespace):
        return False
    return all(two.get(key, value) == value for key, value in one.items())


def _title(policy: PeerAuthentication) -> str:
    return f"{policy.manifest.namespace}/{policy.manifest.name}"


def _finding(first: PeerAuthentication, second: PeerAuthentication, whom: str) -> Finding:
    loser = "one of them, nobody can say which,"
    if first.created and second.created:
        older = min((first, second), key=lambda one: (one.created, one.manifest.name))
        loser = (second if older is first else first).manifest.name
    message = (
        f"the PeerAuthentications {first.manifest.name} and {second.manifest.name} of {second.manifest.namespace} "
        f"both speak for {whom}: {loser} is ignored, since the oldest wins"
    )
    agree = (first.mode, first.ports) == (second.mode, second.ports)
    severity = Severity.WARNING if agree else Severity.ERROR
    related = [(first.manifest.place("metadata", "name"), "the other one")]
    return RULE.finding(message, second.manifest.place("metadata", "name"), _FIX, severity=severity, related=related)


def _shared(context: Context, first: PeerAuthentication, second: PeerAuthentication) -> str:
    """Return for whom both speak; empty if for nobody, or nobody can say."""
    one, two = first.scope, second.scope
    if bool(one.labels) != bool(two.labels):
        return ""
    if not one.labels:
        mesh = context.environment.istio.root_namespace
        return "the whole mesh" if one.namespace == mesh else "the whole namespace"
    for workload in neighbours(context, one):
        if is_selected(one, workload) and is_selected(two, workload):
            return f"{workload.namespace}/{workload.name}"
    if is_everything_shown(context, one.namespace):
        return ""
    is_within = one.labels.items() <= two.labels.items() or two.labels.items() <= one.labels.items()
    return "the same pods" if is_within else ""
