"""A port that Prometheus is told to scrape and that a NetworkPolicy, mutual TLS or an AuthorizationPolicy shuts.

Why:
    Metrics vanish in silence when a namespace is isolated: the target turns "down" and alerts
    stop. In a sidecar mesh the merged metrics stand on port 15020, which the proxy does not
    capture, so a Prometheus outside the mesh may read them; a port of the application under
    STRICT refuses it.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: stock, namespace: shop}
    spec:
      selector: {matchLabels: {app: stock}}
      template:
        metadata:
          labels: {app: stock}
          annotations: {prometheus.io/scrape: "true", prometheus.io/port: "15020"}
        spec: {containers: [{name: stock, image: stock, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-stock, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: stock}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: stock, namespace: shop}
    spec:
      selector: {matchLabels: {app: stock}}
      template:
        metadata:
          labels: {app: stock}
          annotations: {prometheus.io/scrape: "true", prometheus.io/port: "15020"}
        spec: {containers: [{name: stock, image: stock, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-stock, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: stock}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
              podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}
          ports: [{protocol: TCP, port: 15020}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPeer, NetworkPolicy
from generator.rules.base import Context, Rule
from generator.rules.roster import roster
from generator.rules.scrapes import MERGED, Scrape, scrapers, scrapes
from generator.rules.subjects import everyone, policy_names
from generator.semantics.admission import covers
from generator.semantics.mtls import STRICT
from generator.topology import Endpoint, Point

RULE = Rule("MG307", "metrics-path", "a scrape port that Prometheus cannot reach", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield the announced ports that no scraper gets through to."""
    clients = scrapers(context)
    for scrape in scrapes(context):
        yield from _isolated(context, scrape, clients)
        yield from _refused(context, scrape, clients)


def _isolated(context: Context, scrape: Scrape, clients: list[Endpoint]) -> Iterator[Finding]:
    """Yield a finding if NetworkPolicies open the port to nobody, or to known workloads that scrape nothing."""
    point = Point("TCP", scrape.port)
    policies = context.cluster.admission.policies(scrape.pod, "Ingress")
    open_to = [
        (policy, rule) for policy in policies for rule in policy.ingress if covers(rule, point, scrape.pod) is not False
    ]
    for policy, rule in open_to:
        if rule.peers is None or any(_may_scrape(context, policy, one, clients) for one in rule.peers):
            return
    if not policies:
        return
    whom = "only to workloads that do not scrape" if open_to else "to nobody"
    message = (
        f"{scrape.source} has Prometheus scrape {scrape.pod.name} on {scrape.port}, but {policy_names(policies)} open "
        f"that port {whom}: the metrics are lost"
    )
    fix = f"add an ingress rule from Prometheus' namespace and pods on TCP {scrape.port}"
    yield RULE.finding(message, scrape.place, fix, severity=Severity.WARNING if open_to else Severity.ERROR)


def _may_scrape(context: Context, policy: NetworkPolicy, peer: NetworkPeer, clients: list[Endpoint]) -> bool:
    """Tell whether *peer* may mean a scraper: a known one, an address, or pods that no manifest shows."""
    admission = context.cluster.admission
    if peer.cidr or any(admission.peer(peer, policy.namespace, one) is not False for one in clients):
        return True
    platform = [one for name, one in everyone(context).items() if "/" not in name]
    is_known = any(admission.peer(peer, policy.namespace, one) for one in platform)
    return not is_known and not roster(context).meant(peer, policy.namespace)


def _refused(context: Context, scrape: Scrape, clients: list[Endpoint]) -> Iterator[Finding]:
    """Yield a finding if the pod's proxy lets no scraper in: none has a certificate, or none is allowed."""
    point = Point("TCP", scrape.port)
    if not clients or scrape.has_tls or any(one.mesh != "none" for one in clients):
        return
    if any(context.cluster.access.admits(scrape.pod, one, point) is not False for one in clients):
        return
    is_strict = context.cluster.mtls.mode(scrape.pod, scrape.port) == STRICT
    why = "mutual TLS is STRICT there and Prometheus is not in the mesh" if is_strict else "no policy allows it in"
    message = f"{scrape.source} has Prometheus scrape {scrape.pod.name} on {scrape.port}, but {why}: the scrape fails"
    fix = (
        f"scrape {MERGED} instead, where the sidecar serves the application's metrics too"
        if scrape.pod.mesh == "sidecar"
        else "make the port PERMISSIVE in a PeerAuthentication of the workload, and limit it by NetworkPolicy"
    )
    is_shown = any("/" in one.name for one in clients)
    yield RULE.finding(message, scrape.place, fix, severity=Severity.ERROR if is_shown else Severity.WARNING)
