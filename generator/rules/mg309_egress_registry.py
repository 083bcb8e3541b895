"""The mesh knows a host outside that no NetworkPolicy opens, or a policy opens what the mesh does not know.

Why:
    A ServiceEntry tells proxies of a host; it opens nothing at layer 3/4, and calls of it
    run into a timeout. The other way round, where a proxy sends only to what the registry
    knows (REGISTRY_ONLY), an address that a NetworkPolicy opens is answered with 502 or a
    reset: the metadata address of a cloud is the usual victim.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: checkout, namespace: shop}
    spec:
      selector: {matchLabels: {app: checkout}}
      template:
        metadata: {labels: {app: checkout}}
        spec: {containers: [{name: checkout, image: checkout}]}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata: {name: stripe, namespace: shop}
    spec:
      hosts: [api.stripe.com]
      exportTo: ["."]
      ports: [{number: 443, name: tls, protocol: TLS}]
      resolution: DNS
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: checkout, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: checkout}}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
              podSelector: {matchLabels: {k8s-app: kube-dns}}
          ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: checkout, namespace: shop}
    spec:
      selector: {matchLabels: {app: checkout}}
      template:
        metadata: {labels: {app: checkout}}
        spec: {containers: [{name: checkout, image: checkout}]}
    ---
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata: {name: stripe, namespace: shop}
    spec:
      hosts: [api.stripe.com]
      exportTo: ["."]
      ports: [{number: 443, name: tls, protocol: TLS}]
      resolution: DNS
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: checkout, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: checkout}}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
              podSelector: {matchLabels: {k8s-app: kube-dns}}
          ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
        - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}]
          ports: [{protocol: TCP, port: 443}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.addresses import is_inside, network, networks
from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest, mapping, sequence, strings, texts
from generator.manifests.registry import ServiceEntry, read_service_entry
from generator.rules.base import Context, Rule
from generator.rules.routes import routes
from generator.rules.subjects import some, workloads
from generator.rules.written import EGRESS, WrittenRule, port_words, written_in
from generator.semantics.admission import covers
from generator.topology import OUTSIDE, SIDECAR, Endpoint, Point

RULE = Rule("MG309", "egress-registry", "mesh and network disagree about what is outside", Severity.WARNING)

_EVERYWHERE = ("*",)
_REGISTRY_ONLY = "REGISTRY_ONLY"
_OTHER_PLANES = (
    *("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy"),
    *("AdminNetworkPolicy", "ClusterNetworkPolicy"),
)
"""Kinds that may open what no NetworkPolicy does."""

_AROUND = ("excludeOutboundPorts", "excludeOutboundIPRanges", "includeOutboundIPRanges")
_NODE = (53, 15012)
"""Ports of the platform that answer at addresses in some clusters."""


def check(context: Context) -> Iterator[Finding]:
    """Yield the hosts that nobody can reach, then the addresses that proxies do not know."""
    entries = [read_service_entry(one) for one in context.of_kind("ServiceEntry")]
    if not any(context.cluster.others(kind) for kind in _OTHER_PLANES):
        routed = {host for route in routes(context) for host in route.hosts} if entries else set()
        for entry in entries:
            if entry.is_external and not routed.intersection(entry.hosts):
                yield from _unreachable(context, entry)
    yield from _unknown_to_proxies(context, entries)


def _unreachable(context: Context, entry: ServiceEntry) -> Iterator[Finding]:
    """Yield the ports of *entry* that no policy of those who see it opens to any address."""
    seen_in = strings(entry.manifest.spec.get("exportTo")) or _EVERYWHERE
    clients = [
        pod
        for _, pod in workloads(context)
        if pod.mesh != OUTSIDE and ("*" in seen_in or pod.namespace in _named(seen_in, entry.manifest.namespace))
    ]
    admission = context.cluster.admission
    if not clients or not all(admission.policies(one, EGRESS) for one in clients):
        return
    for index, port in enumerate(map(mapping, sequence(entry.manifest.spec.get("ports")))):
        numbers = _dialled(entry.manifest, port)
        if numbers and not any(_opens(context, one, number) for one in clients for number in numbers):
            message = (
                f"{entry.manifest.namespace}/{entry.manifest.name} announces {some(entry.hosts)} on {numbers[0]}, and "
                f"no NetworkPolicy lets {some(one.name for one in clients)} reach an address on that port"
            )
            fix = f"open TCP {numbers[0]} to the host's addresses (NetworkPolicy knows no names), or remove the entry"
            yield RULE.finding(message, entry.manifest.place("spec", "ports", index, "number"), fix)


def _named(seen_in: tuple[str, ...], home: str) -> set[str]:
    return {home if one == "." else one for one in seen_in}


def _dialled(manifest: Manifest, port: dict[str, object]) -> list[int]:
    """Return the ports at which packets for *port* may leave: its own, and what it is translated to."""
    found = [port.get("number"), port.get("targetPort")]
    for end in map(mapping, sequence(manifest.spec.get("endpoints"))):
        found.append(mapping(end.get("ports")).get(str(port.get("name"))))
    return [one for one in found if isinstance(one, int)]


def _opens(context: Context, pod: Endpoint, number: int) -> bool:
    """Tell whether some policy of *pod* opens *number* to addresses, or to everybody."""
    somewhere = Endpoint("an address outside", address="192.0.2.1")
    for policy in context.cluster.admission.policies(pod, EGRESS):
        for rule in policy.egress:
            has_address = rule.peers is None or any(one.cidr for one in rule.peers)
            if has_address and covers(rule, Point("TCP", number), somewhere) is not False:
                return True
    return False


def _unknown_to_proxies(context: Context, entries: list[ServiceEntry]) -> Iterator[Finding]:
    """Yield the ports that policies open to addresses, for sidecars that send only to what the registry knows."""
    scopes = [
        (one.namespace, texts(mapping(one.spec.get("workloadSelector")).get("labels"))) for one in _strict(context)
    ]
    known = {number for one in entries for port in _ports(one) for number in _dialled(one.manifest, port)}
    done: set[int] = set()
    for workload, pod in workloads(context) if scopes else ():
        is_held = any(
            namespace in (pod.namespace, context.environment.istio.root_namespace)
            and labels.items() <= pod.labels.items()
            for namespace, labels in scopes
        )
        has_way_around = any(f"traffic.sidecar.istio.io/{one}" in workload.annotations for one in _AROUND)
        if pod.mesh != SIDECAR or not is_held or has_way_around:
            continue
        for policy in context.cluster.admission.policies(pod, EGRESS):
            if id(policy) not in done:
                done.add(id(policy))
                for rule in written_in(policy, EGRESS):
                    yield from _of_rule(context, rule, pod, known)


def _strict(context: Context) -> list[Manifest]:
    """Return the Sidecars that hold their pods to the registry."""
    return [
        one
        for one in context.of_kind("Sidecar")
        if mapping(one.spec.get("outboundTrafficPolicy")).get("mode") == _REGISTRY_ONLY
    ]


def _ports(entry: ServiceEntry) -> list[dict[str, object]]:
    return [dict(one) for one in map(mapping, sequence(entry.manifest.spec.get("ports")))]


def _of_rule(context: Context, rule: WrittenRule, pod: Endpoint, known: set[int]) -> Iterator[Finding]:
    for position, peer in enumerate(rule.peers):
        if not _is_outside(context, peer.cidr):
            continue
        for port in rule.rule.ports or ():
            is_one = port.protocol == "TCP" and not port.name and port.first == port.last
            if is_one and port.first not in known and port.first not in _NODE:
                message = (
                    f"{rule} lets {pod.name} reach {peer.cidr} on {port_words(port)}, but its proxy sends only to what "
                    f"the registry knows ({_REGISTRY_ONLY}), and no ServiceEntry has that port"
                )
                fix = "add a ServiceEntry for the hosts or addresses behind it, or remove the rule"
                yield RULE.finding(message, rule.at_peer(position, "ipBlock", "cidr"), fix)
                return


def _is_outside(context: Context, cidr: str) -> bool:
    """Tell whether *cidr* is written for addresses that are none of the cluster's own."""
    block, own = network(cidr), context.environment.addresses
    ranges = networks(one for known in (own.pods, own.nodes, own.services, own.api_server) for one in known or ())
    ranges += networks(context.environment.dns.node_local_addresses)
    return block is not None and not any(is_inside(block, one) for one in ranges)
