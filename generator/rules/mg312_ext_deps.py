"""A Service that the proxies themselves call, and that NetworkPolicies do not let them reach.

Why:
    An external authorizer, a rate limiter or a trace collector is called by the proxy in
    the pod, not by the application: nobody thinks of it when the pod's egress is written
    down. Without a way to the authorizer every request is refused; without the limiter or
    the collector there are no limits and no traces, in silence.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: istio, namespace: istio-system}
    data:
      mesh: |
        extensionProviders:
          - name: opa
            envoyExtAuthzGrpc: {service: opa.authz.svc.cluster.local, port: 9191}
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
    kind: AuthorizationPolicy
    metadata: {name: ask-opa, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: CUSTOM
      provider: {name: opa}
      rules: [{to: [{operation: {ports: ["8080"]}}]}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}
              podSelector: {matchLabels: {app: istiod}}
          ports: [{protocol: TCP, port: 15012}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: istio, namespace: istio-system}
    data:
      mesh: |
        extensionProviders:
          - name: opa
            envoyExtAuthzGrpc: {service: opa.authz.svc.cluster.local, port: 9191}
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
    kind: AuthorizationPolicy
    metadata: {name: ask-opa, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: CUSTOM
      provider: {name: opa}
      rules: [{to: [{operation: {ports: ["8080"]}}]}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}
              podSelector: {matchLabels: {app: istiod}}
          ports: [{protocol: TCP, port: 15012}]
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: authz}}
              podSelector: {matchLabels: {app: opa}}
          ports: [{protocol: TCP, port: 9191}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPolicy
from generator.rules.base import Context, Rule
from generator.rules.dependencies import Dependency, dependencies
from generator.rules.routes import service_of
from generator.rules.subjects import everyone, isolating_place, policy_names, some
from generator.rules.written import EGRESS, INGRESS
from generator.semantics.admission import selects
from generator.topology import Endpoint, Point

RULE = Rule("MG312", "ext-deps", "a Service that proxies call and cannot reach", Severity.WARNING)


def check(context: Context) -> Iterator[Finding]:
    """Yield what proxies call in vain: first where their own egress ends, then where the Service's ingress does."""
    for one in dependencies(context):
        known = everyone(context)
        pods = [known[name] for name in one.callers if name in known]
        cut = [pod for pod in pods if _is_cut_off(context, one, pod)]
        if cut:
            policies = [each for pod in cut for each in context.cluster.admission.policies(pod, EGRESS)]
            message = (
                f"the proxy of {some(pod.name for pod in cut)} {one.purpose} {one.namespace}/{one.service}, and "
                f"nothing in {policy_names(policies)} lets it get there"
            )
            fix = f"add an egress rule to the pods behind it, on the port of the pods (the Service's is {one.port})"
            related = [(one.place, "what makes it call")]
            yield RULE.finding(message, isolating_place(policies, EGRESS), fix, related=related)
        else:
            yield from _not_let_in(context, one, pods)


def _servers(context: Context, one: Dependency) -> list[tuple[Endpoint, int]]:
    """Return the shown pods behind the Service, each with the port of the pod."""
    service, known = service_of(context, one.namespace, one.service), everyone(context)
    if service is None:
        return []
    return [
        (known[context.cluster.title(workload)], number)
        for port in service.ports
        if port.number == one.port
        for workload in context.cluster.behind(service)
        if (number := context.cluster.target(port, workload)) is not None
    ]


def _is_cut_off(context: Context, one: Dependency, pod: Endpoint) -> bool:
    """Tell whether *pod*'s egress ends before the Service; of pods not shown, if no rule is for their namespace."""
    admission = context.cluster.admission
    policies = admission.policies(pod, EGRESS)
    servers = _servers(context, one)
    if not policies or servers:
        verdicts = [admission.admits(pod, EGRESS, server, Point("TCP", number)) for server, number in servers]
        return bool(policies) and all(verdict is False for verdict in verdicts)
    return not any(_may_lead_there(context, policy, one.namespace) for policy in policies)


def _may_lead_there(context: Context, policy: NetworkPolicy, namespace: str) -> bool:
    """Tell whether a rule of *policy* may be for pods of *namespace*."""
    labels = context.cluster.namespace_labels(namespace)
    is_partial = namespace not in context.cluster.namespaces
    for rule in policy.egress:
        if rule.peers is None or any(peer.cidr for peer in rule.peers):
            return True
        for peer in rule.peers:
            is_own = peer.namespaces is None and policy.namespace == namespace
            if is_own or (peer.namespaces and selects(peer.namespaces, labels, is_partial=is_partial) is not False):
                return True
    return False


def _not_let_in(context: Context, one: Dependency, pods: list[Endpoint]) -> Iterator[Finding]:
    admission, servers = context.cluster.admission, _servers(context, one)
    kept = [
        pod
        for pod in pods
        if servers
        and all(admission.admits(server, INGRESS, pod, Point("TCP", number)) is False for server, number in servers)
    ]
    if kept:
        policies = [each for server, _ in servers for each in admission.policies(server, INGRESS)]
        message = (
            f"the proxy of {some(pod.name for pod in kept)} {one.purpose} {one.namespace}/{one.service}, and nothing "
            f"in {policy_names(policies)} lets it in"
        )
        fix = "name these pods in an ingress rule of the Service's pods"
        related = [(one.place, "what makes it call")]
        yield RULE.finding(message, isolating_place(policies, INGRESS), fix, related=related)
