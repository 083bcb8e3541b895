"""One stranger of every class: whom a rule must not let in by mistake, whoever wrote the rule.

A finite universe is complete only if each kind of outsider is in it: an unknown pod of
every namespace that anything names, a pod that is nearly like a known one, addresses inside
and just beside every range. The proof of a bundle and the comparison of two sets of YAML
take them from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from generator.algebra.addresses import as_network
from generator.environment.model import Environment, Pods
from generator.manifests.bundle import Bundle
from generator.semantics.membership import DATAPLANE, INJECT
from generator.semantics.waypoints import is_past_waypoint
from generator.topology import AMBIENT, OUTSIDE, Endpoint, EndpointPort

NAMESPACE_NAME = "kubernetes.io/metadata.name"
STRANGER = {"meshgen.dev/stranger": "yes"}
ELSEWHERE = "elsewhere"
_PRINCIPAL_SLASHES = 4
_SAMPLES = (
    *("8.8.8.8/32", "2001:4860:4860::8888/128"),  # public
    *("10.255.255.1/32", "172.31.255.1/32", "192.168.255.1/32", "100.64.0.1/32", "fd00::1/128"),  # private
    *("127.0.0.53/32", "169.254.0.1/32", "fe80::1/128"),  # of the host and the link
)
"""Addresses that are looked at whether or not anything names them."""


def platform_pods(environment: Environment) -> list[Pods]:
    """Return the pods that *environment* knows without any manifest."""
    gateways = [gateway.pods for gateway in (environment.gateways or {}).values()]
    prometheus = [environment.prometheus.pods] if environment.prometheus else []
    caches = [environment.dns.node_local_pods] if environment.dns.node_local_pods else []
    return [environment.dns.pods, *caches, environment.istio.control_plane, *prometheus, *gateways]


def platform(environment: Environment) -> Iterator[Endpoint]:
    """Yield the platform's pods as endpoints."""
    yield _pod("the cluster's resolver", environment.dns.pods)
    if environment.dns.node_local_pods:
        yield _pod("the nodes' DNS cache", environment.dns.node_local_pods)
    yield _pod("istiod", environment.istio.control_plane)
    if environment.prometheus:
        known = environment.prometheus
        mesh = "sidecar" if known.in_mesh else "none"
        yield Endpoint("Prometheus", known.pods.namespace, known.pods.labels, account=known.service_account, mesh=mesh)
    for gateway in (environment.gateways or {}).values():
        yield Endpoint(
            f"the gateway {gateway.name}",
            gateway.pods.namespace,
            gateway.pods.labels,
            account=gateway.service_account,
            mesh="sidecar",
            ports=tuple(EndpointPort(port, "http") for port in gateway.ports),
            is_gateway=True,
        )


def _pod(name: str, pods: Pods) -> Endpoint:
    return Endpoint(name, pods.namespace, pods.labels, account=name.replace(" ", "-"))


def strangers(namespace: str, *, has_ambient: bool) -> Iterator[Endpoint]:
    """Yield a pod of *namespace* that nobody has heard of: with a sidecar, without, and in ambient."""
    words = "another namespace" if namespace == ELSEWHERE else f"the namespace {namespace}"
    for mesh, label in (("sidecar", {}), ("none", {INJECT: "false"})):
        how = "with a sidecar" if mesh == "sidecar" else "without a sidecar"
        yield Endpoint(f"an unknown pod of {words} {how}", namespace, STRANGER | label, account="stranger", mesh=mesh)
    if has_ambient:
        labels = STRANGER | {INJECT: "false", DATAPLANE: AMBIENT}
        yield Endpoint(
            f"an unknown pod of {words} in the ambient mesh", namespace, labels, account="stranger", mesh=AMBIENT
        )


def impostors(one: Endpoint) -> Iterator[Endpoint]:
    """Yield who must not be taken for *one*: its labels and account elsewhere, and all but one of its labels here.

    They are what tells a rule that names namespace and labels from one that forgot a part.
    """
    if not one.is_pod or one.labels.items() >= STRANGER.items() or is_past_waypoint(one):
        return
    if one.is_waypoint:  # what only looks like one is a pod without a proxy
        one = replace(one, mesh=OUTSIDE, labels={**one.labels, INJECT: "false"})
    one = replace(one, is_gateway=False, is_waypoint=False, waypoint=None)
    yield replace(one, name=f"a pod like {one.name} in another namespace", namespace=ELSEWHERE)
    own = {key: value for key, value in one.labels.items() if key != INJECT}
    for left_out in own if len(own) > 1 else ():
        labels = {key: value for key, value in one.labels.items() if key != left_out}
        name = f"a pod like {one.name} without the label {left_out}"
        yield replace(one, name=name, labels=labels, account="stranger")


