"""A NetworkPolicy isolates istiod and forgets one of the connections that the whole mesh lives on.

Why:
    istiod serves configuration and certificates to every proxy on 15012, and its injection
    webhook to the API server on 15017 (the container's port; the Service says 443). The API
    server is no pod: no podSelector matches it. istiod itself calls the API server, resolves
    names, and fetches the keys of every `jwksUri`; sidecars do not.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: istiod, namespace: istio-system}
    spec:
      podSelector: {matchLabels: {app: istiod}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {}
          ports: [{protocol: TCP, port: 15012}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: istiod, namespace: istio-system}
    spec:
      podSelector: {matchLabels: {app: istiod}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {}
          ports: [{protocol: TCP, port: 15012}]
        - ports: [{protocol: TCP, port: 15017}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.network import NetworkPolicy, NetworkRule
from generator.manifests.objects import mapping, sequence
from generator.rules.base import Context, Rule
from generator.rules.subjects import everyone, isolating_place, pods_of_platform, policy_names, some
from generator.semantics.admission import covers
from generator.topology import Endpoint, Point

RULE = Rule("MG311", "istiod-np", "an isolated istiod without what the mesh needs of it", Severity.ERROR)

_LOOKUP = 53
_XDS = Point("TCP", 15012)
_WEBHOOK = Point("TCP", 15017)
_API_SERVER_PORTS = (443, 6443)
_DEFAULT_PORTS = {"https": 443, "http": 80}


def check(context: Context) -> Iterator[Finding]:
    """Yield the connections of istiod that its NetworkPolicies cut."""
    for istiod in pods_of_platform(context, context.environment.istio.control_plane):
        ingress = context.cluster.admission.policies(istiod, "Ingress")
        egress = context.cluster.admission.policies(istiod, "Egress")
        if ingress:
            yield from _proxies(context, istiod, ingress)
            yield from _webhook(context, istiod, ingress)
        if egress:
            yield from _api_server(context, istiod, egress)
            yield from _resolver(context, istiod, egress)
            yield from _keys(context, istiod, egress)


def _proxies(context: Context, istiod: Endpoint, policies: list[NetworkPolicy]) -> Iterator[Finding]:
    """Yield a finding if some proxy is shut out of 15012, or if nobody is let in there."""
    proxies = [one for one in everyone(context).values() if one.mesh == "sidecar" or one.is_gateway]
    cut = [one for one in proxies if context.cluster.admission.admits(istiod, "Ingress", one, _XDS) is False]
    is_closed = not _covering(policies, "Ingress", istiod, _XDS)
    if cut or is_closed:
        whom = some(one.name for one in cut) if cut else "any proxy"
        message = (
            f"nothing in {policy_names(policies)} lets {whom} reach {istiod.name} on 15012: proxies get neither "
            "configuration nor certificates"
        )
        fix = "add an ingress rule on TCP 15012 from every namespace that holds sidecars, gateways or waypoints"
        yield RULE.finding(message, isolating_place(policies, "Ingress"), fix)


def _webhook(context: Context, istiod: Endpoint, policies: list[NetworkPolicy]) -> Iterator[Finding]:
    """Yield a finding if the API server cannot call the injection webhook: no rule without selectors covers it."""
    rules = _covering(policies, "Ingress", istiod, _WEBHOOK)
    known = context.environment.addresses.api_server
    if known is not None:
        servers = [Endpoint("the API server", address=one.partition("/")[0]) for one in known]
        if all(any(context.cluster.admission.peers(rule, "", one) for rule in rules) for one in servers):
            return
    elif any(rule.peers is None or any(peer.cidr for peer in rule.peers) for rule in rules):
        return
    message = (
        f"nothing in {policy_names(policies)} lets the API server reach {istiod.name} on 15017 (it is no pod that "
        "a selector could match): no pod with a sidecar can be created, and no object of Istio validated"
    )
    fix = "add an ingress rule on TCP 15017, from the API server's addresses or without `from`"
    yield RULE.finding(message, _place(policies, rules, "Ingress"), fix)


def _api_server(context: Context, istiod: Endpoint, policies: list[NetworkPolicy]) -> Iterator[Finding]:
    addresses = context.environment.addresses
    ports = addresses.api_server_ports or _API_SERVER_PORTS
    rules = [
        rule
        for policy in policies
        for rule in policy.egress
        if any(covers(rule, Point("TCP", port), istiod) for port in ports)
    ]
    if any(rule.peers is None or any(peer.cidr for peer in rule.peers) for rule in rules):
        return
    message = (
        f"nothing in {policy_names(policies)} lets {istiod.name} reach the API server: it sees no Service and no policy"
    )
    fix = f"add an egress rule to the API server's addresses on TCP {' or '.join(map(str, ports))}"
    yield RULE.finding(message, _place(policies, rules, "Egress"), fix)


def _resolver(context: Context, istiod: Endpoint, policies: list[NetworkPolicy]) -> Iterator[Finding]:
    dns = context.environment.dns
    resolvers = pods_of_platform(context, dns.pods)
    resolvers += [Endpoint("the node's resolver", address=one.partition("/")[0]) for one in dns.node_local_addresses]
    admission = context.cluster.admission
    verdicts = [
        admission.admits(istiod, "Egress", one, Point("UDP", port))
        for one in resolvers
        for port in {*dns.ports, _LOOKUP}
    ]
    if verdicts and all(verdict is False for verdict in verdicts):
        message = f"nothing in {policy_names(policies)} lets {istiod.name} resolve names"
        fix = "add an egress rule to the cluster's resolvers, UDP and TCP"
        yield RULE.finding(message, isolating_place(policies, "Egress"), fix)


def _keys(context: Context, istiod: Endpoint, policies: list[NetworkPolicy]) -> Iterator[Finding]:
    """Yield the key sets that istiod cannot fetch, at the place where they are named."""
    for tokens in context.cluster.bundle.request_authentications:
        for index, rule in enumerate(map(mapping, sequence(tokens.manifest.spec.get("jwtRules")))):
            uri = str(rule.get("jwksUri") or "")
            port = _port_of(uri)
            if port and not _covering(policies, "Egress", istiod, Point("TCP", port)):
                message = (
                    f"{istiod.name} fetches {uri}, and nothing in {policy_names(policies)} opens port {port}: every "
                    "token is refused"
                )
                fix = f"add an egress rule for istiod on TCP {port}, or write the keys into `jwks`"
                yield RULE.finding(message, tokens.manifest.place("spec", "jwtRules", index, "jwksUri"), fix)


def _port_of(uri: str) -> int | None:
    """Return the port that *uri* leads to; None if it is no address on the internet (a Service has other pod ports)."""
    scheme, _, rest = uri.partition("://")
    host, _, port = rest.partition("/")[0].partition(":")
    if "." not in host or host.endswith((".svc", ".local", ".internal")):
        return None
    return int(port) if port.isdigit() else _DEFAULT_PORTS.get(scheme)


def _covering(policies: list[NetworkPolicy], direction: str, istiod: Endpoint, point: Point) -> list[NetworkRule]:
    return [rule for policy in policies for rule in policy.rules(direction) if covers(rule, point, istiod) is not False]


def _place(policies: list[NetworkPolicy], rules: list[NetworkRule], direction: str) -> Place:
    return rules[0].place if rules else isolating_place(policies, direction)
