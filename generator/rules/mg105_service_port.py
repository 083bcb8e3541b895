"""A NetworkPolicy that names the port of a Service where the pods listen on another one.

Why:
    Policies see a connection after the Service's address and port were replaced by those of
    a pod. A rule for the Service's port 80 never matches when its targetPort is 8080: the
    connection it was written for is refused.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: api, namespace: shop}
    spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 80}]

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: api, namespace: shop}
    spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.core.findings import Finding, Severity
from generator.environment.model import Pods
from generator.manifests.network import NetworkPort
from generator.manifests.workloads import Service, WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.roster import platform, roster
from generator.rules.written import EGRESS, INGRESS, WrittenRule, numbers, written_rules
from generator.semantics.admission import selects

RULE = Rule("MG105", "service-port", "the port of a Service instead of the pods' port", Severity.ERROR)

_DNS = 53


def check(context: Context) -> Iterator[Finding]:
    """Yield ports that are a Service's and no pod's."""
    unseen = _unseen_platform(context)
    for rule in written_rules(context):
        servers = _servers(context, rule, unseen) if rule.rule.ports else ()
        for position, port in enumerate(rule.rule.ports or ()) if servers else ():
            if not port.name and port.first == port.last and port.first != _DNS:
                yield from _of_port(context, rule, position, port, servers)


def _servers(context: Context, rule: WrittenRule, unseen: Sequence[Pods]) -> Sequence[WorkloadTemplate]:
    """Return the workloads whose ports the rule speaks of; none if it speaks of anybody unknown besides."""
    known = roster(context)
    if rule.direction == INGRESS:
        found = known.subjects(rule.policy)
    else:
        each = [known.meant(peer, rule.policy.namespace) for peer in rule.peers]
        if not all(each) or _means_any(context, rule, unseen):
            return ()
        found = tuple(one for some in each for one in some)
    return found if all(context.cluster.ports(one) for one in found) else ()


def _unseen_platform(context: Context) -> list[Pods]:
    shown = {one.namespace for one in context.cluster.workloads}
    return [pods for pods in platform(context).values() if pods.namespace not in shown]


def _means_any(context: Context, rule: WrittenRule, unseen: Sequence[Pods]) -> bool:
    """Tell whether a peer may mean pods of the platform, whose Services nobody shows."""
    cluster = context.cluster
    for pods in unseen:
        labels, is_partial = cluster.namespace_labels(pods.namespace), pods.namespace not in cluster.namespaces
        for peer in rule.peers:
            is_near = peer.namespaces is not None and selects(peer.namespaces, labels, is_partial=is_partial)
            if is_near and (peer.pods is None or selects(peer.pods, pods.labels, is_partial=True) is not False):
                return True
    return False


def _of_port(
    context: Context, rule: WrittenRule, position: int, port: NetworkPort, servers: Sequence[WorkloadTemplate]
) -> Iterator[Finding]:
    cluster = context.cluster
    if any(_listens(context, one, port) for one in servers):
        return
    for workload in servers:
        for service in cluster.services_of(workload):
            target = _target(context, service, port, workload)
            if target is None or target in numbers(rule.rule, port.protocol):
                continue
            message = (
                f"{rule} names port {port.first} of the Service {service.namespace}/{service.name}, whose pods "
                f"({workload.namespace}/{workload.name}) listen on {target}: the rule matches no connection"
            )
            is_early = rule.direction == EGRESS and context.environment.cni.policy_point == "before-dnat"
            severity = Severity.WARNING if is_early else Severity.ERROR
            fix = f"write port: {target}, the Service's targetPort"
            yield RULE.finding(message, rule.at_port(position, "port"), fix, severity=severity)
            return


def _listens(context: Context, workload: WorkloadTemplate, port: NetworkPort) -> bool:
    declared = any((one.number, one.transport) == (port.first, port.protocol) for one in workload.ports)
    return declared or any(
        one.transport == port.protocol and context.cluster.target(one, workload) in (port.first, None)
        for service in context.cluster.services_of(workload)
        for one in service.ports
    )


def _target(context: Context, service: Service, port: NetworkPort, workload: WorkloadTemplate) -> int | None:
    found = [one for one in service.ports if (one.number, one.transport) == (port.first, port.protocol)]
    return context.cluster.target(found[0], workload) if found else None
