"""A change from DISABLE to STRICT in one step.

Why:
    Under DISABLE everybody sends plaintext, callers with a proxy included, and under STRICT
    plaintext is reset. Until every proxy has heard of the change, which takes seconds to
    minutes, connections fail. PERMISSIVE takes both, and is the step between. Needs what
    there was before: `--against OLD`.

Before:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
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
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: DISABLE}}

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
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
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
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
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: PERMISSIVE}}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import PeerAuthentication
from generator.rules.base import Context, Rule
from generator.rules.changes import pairs, ports_of
from generator.rules.subjects import some
from generator.semantics.mtls import DISABLE, STRICT
from generator.topology import IN_MESH

RULE = Rule("MG403", "disable-strict", "a change from DISABLE to STRICT in one step", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield, for each PeerAuthentication, the workloads that it takes from DISABLE to STRICT."""
    found: dict[int, tuple[PeerAuthentication, list[str]]] = {}
    previous = context.previous
    if previous is None:
        return
    for before, pod in pairs(context, previous):
        for port in ports_of(pod) if pod.mesh in IN_MESH else ():
            modes = previous.cluster.mtls.mode(before, port), context.cluster.mtls.mode(pod, port)
            policy = context.cluster.mtls.deciding(pod, port)
            if policy and modes == (DISABLE, STRICT):
                found.setdefault(id(policy), (policy, []))[1].append(f"{pod.name}:{port}" if port else pod.name)
    for policy, names in found.values():
        message = f"the change takes {some(names)} from DISABLE to STRICT at once: callers still send plaintext"
        fix = "apply PERMISSIVE first, and STRICT when all callers send mutual TLS"
        yield RULE.finding(message, policy.manifest.place("spec"), fix)
