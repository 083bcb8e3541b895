"""Client addresses in a gateway's policy that the gateway does not see.

Why:
    Unless its Service has externalTrafficPolicy Local, the gateway sees the address of a
    node, not the client's: an allow-list with `ipBlocks` refuses everybody, or lets everybody
    in through the node. `remoteIpBlocks` reads X-Forwarded-For, which means something only
    if the gateway knows how many trusted proxies are in front, or gets the PROXY protocol.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: edge, namespace: istio-ingress}
    spec:
      selector: {matchLabels: {istio: ingressgateway}}
      template:
        metadata: {labels: {istio: ingressgateway}}
        spec: {containers: [{name: istio-proxy, image: auto, ports: [{containerPort: 8443}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: edge, namespace: istio-ingress}
    spec:
      type: LoadBalancer
      selector: {istio: ingressgateway}
      ports: [{name: https, port: 443, targetPort: 8443}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: partners, namespace: istio-ingress}
    spec:
      selector: {matchLabels: {istio: ingressgateway}}
      action: ALLOW
      rules:
        - from:
            - source: {ipBlocks: [203.0.113.0/24]}

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: edge, namespace: istio-ingress}
    spec:
      selector: {matchLabels: {istio: ingressgateway}}
      template:
        metadata: {labels: {istio: ingressgateway}}
        spec: {containers: [{name: istio-proxy, image: auto, ports: [{containerPort: 8443}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: edge, namespace: istio-ingress}
    spec:
      type: LoadBalancer
      externalTrafficPolicy: Local
      selector: {istio: ingressgateway}
      ports: [{name: https, port: 443, targetPort: 8443}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: partners, namespace: istio-ingress}
    spec:
      selector: {matchLabels: {istio: ingressgateway}}
      action: ALLOW
      rules:
        - from:
            - source: {ipBlocks: [203.0.113.0/24]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy
from generator.manifests.workloads import Service
from generator.rules.base import Context, Rule
from generator.rules.mesh_config import mesh_config
from generator.rules.said import Said, said, title
from generator.rules.servers import Server, servers

RULE = Rule("MG216", "client-ip", "client addresses that a gateway does not see", Severity.WARNING)

_EXPOSED = ("LoadBalancer", "NodePort")
_PROXIES = "numTrustedProxies"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first address of each kind in policies for gateways that get another address."""
    for policy in context.cluster.bundle.authorization_policies:
        found = servers(context, policy.scope)
        if not found or not all(one.is_gateway for one in found):
            continue
        seen: set[str] = set()
        for value in said(policy):
            if value.field not in seen and value.field in ("ipBlocks", "remoteIpBlocks"):
                seen.add(value.field)
                finder = _direct if value.field == "ipBlocks" else _forwarded
                yield from finder(context, policy, value, found)


def _direct(context: Context, policy: AuthorizationPolicy, value: Said, found: list[Server]) -> Iterator[Finding]:
    services = [
        service
        for one in found
        if one.workload
        for service in context.cluster.services_of(one.workload)
        if service.type in _EXPOSED
    ]
    stated = {_policy(one) for one in services} or {context.environment.load_balancer.external_traffic_policy}
    if None in stated:
        message = f"whether the gateway of {title(policy)} sees the clients' addresses that `{value.name}` names"
        yield RULE.unknown(message, value.place, "loadBalancer.externalTrafficPolicy, or the gateway's Service")
    elif "Local" not in stated:
        message = (
            f"{title(policy)} reads clients' addresses with `{value.name}`, but the gateway's Service has "
            f"externalTrafficPolicy Cluster: the gateway sees the address of a node"
        )
        fix = "set externalTrafficPolicy: Local on the Service; behind a proxy use remoteIpBlocks"
        related = [(one.manifest.place("spec"), "the gateway's Service") for one in services]
        yield RULE.finding(message, value.place, fix, related=related)


def _policy(service: Service) -> str | None:
    return service.external_traffic_policy


def _forwarded(context: Context, policy: AuthorizationPolicy, value: Said, found: list[Server]) -> Iterator[Finding]:
    balancer = context.environment.load_balancer
    if balancer.trusted_proxies or balancer.proxy_protocol or _states_proxies(context, found):
        return
    if balancer.trusted_proxies is None or balancer.proxy_protocol is None:
        message = f"whether `{value.name}` in {title(policy)} reads the client's address or what the client claims"
        yield RULE.unknown(message, value.place, "loadBalancer.trustedProxies and loadBalancer.proxyProtocol")
    else:
        message = (
            f"{title(policy)} reads clients' addresses with `{value.name}`, but no proxy in front of the gateway is "
            f"trusted: X-Forwarded-For is not used"
        )
        yield RULE.finding(message, value.place, "set gatewayTopology.numTrustedProxies, or use ipBlocks")


def _states_proxies(context: Context, found: list[Server]) -> bool:
    """Tell whether the gateway's own annotations, or the mesh's configuration, state the trusted proxies."""
    annotations = [one.workload.annotations for one in found if one.workload]
    if any(_PROXIES in each.get("proxy.istio.io/config", "") for each in annotations):
        return True
    return any(word in mesh_config(context) for word in (_PROXIES, "proxyProtocol"))
