"""Name resolution, address ranges, the API server: what a policy must open or leave out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from generator.core.places import Json
from generator.detection.cluster import Claim, Cluster, arguments, claim, containers, option
from generator.manifests.objects import Manifest, mapping, sequence
from generator.manifests.workloads import Service, WorkloadTemplate

_RESOLVERS = frozenset({"kube-dns", "coredns", "rke2-coredns-rke2-coredns", "dns-default"})
_DNS_PORT = 53
_NODE_CACHES = frozenset({"node-local-dns", "nodelocaldns", "rke2-coredns-node-local-dns"})
_CREDENTIALS = {
    "gke-metadata-server": {"addresses": ["169.254.169.254/32"], "ports": [80, 8080]},
    "eks-pod-identity-agent": {"addresses": ["169.254.170.23/32", "fd00:ec2::23/128"], "ports": [80]},
}
"""Daemons that hand out credentials of the cloud, and where (presets gke and eks)."""


def find_network(cluster: Cluster) -> Iterator[Claim]:
    """Yield facts of `dns`, `addresses`, `ipFamilies` and `cloudCredentials`."""
    for service in cluster.services:
        if service.name in _RESOLVERS and any(port.number == _DNS_PORT for port in service.ports):
            yield from _resolver(cluster, service)
    yield from _node_caches(cluster)
    yield from _ranges(cluster)
    yield from _api_server(cluster)
    yield from _families(cluster)
    for daemon in cluster.daemons:
        if daemon.name in _CREDENTIALS:
            yield claim("cloudCredentials", _CREDENTIALS[daemon.name], daemon.manifest, "metadata", "name")


def _resolver(cluster: Cluster, service: Service) -> Iterator[Claim]:
    source = service.manifest
    if not service.selector:
        return
    yield claim("dns.namespace", service.namespace, source, "metadata", "namespace")
    yield claim("dns.labels", dict(service.selector), source, "spec", "selector")
    pods = cluster.pods_of(service.namespace, service.selector)
    targets = {port.target for port in service.ports if port.number == _DNS_PORT}
    numbers = {one for target in targets for one in ([target] if isinstance(target, int) else _named(pods, target))}
    if numbers:
        yield claim("dns.ports", sorted(numbers), source, "spec", "ports")


def _named(pods: Sequence[WorkloadTemplate], name: str) -> set[int]:
    return {port.number for pod in pods for port in pod.ports if port.name == name}


def _node_caches(cluster: Cluster) -> Iterator[Claim]:
    for daemon in cluster.daemons:
        if daemon.name not in _NODE_CACHES:
            continue
        for route, container in containers(daemon):
            addresses = [one for text in option(arguments(container), "localip").split(",") if (one := _single(text))]
            if addresses:
                yield claim("dns.nodeLocalAddresses", addresses, daemon.manifest, *route, "args")
        if not daemon.is_host_network:
            pods: Json = {"namespace": daemon.namespace, "labels": dict(daemon.labels)}
            yield claim("dns.nodeLocalPods", pods, daemon.manifest, "spec", "template", "metadata", "labels")


def _single(text: str) -> str:
    """Return an address as a range of its own; empty for what is no address."""
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError:
        return ""


def _ranges(cluster: Cluster) -> Iterator[Claim]:
    """Yield ranges from where they are configured; what nodes have today says nothing of tomorrow's nodes."""
    for kind in cluster.of("ServiceCIDR"):
        yield claim("addresses.services", sequence(kind.spec.get("cidrs")), kind, "spec", "cidrs")
    options = {"cluster-cidr": "pods", "service-cluster-ip-range": "services"}
    for pod in cluster.pods:
        if pod.namespace != "kube-system" or not pod.name.startswith(("kube-controller-manager", "kube-apiserver")):
            continue
        for route, container in containers(pod):
            for name, fact in options.items():
                found = [one for one in option(arguments(container), name).split(",") if one]
                if found:
                    yield claim(f"addresses.{fact}", found, pod.manifest, *route, "command")


def _api_server(cluster: Cluster) -> Iterator[Claim]:
    """Yield where the API server answers behind its Service, as policies see it after translation."""
    for source in cluster.of("EndpointSlice"):
        if source.namespace == "default" and source.labels.get("kubernetes.io/service-name") == "kubernetes":
            ends = [str(one) for end in sequence(source.data.get("endpoints")) for one in _addresses(end)]
            yield from _endpoints(cluster, source, ends, sequence(source.data.get("ports")), "endpoints")
    for source in cluster.of("Endpoints"):
        if (source.namespace, source.name) == ("default", "kubernetes") and not cluster.has("EndpointSlice"):
            subsets = [mapping(one) for one in sequence(source.data.get("subsets"))]
            ends = [str(mapping(one).get("ip")) for part in subsets for one in sequence(part.get("addresses"))]
            ports = [port for part in subsets for port in sequence(part.get("ports"))]
            yield from _endpoints(cluster, source, ends, ports, "subsets")


def _addresses(end: Json) -> list[Json]:
    return sequence(mapping(end).get("addresses"))


def _endpoints(
    cluster: Cluster, source: Manifest, ends: Sequence[str], ports: Sequence[Json], field: str
) -> Iterator[Claim]:
    """Yield the API server's own ends; and its Service, where policies meet that before it is translated."""
    front = [one for one in cluster.services if (one.namespace, one.name) == ("default", "kubernetes")]
    early = front if any(daemon.name == "aws-node" for daemon in cluster.daemons) else []
    ends = [*ends, *(address for one in early for address in one.cluster_ips)]
    found = sorted({one for end in ends if (one := _single(end))})
    known = {number for port in ports if isinstance(number := mapping(port).get("port"), int)}
    numbers = sorted(known | {port.number for one in early for port in one.ports})
    if found and numbers:
        yield claim("addresses.apiServer", found, source, field)
        yield claim("addresses.apiServerPorts", numbers, source, field)


def _families(cluster: Cluster) -> Iterator[Claim]:
    """Yield the families of pods: those that some pod of its own network has addresses of."""
    found: dict[str, Manifest] = {}
    for pod in cluster.pods:
        status = mapping(pod.manifest.data.get("status"))
        for one in sequence(status.get("podIPs")) if not pod.is_host_network else ():
            network = _single(str(mapping(one).get("ip")))
            if network:
                found.setdefault(f"IPv{ipaddress.ip_network(network).version}", pod.manifest)
    if found:
        yield claim("ipFamilies", sorted(found), found[max(found)], "status", "podIPs")
