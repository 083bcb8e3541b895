"""A change that makes a port STRICT while callers without a proxy are known.

Why:
    Under STRICT a plaintext caller's connection is reset. Who still sends plaintext must be
    known before the switch: callers that NetworkPolicies let in by name are an error, all
    other workloads outside the mesh that could connect until now are listed. Needs what
    there was before: `--against OLD`.

Before:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: legacy}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: batch, namespace: legacy}
    spec:
      selector: {matchLabels: {app: batch}}
      template:
        metadata: {labels: {app: batch}}
        spec: {containers: [{name: batch, image: batch}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: legacy}}
              podSelector: {matchLabels: {app: batch}}
          ports: [{protocol: TCP, port: 8080}]

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: legacy}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: batch, namespace: legacy}
    spec:
      selector: {matchLabels: {app: batch}}
      template:
        metadata: {labels: {app: batch}}
        spec: {containers: [{name: batch, image: batch}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: legacy}}
              podSelector: {matchLabels: {app: batch}}
          ports: [{protocol: TCP, port: 8080}]
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: legacy}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: batch, namespace: legacy}
    spec:
      selector: {matchLabels: {app: batch}}
      template:
        metadata: {labels: {app: batch}}
        spec: {containers: [{name: batch, image: batch}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: legacy}}
              podSelector: {matchLabels: {app: batch}}
          ports: [{protocol: TCP, port: 8080}]
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: PERMISSIVE}}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from generator.core.findings import Finding, Severity
from generator.manifests.security import PeerAuthentication
from generator.rules.base import Context, Rule
from generator.rules.changes import let_in, pairs, ports_of
from generator.rules.subjects import everyone, some
from generator.rules.written import INGRESS
from generator.semantics.mtls import STRICT
from generator.topology import IN_MESH, OUTSIDE, Endpoint

RULE = Rule("MG402", "strict-callers", "a change to STRICT with plaintext callers", Severity.ERROR)

_FIX = "let the callers join the mesh first, or keep PERMISSIVE (or a PERMISSIVE port) until they have"


@dataclass(slots=True)
class _Step:
    """What one PeerAuthentication makes STRICT, whom NetworkPolicies let in there, and who else may come."""

    policy: PeerAuthentication
    servers: list[str] = field(default_factory=list)
    named: dict[str, None] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)


def check(context: Context) -> Iterator[Finding]:
    """Yield, for each PeerAuthentication that makes something STRICT, the callers it cuts, then who else may be one."""
    steps: dict[int, _Step] = {}
    outsiders = [one for one in everyone(context).values() if "/" in one.name and one.mesh not in IN_MESH]
    for pod, port, policy in _tightened(context):
        step = steps.setdefault(id(policy), _Step(policy))
        callers = [one for one in let_in(context, pod, port) if one.mesh not in IN_MESH]
        cut = [one.name for one in callers if one.mesh == OUTSIDE]
        step.servers += [f"{pod.name}:{port}" if port else pod.name] if cut else []
        step.named |= dict.fromkeys(cut)
        is_isolated = bool(context.cluster.admission.policies(pod, INGRESS))
        step.others |= dict.fromkeys(one.name for one in (callers if is_isolated else outsiders))
    for step in steps.values():
        yield from _findings(step)


def _tightened(context: Context) -> Iterator[tuple[Endpoint, int, PeerAuthentication]]:
    """Yield the ports of workloads in the mesh that took plaintext before and do not now."""
    previous = context.previous
    if previous is None:
        return
    for before, pod in pairs(context, previous):
        if pod.mesh in IN_MESH and not pod.is_gateway:
            for port in ports_of(pod):
                was = previous.cluster.mtls.mode(before, port) if before.mesh in IN_MESH else None
                policy = context.cluster.mtls.deciding(pod, port)
                if policy and was != STRICT and context.cluster.mtls.mode(pod, port) == STRICT:
                    yield pod, port, policy


def _findings(step: _Step) -> Iterator[Finding]:
    place = step.policy.manifest.place("spec", "mtls")
    if step.named:
        message = (
            f"the change makes {some(step.servers)} STRICT, where NetworkPolicies let in {some(step.named)}: not in "
            "the mesh, so their connections are reset"
        )
        yield RULE.finding(message, place, _FIX)
    perhaps = step.others.keys() - step.named.keys()
    if perhaps:
        message = (
            f"the change makes STRICT what {some(perhaps)} could call in plaintext until now; whether they do, "
            "telemetry shows (connection_security_policy)"
        )
        yield RULE.finding(message, place, _FIX, severity=Severity.INFO)
