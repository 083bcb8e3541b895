"""A caller without a proxy, admitted by NetworkPolicy to a port that takes mutual TLS only.

Why:
    A pod outside the mesh speaks plaintext. Where the server is STRICT its proxy resets the
    connection, whatever the NetworkPolicy allows: the caller that somebody let in on
    purpose gets no answer.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: orders, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: orders}
    spec:
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: db, image: postgres, ports: [{containerPort: 5432}]}]}
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: backup, namespace: orders}
    spec:
      schedule: "30 1 * * *"
      jobTemplate:
        spec:
          template:
            metadata: {labels: {job: backup, sidecar.istio.io/inject: "false"}}
            spec: {restartPolicy: Never, containers: [{name: backup, image: pgdump}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: db, namespace: orders}
    spec:
      podSelector: {matchLabels: {app: db}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {job: backup}}}]
          ports: [{protocol: TCP, port: 5432}]
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: orders}
    spec: {mtls: {mode: STRICT}}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: orders, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: orders}
    spec:
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: db, image: postgres, ports: [{containerPort: 5432}]}]}
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: backup, namespace: orders}
    spec:
      schedule: "30 1 * * *"
      jobTemplate:
        spec:
          template:
            metadata: {labels: {job: backup, sidecar.istio.io/inject: "false"}}
            spec: {restartPolicy: Never, containers: [{name: backup, image: pgdump}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: db, namespace: orders}
    spec:
      podSelector: {matchLabels: {app: db}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {job: backup}}}]
          ports: [{protocol: TCP, port: 5432}]
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: orders}
    spec: {mtls: {mode: STRICT}}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: db, namespace: orders}
    spec:
      selector: {matchLabels: {app: db}}
      mtls: {mode: STRICT}
      portLevelMtls: {5432: {mode: PERMISSIVE}}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPeer
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.roster import roster
from generator.rules.servers import Server, is_gateway, mode, mutual_tls, server
from generator.rules.written import INGRESS, WrittenRule, written_rules
from generator.semantics.admission import covers
from generator.semantics.authorization import NOT_CAPTURED
from generator.semantics.mtls import STRICT
from generator.topology import Point

RULE = Rule("MG222", "strict-plain-client", "a plaintext caller of a STRICT port", Severity.ERROR)

_FIX = "let the caller join the mesh, or set this port to PERMISSIVE in a PeerAuthentication for the server"
_HBONE = 15008


def check(context: Context) -> Iterator[Finding]:
    """Yield peers that stand for callers without a proxy alone, on ports where that cannot work."""
    for rule in written_rules(context, INGRESS):
        subjects = [one for one in roster(context).subjects(rule.policy) if not is_gateway(context, one)]
        for position, peer in enumerate(rule.peers if subjects else ()):
            callers = _plain_callers(context, rule, peer)
            strict = _strict(context, rule, [server(context, one) for one in subjects]) if callers else None
            if strict:
                one, port = strict
                caller = f"{callers[0].namespace}/{callers[0].name}"
                message = (
                    f"{rule} admits {caller} to port {port} of {one.name}, which is STRICT: {caller} is not in the "
                    f"mesh, and its connections are reset"
                )
                is_named = peer.pods is not None and not peer.pods.is_empty
                severity = Severity.ERROR if is_named else Severity.WARNING
                yield RULE.finding(message, rule.at_peer(position), _FIX, severity=severity)


def _plain_callers(context: Context, rule: WrittenRule, peer: NetworkPeer) -> tuple[WorkloadTemplate, ...]:
    """Return the callers *peer* stands for, if none of them is or may be in the mesh."""
    if peer.namespaces is not None and peer.namespaces.is_empty:
        return ()  # everybody: nobody in particular was let in
    callers = roster(context).meant(peer, rule.policy.namespace)
    in_mesh = any(mode(context, one) != "none" or one.is_host_network for one in callers)
    return () if in_mesh else callers


def _strict(context: Context, rule: WrittenRule, subjects: list[Server]) -> tuple[Server, int] | None:
    """Return a workload and port of *rule* where plaintext is refused; None if some port of it works."""
    found: tuple[Server, int] | None = None
    for one in subjects:
        for port in one.endpoint.ports:
            is_captured = port.protocol != "udp" and port.number not in (*NOT_CAPTURED, _HBONE)
            if is_captured and covers(rule.rule, Point("TCP", port.number), one.endpoint):
                is_strict = one.mesh in ("sidecar", "ambient") and mutual_tls(context, one, port.number) == STRICT
                if not is_strict and rule.rule.ports is None:
                    return None
                found = found or ((one, port.number) if is_strict else None)
    return found
