"""An egress rule for the API server with a pair of address and port that the network plugin never sees.

Why:
    Pods dial the API server by its Service, on port 443; the node translates that into an
    endpoint, most often on 6443. A plugin that looks before the translation knows the first
    pair only, one that looks behind it the second. A rule with the other pair, or with the
    address of one and the port of the other, looks right and matches nothing. (The address
    of a Service alone, where the plugin looks behind the translation, is MG106.)

Bad:
    apiVersion: v1
    kind: Service
    metadata: {name: kubernetes, namespace: default}
    spec: {clusterIP: 10.96.0.1, ports: [{name: https, port: 443, targetPort: 6443}]}
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
    addressType: IPv4
    endpoints: [{addresses: [172.18.0.2]}]
    ports: [{name: https, port: 6443, protocol: TCP}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: operator, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: operator}}
      policyTypes: [Egress]
      egress:
        - to: [{ipBlock: {cidr: 172.18.0.2/32}}]
          ports: [{protocol: TCP, port: 443}]

Good:
    apiVersion: v1
    kind: Service
    metadata: {name: kubernetes, namespace: default}
    spec: {clusterIP: 10.96.0.1, ports: [{name: https, port: 443, targetPort: 6443}]}
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
    addressType: IPv4
    endpoints: [{addresses: [172.18.0.2]}]
    ports: [{name: https, port: 6443, protocol: TCP}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: operator, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: operator}}
      policyTypes: [Egress]
      egress:
        - to: [{ipBlock: {cidr: 172.18.0.2/32}}]
          ports: [{protocol: TCP, port: 6443}]
        - to: [{ipBlock: {cidr: 10.96.0.1/32}}]
          ports: [{protocol: TCP, port: 443}]
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from generator.algebra.addresses import network, networks
from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.objects import mapping, sequence, strings
from generator.rules.base import Context, Rule
from generator.rules.subjects import policy_pods
from generator.rules.written import EGRESS, WrittenRule, written_rules
from generator.topology import Endpoint, Point

RULE = Rule("MG107", "pre-dnat", "the API server at an address and port that is never seen", Severity.ERROR)

_BEFORE, _AFTER = "before-dnat", "after-dnat"
_HTTPS = 443
_NARROW = 256
"""Blocks of at most so many addresses are written for the API server; wider ones for something else too."""

_Pair = tuple[str, int]


def check(context: Context) -> Iterator[Finding]:
    """Yield, once for each policy, the rule that names an endpoint of the API server and does not reach it."""
    ends, stated = _ends(context), _stated(context)
    done: set[int] = set()
    for rule in written_rules(context, EGRESS) if ends or stated else ():
        position = _position(rule, [address for address, _ in ends or stated])
        if position is not None and id(rule.policy) not in done:
            done.add(id(rule.policy))
            place = rule.at_peer(position, "ipBlock", "cidr")
            yield from _of_policy(context, rule, place, ends, stated)


def _of_policy(
    context: Context, rule: WrittenRule, place: Place, ends: list[_Pair], stated: list[_Pair]
) -> Iterator[Finding]:
    pods, point = policy_pods(context, rule.policy), context.environment.cni.policy_point
    if not pods:
        return
    front = _front(context)
    seen = stated or {_BEFORE: front, _AFTER: ends}.get(str(point), [*ends, *front])
    if not seen:
        yield RULE.unknown(f"at which address {rule} would reach the API server", place, "addresses.services")
    elif not _is_reached(context, pods, seen):
        message = f"{rule} is for the API server and never matches: the network plugin sees {_words(seen)}"
        yield RULE.finding(message, place, f"open {_words(seen)}")
    elif not (stated or point) and front and not _is_reached(context, pods, front):
        message = f"whether {rule} reaches the API server: before the translation it is {_words(front)}"
        yield RULE.unknown(message, place, "cni.policyPoint")


def _is_reached(context: Context, pods: Sequence[Endpoint], pairs: Iterable[_Pair]) -> bool:
    """Tell whether the policies of *pods* let them, or may let them, open a connection to one of *pairs*."""
    return any(
        context.cluster.admission.admits(pod, EGRESS, Endpoint("the API server", address=address), Point("TCP", port))
        is not False
        for pod in pods
        for address, port in pairs
    )


def _position(rule: WrittenRule, addresses: list[str]) -> int | None:
    """Return which peer of *rule* is written for one of *addresses*."""
    for position, peer in enumerate(rule.peers):
        block = network(peer.cidr)
        if block and block.num_addresses <= _NARROW and any(ipaddress.ip_address(one) in block for one in addresses):
            return position
    return None


def _ends(context: Context) -> list[_Pair]:
    """Return the endpoints of the API server, as manifests show them."""
    found: list[_Pair] = []
    for one in context.of_kind("EndpointSlice"):
        if one.namespace == "default" and one.labels.get("kubernetes.io/service-name") == "kubernetes":
            ends = [
                each for end in sequence(one.data.get("endpoints")) for each in strings(mapping(end).get("addresses"))
            ]
            found += [(end, port) for end in ends for port in _numbers(sequence(one.data.get("ports")))]
    for one in context.of_kind("Endpoints"):
        for part in map(mapping, sequence(one.data.get("subsets"))):
            if (one.namespace, one.name) == ("default", "kubernetes"):
                ends = [str(mapping(each).get("ip") or "") for each in sequence(part.get("addresses"))]
                found += [(end, port) for end in ends for port in _numbers(sequence(part.get("ports")))]
    return sorted({(end, port) for end, port in found if network(end)})


def _stated(context: Context) -> list[_Pair]:
    """Return where the environment says that policies see the API server, on whichever side of the translation."""
    known = context.environment.addresses
    return [(str(one[0]), port) for one in networks(known.api_server or ()) for port in known.api_server_ports or ()]


def _numbers(ports: Iterable[object]) -> list[int]:
    return [number for one in ports if isinstance(one, dict) and isinstance(number := one.get("port"), int)]


def _front(context: Context) -> list[_Pair]:
    """Return the API server's Service: as it is shown, else the first address of the Services' range."""
    for one in context.cluster.services:
        if (one.namespace, one.name) == ("default", "kubernetes"):
            return [(ip, port.number) for ip in one.cluster_ips if network(ip) for port in one.ports]
    return [(str(one[1]), _HTTPS) for one in networks(context.environment.addresses.services or ())]


def _words(pairs: Iterable[_Pair]) -> str:
    return " or ".join(f"{address} on {port}" for address, port in pairs)
