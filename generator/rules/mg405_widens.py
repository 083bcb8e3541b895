"""A change that lets a connection through which was refused before.

Why:
    Whoever reviews a change of policies sees text: a label less, a policy renamed, a file
    gone. What matters is who can reach whom afterwards. Each connection that is opened, or
    on which more requests get through, is told where that is written; where it is meant, an
    ignore comment with its reason says so. Needs what there was before: `--against OLD`.

Before:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: web}}}]
          ports: [{protocol: TCP, port: 8080}]

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {}}]
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api-from-web, namespace: shop}
    spec:
      podSelector: {matchExpressions: [{key: app, operator: In, values: [api]}]}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: web}}}]
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.changes import difference, place_of
from generator.semantics.difference import EXISTENCE
from generator.semantics.rows import Kind

RULE = Rule("MG405", "widens", "a change that opens a connection", Severity.WARNING)

_FIX = (
    "if it is meant, say so where it is written with an ignore comment and its reason; `meshgen diff` shows all of it"
)
_WIDER = (Kind.OPENED, Kind.WIDENED)


def check(context: Context) -> Iterator[Finding]:
    """Yield the connections that get through now and did not; those of new workloads as information."""
    previous = context.previous
    if previous is None or not context.manifests:
        return
    for row in difference(previous.cluster, context.cluster).changes:
        if row.kind in _WIDER:
            requests = f", {row.requests}" if row.requests else ""
            words = "opens" if row.kind is Kind.OPENED else "widens"
            perhaps = "" if row.certain else "perhaps "
            message = f"the change {perhaps}{words} {row.client} -> {row.server} {row.ports}{requests}"
            message += f" ({', '.join(row.layers)})"
            is_known = row.certain and row.layers != (EXISTENCE,)
            severity = Severity.WARNING if is_known else Severity.INFO
            place = place_of(context, previous, row) or context.manifests[0].place()
            yield RULE.finding(message, place, _FIX, severity=severity)
