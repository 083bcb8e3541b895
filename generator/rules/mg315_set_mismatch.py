"""Labels in a NetworkPolicy and identities in an AuthorizationPolicy that mean different sets of callers.

Why:
    One layer knows pods by labels, the other by ServiceAccount, and nothing holds the two
    together. Where two workloads share an account, or a label is on more pods than meant,
    one of the layers lets in a caller that the other keeps out: today nothing gets through,
    and the next change of the other layer opens it.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: press, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: archive, namespace: press}
    spec:
      selector: {matchLabels: {app: archive}}
      template:
        metadata: {labels: {app: archive}}
        spec:
          serviceAccountName: archive
          containers: [{name: archive, image: archive, ports: [{containerPort: 8443}]}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: editor, namespace: press}
    spec:
      selector: {matchLabels: {app: editor}}
      template:
        metadata: {labels: {app: editor}}
        spec: {serviceAccountName: editor, containers: [{name: editor, image: editor}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: intern, namespace: press}
    spec:
      selector: {matchLabels: {app: intern}}
      template:
        metadata: {labels: {app: intern}}
        spec: {serviceAccountName: editor, containers: [{name: intern, image: editor}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-archive, namespace: press}
    spec:
      podSelector: {matchLabels: {app: archive}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: editor}}}]
          ports: [{protocol: TCP, port: 8443}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-archive, namespace: press}
    spec:
      selector: {matchLabels: {app: archive}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [press/editor]}}]
          to: [{operation: {ports: ["8443"]}}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: press, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: archive, namespace: press}
    spec:
      selector: {matchLabels: {app: archive}}
      template:
        metadata: {labels: {app: archive}}
        spec:
          serviceAccountName: archive
          containers: [{name: archive, image: archive, ports: [{containerPort: 8443}]}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: editor, namespace: press}
    spec:
      selector: {matchLabels: {app: editor}}
      template:
        metadata: {labels: {app: editor}}
        spec: {serviceAccountName: editor, containers: [{name: editor, image: editor}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: intern, namespace: press}
    spec:
      selector: {matchLabels: {app: intern}}
      template:
        metadata: {labels: {app: intern}}
        spec: {serviceAccountName: intern, containers: [{name: intern, image: editor}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-archive, namespace: press}
    spec:
      podSelector: {matchLabels: {app: archive}}
      policyTypes: [Ingress]
      ingress:
        - from: [{podSelector: {matchLabels: {app: editor}}}]
          ports: [{protocol: TCP, port: 8443}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-archive, namespace: press}
    spec:
      selector: {matchLabels: {app: archive}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [press/editor]}}]
          to: [{operation: {ports: ["8443"]}}]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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

RULE = Rule("MG315", "set-mismatch", "two layers that mean different sets of callers", Severity.WARNING)


def check(context: Context) -> Iterator[Finding]:
    """Yield names of one layer that mean callers whom the other lets in, and others whom it keeps out.

    Where the other keeps all of them out, MG305 says so.
    """
    for peer in named_peers(context):
        yield from _of_labels(context, peer)
    for identity in named_identities(context):
        yield from _of_identity(context, identity)


def _of_labels(context: Context, peer: NamedPeer) -> Iterator[Finding]:
    """Yield a finding if AuthorizationPolicies deny some of the pods that *peer* means on every port, and not all."""
    points = [
        (server, Point("TCP", number)) for server in peer.servers for number in opened_ports(peer.written.rule, server)
    ]
    denied = [
        caller
        for caller in peer.callers
        if points and all(context.cluster.access.admits(server, caller, point) is False for server, point in points)
    ]
    if denied and len(denied) < len(peer.callers):
        message = (
            f"{peer.written} means {_names(peer.callers)} by these labels, but AuthorizationPolicies let "
            f"{_names([one for one in peer.callers if one not in denied])} in and not {_names(denied)}"
        )
        fix = "select only those who may call, by a label of their own, or allow the others' ServiceAccount"
        yield RULE.finding(message, peer.written.at_peer(peer.position), fix)


def _of_identity(context: Context, identity: NamedIdentity) -> Iterator[Finding]:
    """Yield a finding if NetworkPolicies keep some of those who have *identity* from every server, and not all."""
    cut = [caller for caller in identity.callers if _is_shut_out(context, identity, caller)]
    if cut and len(cut) < len(identity.callers):
        message = (
            f"{title(identity.policy)} allows {identity.value.value}, which {_names(identity.callers)} have, but "
            f"NetworkPolicies let {_names([one for one in identity.callers if one not in cut])} through and not "
            f"{_names(cut)}"
        )
        fix = "give each workload a ServiceAccount of its own, or name the others' pods in the NetworkPolicy"
        yield RULE.finding(message, identity.value.place, fix)


def _is_shut_out(context: Context, identity: NamedIdentity, caller: Endpoint) -> bool:
    pairs = [
        (server, Point("TCP", number))
        for server in identity.servers
        for number in operation_ports(identity, server)
        if server != caller
    ]
    return bool(pairs) and all(is_cut(context, caller, server, point) for server, point in pairs)


def _names(pods: Sequence[Endpoint]) -> str:
    return some(one.name for one in pods)
