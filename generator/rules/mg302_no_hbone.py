"""A rule that admits mesh peers to or from ambient pods on the application's port alone, not on 15008.

Why:
    Between pods of an ambient mesh nothing travels on the application's port: ztunnel
    carries every connection in HBONE, from the client pod's address to TCP 15008 of the
    server pod. A NetworkPolicy that names only the application's port cuts exactly the
    callers that joined the mesh; timeouts begin when the namespace is labelled.

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
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: web}]}
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
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: web}]}
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
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPolicy, NetworkRule
from generator.rules.base import Context, Rule
from generator.rules.layers import HBONE, PROXY_PORTS
from generator.rules.subjects import GATEWAY_NAME, peer_pods, some, subjects
from generator.rules.waypoints import enrolment
from generator.semantics.admission import covers, selects
from generator.topology import IN_MESH, Endpoint

RULE = Rule("MG302", "no-hbone", "ambient pods without a rule for port 15008", Severity.ERROR)

_FIX = "add TCP 15008 to the same peers, and limit the application's ports in an AuthorizationPolicy"


def check(context: Context) -> Iterator[Finding]:
    """Yield the rules whose mesh peers can use none of the ports that they name."""
    pods: dict[str, list[Endpoint]] = {}
    for one in subjects(context):
        if one.mesh in IN_MESH:
            pods.setdefault(one.namespace, []).append(one)
    for policy in context.cluster.bundle.network_policies:
        chosen = [one for one in pods.get(policy.namespace, ()) if selects(policy.pods, one.labels)]
        for direction in policy.types if chosen else ():
            for index, rule in enumerate(policy.rules(direction)):
                cut = _cut(context, policy, direction, rule, chosen)
                if cut:
                    place = policy.manifest.place("spec", direction.lower(), index, "ports")
                    yield RULE.finding(_message(policy, direction, rule, cut), place, _FIX)


def _cut(
    context: Context, policy: NetworkPolicy, direction: str, rule: NetworkRule, chosen: list[Endpoint]
) -> list[str]:
    """Return the pairs that *rule* means to connect and that nothing lets reach each other over HBONE."""
    if not rule.peers or not _names_application_ports(rule):
        return []
    others = [pod for peer in rule.peers if not peer.cidr for pod in peer_pods(context, policy, peer)]
    found = []
    for pod in chosen:
        for other in others:
            client, server = (other, pod) if direction == "Ingress" else (pod, other)
            is_left_out = covers(rule, HBONE, server) is False and _is_tunnelled(context, client, server)
            if is_left_out and context.cluster.admission.admits(pod, direction, other, HBONE) is False:
                found.append(f"{client.name} to {server.name}")
    return found


def _is_tunnelled(context: Context, client: Endpoint, server: Endpoint) -> bool:
    """Tell whether connections travel in HBONE from *client* straight to *server*: no waypoint takes them."""
    if server.mesh != "ambient" or client.mesh not in IN_MESH or (client.name == server.name and client == server):
        return False
    return GATEWAY_NAME in client.labels or enrolment(context.cluster, server) is None


def _names_application_ports(rule: NetworkRule) -> bool:
    return any(port.protocol == "TCP" and (port.name or port.first not in PROXY_PORTS) for port in rule.ports or ())


def _message(policy: NetworkPolicy, direction: str, rule: NetworkRule, cut: list[str]) -> str:
    ports = ", ".join(str(port.name or port.first) for port in rule.ports or ())
    way = "from" if direction == "Ingress" else "to"
    return (
        f"{policy.namespace}/{policy.name} opens {ports} {way} peers in the mesh but not 15008, on which all of "
        f"their connections travel: {some(cut)} times out"
    )
