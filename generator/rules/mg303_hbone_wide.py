"""A rule that opens port 15008 of ambient pods wider than the application's ports, with nothing behind it.

Why:
    HBONE on 15008 carries connections to every port of the pod, so whoever is admitted there
    is past NetworkPolicy altogether. Its peers must be those of the application's ports, and
    which ports they may use must be said again in an AuthorizationPolicy, which ztunnel enforces.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      template:
        metadata: {labels: {app: cart}}
        spec: {containers: [{name: cart, image: cart, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: cart}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
        - ports: [{protocol: TCP, port: 15008}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      template:
        metadata: {labels: {app: cart}}
        spec: {containers: [{name: cart, image: cart, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: cart}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}, {protocol: TCP, port: 15008}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-cart, namespace: shop}
    spec:
      selector: {matchLabels: {app: cart}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [web]}}]
          to: [{operation: {ports: ["8080"]}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPolicy, NetworkRule
from generator.manifests.security import AuthorizationRule
from generator.rules.base import Context, Rule
from generator.rules.layers import HBONE, PROXY_PORTS
from generator.rules.subjects import GATEWAY_NAME, peer_pods, some, subjects
from generator.semantics.admission import covers
from generator.semantics.cluster import NAMESPACE_NAME
from generator.topology import IN_MESH, Endpoint, Point

RULE = Rule("MG303", "hbone-wide", "port 15008 open to more than the application's ports", Severity.ERROR)

_STRANGER = Endpoint("any pod in the mesh", "~", {}, {NAMESPACE_NAME: "~"}, "~", "ambient")
_FIX = (
    "give 15008 exactly the peers of the application's ports, and name the ports in an AuthorizationPolicy (ALLOW, "
    "`operation.ports`) that selects the same pods"
)


def check(context: Context) -> Iterator[Finding]:
    """Yield the rules through which somebody reaches ports of an ambient pod that no other rule opens to them."""
    for pod in subjects(context):
        if pod.mesh == "ambient" and GATEWAY_NAME not in pod.labels:  # a waypoint passes on what it is asked for
            for policy in context.cluster.admission.policies(pod, "Ingress"):
                for index, rule in enumerate(policy.ingress):
                    if rule.ports is not None and covers(rule, HBONE, pod):
                        yield from _of_rule(context, pod, policy, index, rule)


def _of_rule(
    context: Context, pod: Endpoint, policy: NetworkPolicy, index: int, rule: NetworkRule
) -> Iterator[Finding]:
    named = _named_ports(context, pod)
    listening = {port.number for port in pod.ports if port.number not in PROXY_PORTS} or named
    if not named and rule.peers is not None and len(listening) < 2:
        return  # 15008 alone, to named peers, of a pod with one port: it opens that one port
    excess: dict[str, list[int]] = {}
    for caller in _callers(context, policy, rule):
        ports = [number for number in sorted(listening) if _slips_through(context, pod, caller, number)]
        if ports or (not listening and context.cluster.access.admits(pod, caller, HBONE)):
            excess[caller.name] = ports
    if not excess:
        return
    reached = ", ".join(str(number) for number in sorted({one for found in excess.values() for one in found}))
    message = (
        f"{policy.namespace}/{policy.name} opens 15008 of {pod.name} to {some(excess)}: inside the tunnel they reach "
        f"{'port ' + reached if reached else 'every port'}, which no other rule opens to them, and no "
        "AuthorizationPolicy limits the ports"
    )
    place = policy.manifest.place("spec", "ingress", index, "ports")
    yield RULE.finding(message, place, _FIX, severity=Severity.ERROR if named or not rule.peers else Severity.WARNING)


def _callers(context: Context, policy: NetworkPolicy, rule: NetworkRule) -> Iterator[Endpoint]:
    """Yield who can use the tunnel: mesh pods among the peers; waypoints speak for others and are meant to."""
    if rule.peers is None:
        yield _STRANGER
    for peer in rule.peers or ():
        for pod in peer_pods(context, policy, peer):
            if pod.mesh in IN_MESH and GATEWAY_NAME not in pod.labels:
                yield pod


def _slips_through(context: Context, pod: Endpoint, caller: Endpoint, number: int) -> bool:
    point = Point("TCP", number)
    is_closed = context.cluster.admission.admits(pod, "Ingress", caller, point) is False
    if not is_closed or context.cluster.access.admits(pod, caller, point) is not True:
        return False
    return not any(_names_callers_and_port(rule, number) for rule in _allowing(context, pod, caller, point))


def _allowing(context: Context, pod: Endpoint, caller: Endpoint, point: Point) -> Iterator[AuthorizationRule]:
    """Yield the ALLOW rules that may be about *caller*: all of them if nobody knows its account."""
    access = context.cluster.access
    if caller.account:
        yield from (rule for _, rule in access.allowing(pod, caller, point))
    else:
        yield from (rule for policy in access.policies(pod) if policy.action == "ALLOW" for rule in policy.rules)


def _names_callers_and_port(rule: AuthorizationRule, number: int) -> bool:
    """Tell whether *rule* lets named callers to that port: then 15008 is as wide as somebody meant it to be."""
    return bool(rule.sources) and any(str(number) in one.get("ports", ()) for one in rule.operations or ())


def _named_ports(context: Context, pod: Endpoint) -> set[int]:
    """Return the application's ports that the policies of *pod* open to pods; addresses are those of probes."""
    rules = [
        rule
        for policy in context.cluster.admission.policies(pod, "Ingress")
        for rule in policy.ingress
        if rule.peers is None or any(not peer.cidr for peer in rule.peers)
    ]
    ports = {port.first for rule in rules for port in rule.ports or () if port.protocol == "TCP" and not port.name}
    named = {
        one.number
        for rule in rules
        for port in rule.ports or ()
        for one in pod.ports
        if port.name and port.name == one.name
    }
    return (ports | named) - PROXY_PORTS
