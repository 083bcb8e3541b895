"""Everybody a policy could let through or stop: declared workloads, and one stranger of each class.

The universe is finite and complete by construction: endpoints that the policies and the
intent cannot tell apart are represented by one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from generator.environment.model import Environment, Pods
from generator.manifests.bundle import Bundle
from generator.model.intent import AddressesPeer, Intent, Mesh, Workload
from generator.topology import Endpoint, EndpointPort

NAMESPACE_NAME = "kubernetes.io/metadata.name"
INJECT = "sidecar.istio.io/inject"
STRANGER = {"meshgen.dev/stranger": "yes"}
ELSEWHERE = "elsewhere"
_PRINCIPAL_SLASHES = 4
_SAMPLES = (
    *("8.8.8.8/32", "2001:4860:4860::8888/128"),  # public
    *("10.255.255.1/32", "172.31.255.1/32", "192.168.255.1/32", "100.64.0.1/32", "fd00::1/128"),  # private
    *("127.0.0.53/32", "169.254.0.1/32", "fe80::1/128"),  # of the host and the link
)
"""Addresses that are looked at whether or not anything names them."""


def endpoints(intent: Intent, environment: Environment, bundle: Bundle) -> list[Endpoint]:
    """Return the universe of *intent* on the cluster *environment*, without repetition.

    Namespaces and addresses that *bundle* names are in it even if the intent knows nothing
    of them: a rule that lets a stranger in must find that stranger here.
    """
    found: dict[str, Endpoint] = {}
    labels = _namespace_labels(intent)
    known = list(_all(intent, environment, bundle))
    impostors = [impostor for one in known for impostor in _impostors(one)]
    for one in (*known, *impostors):
        found.setdefault(one.name, _in_namespace(one, labels) if one.is_pod else one)
    return list(found.values())


def _all(intent: Intent, environment: Environment, bundle: Bundle) -> Iterator[Endpoint]:
    for workload in intent.workloads.values():
        yield from _workload(workload, intent)
    yield from _platform(environment)
    namespaces = {*intent.namespaces, *(namespace for namespace, _ in intent.workloads), ELSEWHERE}
    namespaces |= {pods.namespace for pods in _platform_pods(environment)} | set(_named_namespaces(bundle))
    for namespace in sorted(namespaces):
        yield from _strangers(namespace)
    yield Endpoint("the pod's own node", is_node=True, address=_node_address(environment))
    for address in sorted(_addresses(intent, environment, bundle)):
        yield Endpoint(f"the address {address}", address=address)


def _workload(workload: Workload, intent: Intent) -> Iterator[Endpoint]:
    """Yield one endpoint per identity: pods of one workload may run as different ServiceAccounts."""
    namespace = intent.namespaces.get(workload.namespace)
    mesh = workload.mesh or Mesh.NONE
    labels = dict(workload.labels)
    if namespace is not None and namespace.mesh is not mesh:
        labels[INJECT] = "true" if mesh is Mesh.SIDECAR else "false"
    ports = tuple(EndpointPort(port.number, port.protocol, port.name) for port in workload.ports)
    for account in workload.service_accounts:
        several = f" as {account}" if len(workload.service_accounts) > 1 else ""
        name = f"{workload.namespace}/{workload.name}{several}"
        yield Endpoint(name, workload.namespace, labels, account=account, mesh=mesh.value, ports=ports)


def _platform_pods(environment: Environment) -> list[Pods]:
    gateways = [gateway.pods for gateway in (environment.gateways or {}).values()]
    prometheus = [environment.prometheus.pods] if environment.prometheus else []
    return [environment.dns.pods, environment.istio.control_plane, *prometheus, *gateways]


def _platform(environment: Environment) -> Iterator[Endpoint]:
    yield _pod("the cluster's resolver", environment.dns.pods)
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


def _strangers(namespace: str) -> Iterator[Endpoint]:
    words = "another namespace" if namespace == ELSEWHERE else f"the namespace {namespace}"
    for mesh, label in (("sidecar", {}), ("none", {INJECT: "false"})):
        how = "with a sidecar" if mesh == "sidecar" else "without a sidecar"
        yield Endpoint(f"an unknown pod of {words} {how}", namespace, STRANGER | label, account="stranger", mesh=mesh)


def _impostors(one: Endpoint) -> Iterator[Endpoint]:
    """Yield who must not be taken for *one*: its labels and account elsewhere, and all but one of its labels here.

    They are what tells a rule that names namespace and labels from one that forgot a part.
    """
    if not one.is_pod or one.labels.items() >= STRANGER.items():
        return
    yield replace(one, name=f"a pod like {one.name} in another namespace", namespace=ELSEWHERE, is_gateway=False)
    own = {key: value for key, value in one.labels.items() if key != INJECT}
    for left_out in own if len(own) > 1 else ():
        labels = {key: value for key, value in one.labels.items() if key != left_out}
        name = f"a pod like {one.name} without the label {left_out}"
        yield replace(one, name=name, labels=labels, account="stranger", is_gateway=False)


def _in_namespace(one: Endpoint, labels: Mapping[str, Mapping[str, str]]) -> Endpoint:
    return replace(one, namespace_labels={NAMESPACE_NAME: one.namespace, **labels.get(one.namespace, {})})


def _namespace_labels(intent: Intent) -> dict[str, Mapping[str, str]]:
    """Return the labels that namespaces carry by intent: their own, and those that a flow selects them by."""
    found: dict[str, dict[str, str]] = {name: dict(one.labels) for name, one in intent.namespaces.items()}
    for flow in intent.flows:
        for peer in (flow.client, flow.server):
            for name in getattr(peer, "names", ()):
                found.setdefault(name, {}).update(dict(getattr(peer, "labels", ())))
    return dict(found)


def _node_address(environment: Environment) -> str:
    nodes = environment.addresses.nodes
    return _first(nodes[0]) if nodes else "192.0.2.1"


def _named_namespaces(bundle: Bundle) -> Iterator[str]:
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


def _named_ranges(bundle: Bundle) -> Iterator[str]:
    for policy in bundle.network_policies:
        for rule in (*policy.ingress, *policy.egress):
            for peer in rule.peers or ():
                yield from (known for one in (peer.cidr, *peer.excluded) if (known := _canonical(one)))


def _canonical(cidr: str) -> str:
    """Return *cidr* without host bits; empty for what is no range, which the API server refuses."""
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        return ""


def _addresses(intent: Intent, environment: Environment, bundle: Bundle) -> set[str]:
    """Return addresses inside and beside every range that intent or environment names, and of the private ranges."""
    ranges = {*_SAMPLES, *environment.addresses.metadata}
    own = environment.addresses
    for known in (own.api_server, own.nodes, own.pods, own.services):
        ranges |= set(known or ())
    ranges |= set(environment.dns.node_local_addresses) | set(_named_ranges(bundle))
    for flow in intent.flows:
        for peer in (flow.client, flow.server):
            ranges |= set(peer.cidrs) if isinstance(peer, AddressesPeer) else set()
    for lockdown in intent.gateways:
        ranges |= set(lockdown.sources)
    return {address for cidr in ranges for address in (_first(cidr), *_beside(cidr))}


def _first(cidr: str) -> str:
    network = ipaddress.ip_network(cidr)
    return str(network.network_address if network.num_addresses == 1 else network.network_address + 1)


def _beside(cidr: str) -> Iterable[str]:
    """Return the address just behind *cidr*, if there is one."""
    network = ipaddress.ip_network(cidr)
    last = int(network.broadcast_address)
    limit = 2**network.max_prefixlen - 1
    return [str(type(network.network_address)(last + 1))] if last < limit else []
