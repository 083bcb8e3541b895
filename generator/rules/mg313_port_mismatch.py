"""NetworkPolicy and AuthorizationPolicy name different ports for the same caller of the same workload.

Why:
    Both layers know the pod's ports only. Where they were kept by hand, one of them was
    changed alone: a port is opened to a caller that the other layer does not allow there, so
    the caller is cut off on that port, or the open port is an oversight.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: bank, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: ledger, namespace: bank}
    spec:
      selector: {matchLabels: {app: ledger}}
      template:
        metadata: {labels: {app: ledger}}
        spec: {serviceAccountName: ledger, containers: [{name: ledger, image: ledger}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: teller, namespace: bank}
    spec:
      selector: {matchLabels: {app: teller}}
      template:
        metadata: {labels: {app: teller}}
        spec: {serviceAccountName: teller, containers: [{name: teller, image: teller}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-ledger, namespace: bank}
    spec:
      podSelector: {matchLabels: {app: ledger}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: teller}}
          ports: [{protocol: TCP, port: 9000}, {protocol: TCP, port: 9901}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-ledger, namespace: bank}
    spec:
      selector: {matchLabels: {app: ledger}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [bank/teller]}}]
          to: [{operation: {ports: ["9000"]}}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: bank, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: ledger, namespace: bank}
    spec:
      selector: {matchLabels: {app: ledger}}
      template:
        metadata: {labels: {app: ledger}}
        spec: {serviceAccountName: ledger, containers: [{name: ledger, image: ledger}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: teller, namespace: bank}
    spec:
      selector: {matchLabels: {app: teller}}
      template:
        metadata: {labels: {app: teller}}
        spec: {serviceAccountName: teller, containers: [{name: teller, image: teller}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-ledger, namespace: bank}
    spec:
      podSelector: {matchLabels: {app: ledger}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: teller}}
          ports: [{protocol: TCP, port: 9000}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-ledger, namespace: bank}
    spec:
      selector: {matchLabels: {app: ledger}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [bank/teller]}}]
          to: [{operation: {ports: ["9000"]}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.layers import (
    NamedIdentity,
    NamedPeer,
    is_cut,
    named_identities,
    named_peers,
    opened_ports,
    operation_ports,
)
from generator.rules.said import title
from generator.rules.subjects import some
from generator.topology import Endpoint, Point

RULE = Rule("MG313", "port-mismatch", "two layers that name different ports for one caller", Severity.WARNING)

_FIX = "name the same ports of the pod in both, or render both from one source"


def check(context: Context) -> Iterator[Finding]:
    """Yield the ports that only one layer opens to a caller whom both layers name."""
    for peer in named_peers(context):
        yield from _denied(context, peer)
    for identity in named_identities(context):
        yield from _blocked(context, identity)


def _denied(context: Context, peer: NamedPeer) -> Iterator[Finding]:
    """Yield a finding if AuthorizationPolicies let the callers in on some of the rule's ports alone."""
    rule = peer.written.rule
    if len(peer.servers) != 1 or rule.ports is None:
        return  # of several servers, each may have its own ports
    server = peer.servers[0]
    named = {one.first for one in rule.ports if not one.name and one.first == one.last}
    verdicts = {
        number: [context.cluster.access.admits(server, caller, Point("TCP", number)) for caller in peer.callers]
        for number in opened_ports(rule, server)
        if number in named
    }
    shut = [number for number, found in verdicts.items() if all(one is False for one in found)]
    if shut and len(shut) < len(verdicts):
        policies = some(title(one) for one in context.cluster.access.policies(server))
        message = (
            f"{peer.written} opens {_words(shut)} of {server.name} to {_names(peer.callers)}, but {policies} allow it "
            f"on {_words([one for one in verdicts if one not in shut])} alone"
        )
        yield RULE.finding(message, peer.written.at("ports"), _FIX)


def _blocked(context: Context, identity: NamedIdentity) -> Iterator[Finding]:
    """Yield a finding if NetworkPolicies let the identity through on some of the rule's ports alone."""
    if len(identity.servers) != 1 or identity.servers[0].mesh == "ambient":
        return  # in a tunnel, NetworkPolicy tells no ports apart
    server = identity.servers[0]
    operations = identity.policy.rules[identity.value.rule].operations or ()
    ports = operation_ports(identity, server) if any("ports" in one for one in operations) else []
    callers = [one for one in identity.callers if one != server]
    shut = [
        number for number in ports if all(is_cut(context, caller, server, Point("TCP", number)) for caller in callers)
    ]
    if callers and shut and len(shut) < len(ports):
        message = (
            f"{title(identity.policy)} allows {identity.value.value} on {_words(shut)} of {server.name}, but "
            f"NetworkPolicies let it through on {_words([one for one in ports if one not in shut])} alone"
        )
        yield RULE.finding(message, identity.value.place, _FIX)


def _names(pods: tuple[Endpoint, ...]) -> str:
    return some(one.name for one in pods)


def _words(ports: list[int]) -> str:
    return ", ".join(map(str, sorted(ports)))
