"""A webhook or aggregated API whose pods are isolated and do not admit the API server.

Why:
    The API server calls admission webhooks, conversion webhooks and aggregated APIs from
    outside the pod network. Once a policy isolates the pods behind them, every such call
    times out, and with it the creation of the objects that the webhook is asked about. The
    rule has to name the port of the pods, and addresses: no selector matches the API server.

Bad:
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingWebhookConfiguration
    metadata: {name: quota}
    webhooks:
      - name: quota.example.com
        sideEffects: None
        admissionReviewVersions: [v1]
        clientConfig: {service: {name: quota, namespace: system, port: 443}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: quota, namespace: system}
    spec: {selector: {app: quota}, ports: [{port: 443, targetPort: 9443}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: system}
    spec: {podSelector: {}, policyTypes: [Ingress]}

Good:
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingWebhookConfiguration
    metadata: {name: quota}
    webhooks:
      - name: quota.example.com
        sideEffects: None
        admissionReviewVersions: [v1]
        clientConfig: {service: {name: quota, namespace: system, port: 443}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: quota, namespace: system}
    spec: {selector: {app: quota}, ports: [{port: 443, targetPort: 9443}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: system}
    spec: {podSelector: {}, policyTypes: [Ingress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api-server, namespace: system}
    spec:
      podSelector: {matchLabels: {app: quota}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - ipBlock: {cidr: 172.16.0.0/24}
          ports: [{protocol: TCP, port: 9443}]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.algebra.addresses import covers as covers_address
from generator.algebra.addresses import networks
from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPeer, NetworkPolicy, NetworkRule
from generator.rules.base import Context, Rule
from generator.rules.callers import Backend, backends
from generator.rules.subjects import isolating_place, policy_names
from generator.semantics.admission import covers, selects

RULE = Rule("MG115", "webhook-path", "webhook pods that do not admit the API server", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield webhooks whose pods the API server surely or probably cannot reach."""
    for backend in backends(context):
        policies = context.cluster.admission.policies(backend.pods, "Ingress")
        if policies and not backend.is_host_network and not _is_admitted(context, backend):
            yield _finding(context, backend, policies)


def _is_admitted(context: Context, backend: Backend) -> bool:
    """Tell whether the API server may get through, for all that is known."""
    rules = list(_rules(context, backend))
    if any(rule.peers is None for rule in rules):
        return True
    peers = [peer for rule in rules for peer in rule.peers or ()]
    addresses = context.environment.addresses.api_server
    if any(_is_tunnel(peer) for peer in peers):
        return True
    if addresses is None:
        return any(peer.cidr for peer in peers)
    return all(any(covers_address(peer.cidr, peer.excluded, one) for peer in peers) for one in networks(addresses))


def _rules(context: Context, backend: Backend) -> Iterator[NetworkRule]:
    """Yield the rules that speak of the port, of all policies that may select the pods."""
    labels, is_partial = backend.pods.labels, not backend.is_shown
    for policy in context.cluster.admission.in_namespace(backend.pods.namespace):
        if "Ingress" in policy.types and selects(policy.pods, labels, is_partial=is_partial) is not False:
            yield from (rule for rule in policy.ingress if covers(rule, backend.point, backend.pods) is not False)


def _is_tunnel(peer: NetworkPeer) -> bool:
    """Tell whether *peer* is the agent through which a hosted API server reaches pods (konnectivity)."""
    values = [value for _, value in peer.pods.labels] if peer.pods else []
    values += [value for _, _, some in peer.pods.expressions for value in some] if peer.pods else []
    return any("konnectivity" in value for value in values)


def _finding(context: Context, backend: Backend, policies: Sequence[NetworkPolicy]) -> Finding:
    addresses, number = context.environment.addresses.api_server, backend.point.number
    who = f"the API server ({', '.join(addresses)})" if addresses else "the API server"
    message = (
        f"nothing in {policy_names(policies)} lets {who} reach {backend.pods.name} on {number}: "
        f"calls to {backend.webhook.name} time out"
    )
    blocks = ", ".join(addresses) if addresses else "the API server's addresses"
    fix = f"add an ingress rule with an ipBlock for {blocks} and port {number}, the pods' port"
    is_sure = bool(addresses) and context.is_complete
    note = (backend.webhook.place, "what the API server calls")
    severity = Severity.ERROR if is_sure else Severity.WARNING
    return RULE.finding(message, isolating_place(policies, "Ingress"), fix, severity=severity, related=[note])