def own_node(environment: Environment) -> Endpoint:
    """Return the node that a pod runs on."""
    nodes = environment.addresses.nodes
    return Endpoint("the pod's own node", is_node=True, address=first_of(nodes[0]) if nodes else "192.0.2.1")


def named_namespaces(bundle: Bundle) -> Iterator[str]:
    """Yield the namespaces that policies name, in whichever way."""
    for policy in bundle.network_policies:
        for rule in (*policy.ingress, *policy.egress):
            for peer in rule.peers or ():
                if peer.namespaces is not None:
                    yield from (value for key, value in peer.namespaces.labels if key == NAMESPACE_NAME)
                    yield from (
                        value
                        for key, _, values in peer.namespaces.expressions
                        if key == NAMESPACE_NAME
                        for value in values
                    )
    for authorization in bundle.authorization_policies:
        for source in (source for rule in authorization.rules for source in rule.sources or ()):
            yield from (value for value in source.get("namespaces", ()) if "*" not in value)
            yield from (value.partition("/")[0] for value in source.get("serviceAccounts", ()) if "/" in value)
            yield from (
                value.split("/")[2] for value in source.get("principals", ()) if value.count("/") == _PRINCIPAL_SLASHES
            )


def named_accounts(bundle: Bundle) -> set[tuple[str, str]]:
    """Return namespace and name of every ServiceAccount that AuthorizationPolicies name in full."""
    found = set()
    for policy in bundle.authorization_policies:
        for source in (source for rule in policy.rules for source in rule.sources or ()):
            for value in source.get("serviceAccounts", ()):
                where, _, account = value.rpartition("/")
                found.add((where or policy.scope.namespace, account))
            for value in source.get("principals", ()):
                if value.count("/") == _PRINCIPAL_SLASHES and "*" not in value:
                    found.add((value.split("/")[2], value.split("/")[4]))
    return found


def known_ranges(environment: Environment, bundle: Bundle) -> set[str]:
    """Return the ranges of addresses that *environment* and *bundle* name, and samples of those nobody names."""
    ranges = {*_SAMPLES, *environment.addresses.metadata}
    own = environment.addresses
    for known in (own.api_server, own.nodes, own.pods, own.services):
        ranges |= set(known or ())
    ranges |= set(environment.cloud_credentials.addresses) if environment.cloud_credentials else set()
    for other in (environment.clusters or {}).values():
        ranges |= {*(other.pods or ()), *(other.door.addresses if other.door else ())}
    return ranges | set(environment.dns.node_local_addresses) | set(_named_ranges(bundle))


def _named_ranges(bundle: Bundle) -> Iterator[str]:
    for policy in bundle.network_policies:
        for rule in (*policy.ingress, *policy.egress):
            for peer in rule.peers or ():
                yield from (known for one in (peer.cidr, *peer.excluded) if (known := _canonical(one)))
    for authorization in bundle.authorization_policies:
        for source in (source for rule in authorization.rules for source in rule.sources or ()):
            written = (one for field, values in source.items() if field.lower().endswith("ipblocks") for one in values)
            yield from (known for one in written if (known := _canonical(one)))


def _canonical(cidr: str) -> str:
    """Return *cidr* without host bits; empty for what is no range, which the API server refuses."""
    try:
        return str(as_network(cidr, strict=False))
    except ValueError:
        return ""


def addresses(ranges: Iterable[str]) -> set[str]:
    """Return addresses inside and just beside each of *ranges*."""
    return {address for cidr in ranges for address in (first_of(cidr), *_beside(cidr))}


def first_of(cidr: str) -> str:
    """Return an address that lies in *cidr*."""
    network = as_network(cidr)
    return str(network.network_address if network.num_addresses == 1 else network.network_address + 1)


def _beside(cidr: str) -> Iterable[str]:
    """Return the address just behind *cidr*, if there is one."""
    network = as_network(cidr)
    last = int(network.broadcast_address)
    limit = 2**network.max_prefixlen - 1
    return [str(type(network.network_address)(last + 1))] if last < limit else []
