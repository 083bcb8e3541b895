"""A change that gives a workload its first ALLOW policy: whoever it does not name is refused from then on.

Why:
    A workload without an ALLOW policy lets everybody in whom no DENY policy names. The
    first one turns that round, for all its ports at once: it looks like a permission and is
    a prohibition. Needs what there was before: `--against OLD`.

Before:
    apiVersion: v1
    kind: Namespace
    metadata: {name: lab, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: results, namespace: lab}
    spec:
      selector: {matchLabels: {app: results}}
      template:
        metadata: {labels: {app: results}}
        spec:
          serviceAccountName: results
          containers: [{name: results, image: results, ports: [{containerPort: 7070}]}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: printer, namespace: lab}
    spec:
      selector: {matchLabels: {app: printer}}
      template:
        metadata: {labels: {app: printer}}
        spec: {serviceAccountName: printer, containers: [{name: printer, image: printer}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: results, namespace: lab}
    spec:
      podSelector: {matchLabels: {app: results}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: desk}}}, {podSelector: {matchLabels: {app: printer}}}]
          ports: [{protocol: TCP, port: 7070}]

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: lab, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: results, namespace: lab}
    spec:
      selector: {matchLabels: {app: results}}
      template:
        metadata: {labels: {app: results}}
        spec:
          serviceAccountName: results
          containers: [{name: results, image: results, ports: [{containerPort: 7070}]}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: printer, namespace: lab}
    spec:
      selector: {matchLabels: {app: printer}}
      template:
        metadata: {labels: {app: printer}}
        spec: {serviceAccountName: printer, containers: [{name: printer, image: printer}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: results, namespace: lab}
    spec:
      podSelector: {matchLabels: {app: results}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: desk}}}, {podSelector: {matchLabels: {app: printer}}}]
          ports: [{protocol: TCP, port: 7070}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-desk, namespace: lab}
    spec:
      selector: {matchLabels: {app: results}}
      action: ALLOW
      rules: [{from: [{source: {serviceAccounts: [lab/desk]}}], to: [{operation: {ports: ["7070"]}}]}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: lab, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: results, namespace: lab}
    spec:
      selector: {matchLabels: {app: results}}
      template:
        metadata: {labels: {app: results}}
        spec:
          serviceAccountName: results
          containers: [{name: results, image: results, ports: [{containerPort: 7070}]}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: printer, namespace: lab}
    spec:
      selector: {matchLabels: {app: printer}}
      template:
        metadata: {labels: {app: printer}}
        spec: {serviceAccountName: printer, containers: [{name: printer, image: printer}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: results, namespace: lab}
    spec:
      podSelector: {matchLabels: {app: results}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: desk}}}, {podSelector: {matchLabels: {app: printer}}}]
          ports: [{protocol: TCP, port: 7070}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-callers, namespace: lab}
    spec:
      selector: {matchLabels: {app: results}}
      action: ALLOW
      rules: [{from: [{source: {serviceAccounts: [lab/desk, lab/printer]}}], to: [{operation: {ports: ["7070"]}}]}]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy
from generator.rules.base import Context, Rule
from generator.rules.changes import let_in, pairs, ports_of
from generator.rules.said import title
from generator.rules.subjects import some
from generator.rules.written import INGRESS
from generator.semantics.cluster import Cluster
from generator.topology import AMBIENT, HBONE, IN_MESH, SIDECAR, Endpoint, Point

RULE = Rule("MG404", "first-allow", "a change to the first ALLOW policy that leaves callers out", Severity.WARNING)

_ALLOW = "ALLOW"
_ANYBODY = Endpoint("a caller of another namespace", "elsewhere", account="anybody", mesh=SIDECAR)
_FIX = "allow these callers as well, in this policy or another, or close their way in the NetworkPolicy"


@dataclass(slots=True)
class _First:
    """What one policy is the first for, and whom of those that NetworkPolicies name there it refuses."""

    policy: AuthorizationPolicy
    servers: dict[str, None] = field(default_factory=dict)
    refused: dict[str, None] = field(default_factory=dict)
    unnamed: dict[str, None] = field(default_factory=dict)


def check(context: Context) -> Iterator[Finding]:
    """Yield, for each policy that is a workload's first, the callers it leaves out; where nobody names any, that."""
    previous, found = context.previous, dict[int, _First]()
    for before, pod in pairs(context, previous) if previous else ():
        allowing = [one for one in context.cluster.access.policies(pod) if one.action == _ALLOW]
        if not allowing or previous is None or pod.mesh not in IN_MESH or _had_one(previous, before):
            continue
        first = found.setdefault(id(allowing[0]), _First(allowing[0]))
        if not context.cluster.admission.policies(pod, INGRESS):
            if _is_refused(context.cluster, pod, _ANYBODY):
                first.unnamed[pod.name] = None
            continue
        refused = list(_left_out(context, previous, before, pod))
        first.refused |= dict.fromkeys(refused)
        first.servers |= dict.fromkeys([pod.name] if refused else [])
    for first in found.values():
        yield from _findings(first)


def _had_one(previous: Context, pod: Endpoint) -> bool:
    return pod.mesh not in IN_MESH or any(one.action == _ALLOW for one in previous.cluster.access.policies(pod))


def _left_out(context: Context, previous: Context, before: Endpoint, pod: Endpoint) -> Iterator[str]:
    """Yield the callers with a known identity that get to a port of *pod*, got in before, and do not now."""
    for port in ports_of(pod):
        for caller in let_in(context, pod, HBONE.number if pod.mesh == AMBIENT else port):
            point = Point("TCP", port)
            is_refused = caller.account and context.cluster.access.admits(pod, caller, point) is False
            if is_refused and previous.cluster.access.admits(before, caller, point) is not False:
                yield caller.name


def _is_refused(cluster: Cluster, pod: Endpoint, caller: Endpoint) -> bool:
    return any(cluster.access.admits(pod, caller, Point("TCP", port)) is False for port in ports_of(pod))


def _findings(first: _First) -> Iterator[Finding]:
    place, words = first.policy.manifest.place("metadata", "name"), f"{title(first.policy)} is the first ALLOW policy"
    if first.refused:
        message = (
            f"{words} for {some(first.servers)}: {some(first.refused)}, whom NetworkPolicies let in there, are refused "
            "from now on"
        )
        yield RULE.finding(message, place, _FIX)
    if first.unnamed:
        message = f"whom {words} for {some(first.unnamed)} leaves out: nobody says who calls there"
        yield RULE.unknown(message, place, "NetworkPolicies that name the callers")
