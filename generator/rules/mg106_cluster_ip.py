"""An egress ipBlock with the address of a Service, on a network that evaluates policies after translation.

Why:
    A Service's address is replaced by a pod's before most network plugins look at the
    packet. A rule for the ClusterIP or the load balancer's address then matches no
    connection, and what it was written for is refused.

Bad:
    apiVersion: v1
    kind: Service
    metadata: {name: ledger, namespace: bank}
    spec: {clusterIP: 10.96.12.7, selector: {app: ledger}, ports: [{port: 8443, targetPort: 8443}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - ipBlock: {cidr: 10.96.12.7/32}
          ports: [{protocol: TCP, port: 8443}]

Good:
    apiVersion: v1
    kind: Service
    metadata: {name: ledger, namespace: bank}
    spec: {clusterIP: 10.96.12.7, selector: {app: ledger}, ports: [{port: 8443, targetPort: 8443}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bank}}
              podSelector: {matchLabels: {app: ledger}}
          ports: [{protocol: TCP, port: 8443}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.addresses import Network, is_inside, network, networks
from generator.core.findings import Finding, Severity
from generator.manifests.objects import mapping, sequence, strings
from generator.manifests.workloads import Service
from generator.rules.base import Context, Rule
from generator.rules.written import EGRESS, WrittenRule, written_rules

RULE = Rule("MG106", "cluster-ip", "an egress ipBlock with the address of a Service", Severity.ERROR)

_FIX = "select the pods behind the Service, or name the addresses of its endpoints"
_DNS = 53
_BEFORE = "before-dnat"


def check(context: Context) -> Iterator[Finding]:
    """Yield egress blocks that lie within the Services' range, or are the address of a known Service."""
    if context.environment.cni.policy_point == _BEFORE:
        return
    named = _addresses(context)
    ranges = networks(context.environment.addresses.services or ())
    for rule in written_rules(context, EGRESS):
        if _is_for_cache(context, rule) or _names_endpoints_too(rule, named, ranges):
            continue
        for position, peer in enumerate(rule.peers):
            block = network(peer.cidr)
            owner = _owner(block, named, ranges) if block else ""
            if owner:
                yield _finding(context, rule, position, peer.cidr, owner)


def _finding(context: Context, rule: WrittenRule, position: int, cidr: str, owner: str) -> Finding:
    place = rule.at_peer(position, "ipBlock", "cidr")
    if context.environment.cni.policy_point is None:
        message = f"{rule} names {cidr}, {owner}: most network plugins see the pod's address instead, and refuse it"
        return RULE.finding(message, place, _FIX, severity=Severity.WARNING)
    message = f"{rule} names {cidr}, {owner}: the network plugin sees the pod's address instead, and refuses it"
    return RULE.finding(message, place, _FIX)


def _owner(block: Network, named: dict[Network, str], ranges: list[Network]) -> str:
    if block in named:
        return f"the address of the Service {named[block]}"
    inside = next((one for one in ranges if is_inside(block, one)), None)
    return f"inside the Services' range {inside}" if inside else ""


def _addresses(context: Context) -> dict[Network, str]:
    """Return the addresses of the shown Services that lead to pods: their own, and those of load balancers."""
    found: dict[Network, str] = {}
    for service in context.cluster.services:
        for address in _of_service(service) if service.selector else ():
            block = network(address)
            if block is not None:
                found[block] = f"{service.namespace}/{service.name}"
    return found


def _of_service(service: Service) -> Iterator[str]:
    data = service.manifest.data
    yield from service.cluster_ips
    yield str(service.manifest.spec.get("loadBalancerIP") or "")
    yield from strings(service.manifest.spec.get("externalIPs"))
    balancer = mapping(mapping(data.get("status")).get("loadBalancer"))
    yield from (str(mapping(one).get("ip") or "") for one in sequence(balancer.get("ingress")))


def _is_for_cache(context: Context, rule: WrittenRule) -> bool:
    """Tell whether *rule* is for DNS alone where a cache on the node may answer at the Service's address itself.

    NodeLocal DNSCache binds the resolvers' ClusterIP on every node (kubernetes
    cluster/addons/dns/nodelocaldns): those packets keep that address.
    """
    is_dns = bool(rule.rule.ports) and all(one.first == one.last == _DNS for one in rule.rule.ports or ())
    return is_dns and (bool(context.environment.dns.node_local_addresses) or not context.is_complete)


def _names_endpoints_too(rule: WrittenRule, named: dict[Network, str], ranges: list[Network]) -> bool:
    """Tell whether the policy also names addresses that are no Service's: written for plugins of both kinds."""
    blocks = [network(peer.cidr) for each in rule.policy.egress for peer in each.peers or ()]
    return any(one and one.prefixlen and not _owner(one, named, ranges) for one in blocks)
