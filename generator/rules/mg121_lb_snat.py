"""Pods behind a public Service that hides the clients' addresses, with ingress from client addresses alone.

Why:
    With `externalTrafficPolicy: Cluster`, the default, the node that takes a connection
    replaces the client's address by its own on the way to a pod of another node. A rule with
    an ipBlock for the clients then admits only those that happen to arrive on the right node.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: edge, namespace: shop}
    spec:
      selector: {matchLabels: {app: edge}}
      template:
        metadata: {labels: {app: edge}}
        spec: {containers: [{name: edge, image: edge, ports: [{containerPort: 8443}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: edge, namespace: shop}
    spec: {type: LoadBalancer, selector: {app: edge}, ports: [{port: 443, targetPort: 8443}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: edge, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: edge}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - ipBlock: {cidr: 203.0.113.0/24}
          ports: [{protocol: TCP, port: 8443}]

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: edge, namespace: shop}
    spec:
      selector: {matchLabels: {app: edge}}
      template:
        metadata: {labels: {app: edge}}
        spec: {containers: [{name: edge, image: edge, ports: [{containerPort: 8443}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: edge, namespace: shop}
    spec:
      type: LoadBalancer
      externalTrafficPolicy: Local
      selector: {app: edge}
      ports: [{port: 443, targetPort: 8443}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: edge, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: edge}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - ipBlock: {cidr: 203.0.113.0/24}
          ports: [{protocol: TCP, port: 8443}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.addresses import networks
from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPeer, NetworkPolicy
from generator.manifests.workloads import Service, WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.roster import roster
from generator.rules.written import INGRESS, WrittenRule, written_in
from generator.semantics.admission import covers
from generator.topology import Endpoint, EndpointPort, Point

RULE = Rule("MG121", "lb-snat", "client addresses behind a Service that hides them", Severity.WARNING)

_PUBLIC = ("LoadBalancer", "NodePort")


def check(context: Context) -> Iterator[Finding]:
    """Yield blocks for clients, where what lets a public Service's connections in is nothing but such blocks."""
    for service in filter(_hides_clients, context.cluster.services):
        for workload in roster(context).of(service.namespace):
            if service.selector and service.selector.items() <= workload.labels.items():
                yield from _of_service(context, service, workload)


def _hides_clients(service: Service) -> bool:
    """Tell whether connections reach pods by way of any node; load balancers that dial pods themselves take none."""
    dials_pods = any(
        key.endswith(("target-type", "/neg")) and value != "instance"
        for key, value in service.manifest.annotations.items()
    )
    return service.type in _PUBLIC and service.external_traffic_policy != "Local" and not dials_pods


def _of_service(context: Context, service: Service, workload: WorkloadTemplate) -> Iterator[Finding]:
    for port in service.ports:
        number = context.cluster.target(port, workload)
        if number is None:
            continue
        rules = _admitting(context, workload, Point(port.transport, number))
        blocks = [(rule, place, one) for rule in rules for place, one in enumerate(rule.peers) if one.cidr]
        if not blocks or any(rule.rule.peers is None for rule in rules) or _may_be_nodes(context, blocks):
            continue
        for rule, position, peer in blocks:
            message = (
                f"{rule} admits clients by their address ({peer.cidr}), and the Service {service.namespace}/"
                f"{service.name} replaces it by a node's on the way (externalTrafficPolicy Cluster)"
            )
            fix = "set externalTrafficPolicy: Local on the Service, or admit the nodes' addresses"
            note = (service.manifest.place("spec"), "the Service")
            yield RULE.finding(message, rule.at_peer(position, "ipBlock", "cidr"), fix, related=[note])


def _admitting(context: Context, workload: WorkloadTemplate, point: Point) -> list[WrittenRule]:
    ports = tuple(EndpointPort(one.number, "", one.name, one.transport) for one in workload.ports)
    server = Endpoint(f"{workload.namespace}/{workload.name}", workload.namespace, ports=ports)
    return [
        one
        for policy in context.cluster.admission.in_namespace(workload.namespace)
        if _selects(context, policy, workload)
        for one in written_in(policy, INGRESS)
        if covers(one.rule, point, server) is not False
    ]


def _selects(context: Context, policy: NetworkPolicy, workload: WorkloadTemplate) -> bool:
    return any(one is workload for one in roster(context).subjects(policy))


def _may_be_nodes(context: Context, blocks: list[tuple[WrittenRule, int, NetworkPeer]]) -> bool:
    """Tell whether a block may be the nodes': private addresses, or what the environment says."""
    nodes = networks(context.environment.addresses.nodes or ())
    found = networks(peer.cidr for _, _, peer in blocks)
    if any(not one.prefixlen or (one.is_private and not _is_for_examples(str(one))) for one in found):
        return True
    return any(one.version == node.version and one.overlaps(node) for one in found for node in nodes)


def _is_for_examples(cidr: str) -> bool:
    """Tell whether *cidr* is of the ranges for documentation, which stand for public addresses (RFC 5737, 3849)."""
    return cidr.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))
