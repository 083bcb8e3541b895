"""Traffic to an external host is routed through an egress gateway, and the workloads may still go there directly.

Why:
    The route is followed by a proxy that the application shares a pod with; a process that
    does not want to use it dials the address itself. Only NetworkPolicy, which is enforced
    outside the pod, makes the gateway compulsory: workloads may reach the gateway's pods, and
    nothing outside the cluster on that port.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: partner, namespace: shop}
    spec:
      hosts: [api.partner.example]
      gateways: [mesh]
      tls:
        - match: [{port: 443, sniHosts: [api.partner.example]}]
          route: [{destination: {host: istio-egressgateway.istio-egress.svc.cluster.local, port: {number: 443}}}]
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
    metadata: {name: allow-web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Egress]
      egress:
        - to:
            - ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}
          ports: [{protocol: TCP, port: 443}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: partner, namespace: shop}
    spec:
      hosts: [api.partner.example]
      gateways: [mesh]
      tls:
        - match: [{port: 443, sniHosts: [api.partner.example]}]
          route: [{destination: {host: istio-egressgateway.istio-egress.svc.cluster.local, port: {number: 443}}}]
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
    metadata: {name: allow-web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-egress}}
              podSelector: {matchLabels: {istio: egressgateway}}
          ports: [{protocol: TCP, port: 8443}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.network import NetworkRule
from generator.manifests.objects import mapping, sequence, strings
from generator.manifests.registry import read_service_entry
from generator.manifests.routing import ISTIO, Backend, RouteObject, service_of_host
from generator.rules.base import Context, Rule
from generator.rules.roster import is_everything_shown
from generator.rules.routes import routes, service_of
from generator.rules.subjects import some, workloads
from generator.semantics.admission import covers
from generator.topology import Endpoint, Point

RULE = Rule("MG310", "egress-gw-bypass", "an egress gateway that workloads can walk around", Severity.ERROR)

_SOMEWHERE = Endpoint("an address on the internet", address="151.101.1.1")
"""Stands for every public address that no rule names on its own."""

_PORTS = (80, 443)
_FIX = "let the workloads' egress lead to the gateway's pods alone, and to nothing outside the cluster on that port"


def check(context: Context) -> Iterator[Finding]:
    """Yield the routes to egress gateways whose clients can reach the internet on the same port."""
    for route in routes(context):
        hosts = [one for one in route.hosts if service_of_host(one, route.manifest.namespace) is None]
        if hosts and route.manifest.group == ISTIO:
            for backend in {one.place: one for one in route.backends if one.has_mesh}.values():
                if _is_egress_gateway(context, backend):
                    yield from _of_route(context, route, backend, hosts)


def _is_egress_gateway(context: Context, backend: Backend) -> bool:
    """Tell whether *backend* is a gateway: by the pods behind its Service, else by the name that installers give it."""
    service = service_of(context, backend.namespace, backend.service)
    known = set(map(context.cluster.title, context.cluster.behind(service))) if service else set()
    if known:
        return any(pod.is_gateway for _, pod in workloads(context) if pod.name in known)
    return "egress" in backend.service


def _of_route(context: Context, route: RouteObject, backend: Backend, hosts: list[str]) -> Iterator[Finding]:
    ports = _dialled(context, route, hosts)
    wide: dict[Place | None, Finding] = {}
    open_pods = []
    for pod in _clients(context, route, backend):
        if not context.cluster.admission.policies(pod, "Egress"):
            open_pods.append(pod)
            continue
        for found in _ways_out(context, route, pod, ports, hosts):
            wide.setdefault(found.place, found)
    yield from wide.values()
    if not open_pods:
        return
    names = some(pod.name for pod in open_pods)
    title = f"{route.manifest.namespace}/{route.manifest.name}"
    if all(is_everything_shown(context, pod.namespace) for pod in open_pods):
        message = (
            f"{title} sends calls of {some(hosts)} through {backend.service}, but no NetworkPolicy isolates the egress "
            f"of {names}: the gateway can be left out"
        )
        yield RULE.finding(message, backend.place, _FIX)
    else:
        message = f"whether {names} can leave out {backend.service}: no NetworkPolicy for their egress is shown"
        yield RULE.unknown(message, backend.place, "the NetworkPolicies of these namespaces")


def _clients(context: Context, route: RouteObject, backend: Backend) -> Iterator[Endpoint]:
    """Yield the sidecars that the route is for: its own namespace's, or everybody's if it is the mesh's own."""
    home = route.manifest.namespace
    is_shared = home in (context.environment.istio.root_namespace, backend.namespace)
    for _, pod in workloads(context):
        if pod.mesh == "sidecar" and not pod.is_gateway and (is_shared or pod.namespace == home):
            yield pod


def _ways_out(
    context: Context, route: RouteObject, pod: Endpoint, ports: tuple[int, ...], hosts: list[str]
) -> Iterator[Finding]:
    """Yield the egress rules of *pod* that lead to any address on one of *ports*."""
    for policy in context.cluster.admission.policies(pod, "Egress"):
        for index, rule in enumerate(policy.egress):
            reached = [port for port in ports if _opens(context, policy.namespace, rule, port)]
            if reached:
                way = f"{route.manifest.namespace}/{route.manifest.name} sends calls of {some(hosts)}"
                message = (
                    f"{policy.namespace}/{policy.name} lets {pod.name} reach any address on "
                    f"{', '.join(map(str, reached))}, although {way} through an egress gateway: it can be left out"
                )
                place = policy.manifest.place("spec", "egress", index, "to")
                yield RULE.finding(message, place, _FIX, related=[(route.manifest.place("metadata"), "the route")])


def _opens(context: Context, namespace: str, rule: NetworkRule, port: int) -> bool:
    at = covers(rule, Point("TCP", port), _SOMEWHERE)
    return bool(at and context.cluster.admission.peers(rule, namespace, _SOMEWHERE))


def _dialled(context: Context, route: RouteObject, hosts: list[str]) -> tuple[int, ...]:
    """Return the ports that clients dial: those of the hosts' ServiceEntries, else of the matches, else 80 and 443."""
    entries = [read_service_entry(one) for one in context.of_kind("ServiceEntry")]
    found = {port for one in entries if set(one.hosts) & set(hosts) for port in one.ports}
    if not found:
        for protocol in ("http", "tls", "tcp"):
            for one in map(mapping, sequence(route.manifest.spec.get(protocol))):
                matches = map(mapping, sequence(one.get("match")))
                found |= {
                    match["port"]
                    for match in matches
                    if isinstance(match.get("port"), int) and strings(match.get("gateways")) in ((), ("mesh",))
                }
    return tuple(sorted(found)) or _PORTS
