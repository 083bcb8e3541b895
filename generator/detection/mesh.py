"""Istio, its gateways, and who scrapes: versions, revisions, identities, ports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.places import Json
from generator.core.yaml_reader import read_documents
from generator.detection.cluster import Claim, Cluster, arguments, claim, containers, embedded, option
from generator.manifests.objects import Manifest, mapping, sequence, strings
from generator.manifests.workloads import WorkloadTemplate

_PROXY = "istio-proxy"
_PLUMBING = frozenset({15020, 15021, 15090})
_VERSION = re.compile(r"(\d+\.\d+(?:\.\d+)?)(?:[-.].*)?")
_GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
_GATEWAY_CLASS = "gateway.networking.k8s.io/gateway-class-name"
_WAYPOINT = "istio-waypoint"
_EAST_WEST = "istio-east-west"
_SNI = 15443
_EGRESS, _TLS = "egress", 443
_CLUSTER_ID, _NETWORK = "CLUSTER_ID", "topology.istio.io/network"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PROMETHEUS = ("app.kubernetes.io/name", "prometheus")
_DRY_RUN = "AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY"
_FIRST_DRY_RUN = (1, 29)
"""The first Istio whose ztunnel logs dry runs; an older one enforces them (upgrade notes of 1.29)."""
_DEFAULT_DOMAIN = "cluster.local"


def find_mesh(cluster: Cluster) -> Iterator[Claim]:
    """Yield facts of `istio`, `cluster`, `mesh`, `gateways`, `prometheus` and `loadBalancer`."""
    for pod in cluster.pods:
        if pod.labels.get("app") == "istiod":
            yield from _control_plane(cluster, pod)
            yield from _place_in_mesh(cluster, pod)
    for source in cluster.of("ConfigMap"):
        if source.name == "istio" or source.name.startswith("istio-"):
            yield from _mesh_config(source)
    for namespace in cluster.of("Namespace"):
        yield from _namespace(namespace)
    for pod in cluster.pods:
        if _is_gateway(pod):
            yield from _gateway(cluster, pod)
        elif pod.labels.get(_PROMETHEUS[0]) == _PROMETHEUS[1]:
            yield claim("prometheus", _scraper(pod), pod.manifest, "metadata", "labels")


def _control_plane(cluster: Cluster, pod: WorkloadTemplate) -> Iterator[Claim]:
    place: Json = {"namespace": pod.namespace, "labels": {"app": "istiod"}}
    yield claim("istio.controlPlane", place, pod.manifest, "metadata", "labels")
    yield claim("istio.revision", pod.labels.get("istio.io/rev", "default"), pod.manifest, "metadata", "labels")
    for route, container in containers(pod):
        image = str(container.get("image") or "").partition("@")[0]
        version = _VERSION.fullmatch(image.rpartition(":")[2])
        if container.get("name") == "discovery" and version:
            yield claim("istio.version", version.group(1), pod.manifest, *route, "image")
        if container.get("name") == "discovery":
            told = {str(mapping(one).get("name")): mapping(one).get("value") for one in sequence(container.get("env"))}
            if told.get(_DRY_RUN) != "true":
                yield claim("istio.ambientDryRun", False, pod.manifest, *route)
            elif _logs_dry_runs(cluster):
                yield claim("istio.ambientDryRun", True, pod.manifest, *route, "env")


def _logs_dry_runs(cluster: Cluster) -> bool:
    """Tell whether every ztunnel that is shown is of a version that knows dry runs; without one nobody knows."""
    found = [
        _VERSION.fullmatch(str(container.get("image") or "").partition("@")[0].rpartition(":")[2])
        for pod in cluster.pods
        if pod.labels.get("app") == "ztunnel"
        for _, container in containers(pod)
    ]
    return bool(found) and all(
        one is not None and tuple(map(int, one.group(1).split(".")))[:2] >= _FIRST_DRY_RUN for one in found
    )


def _place_in_mesh(cluster: Cluster, istiod: WorkloadTemplate) -> Iterator[Claim]:
    """Yield the cluster's name and network, as the installation of the mesh states them (global.multiCluster).

    A name that istiod has by default says nothing; one in capital letters must be renamed by hand.
    """
    for route, container in containers(istiod):
        for number, one in enumerate(map(mapping, sequence(container.get("env")))):
            name = str(one.get("value") or "")
            if one.get("name") == _CLUSTER_ID and _NAME.fullmatch(name):
                yield claim("cluster.name", name, istiod.manifest, *route, "env", number)
    for namespace in cluster.of("Namespace"):
        network = namespace.labels.get(_NETWORK, "")
        if namespace.name == istiod.namespace and _NAME.fullmatch(network):
            yield claim("cluster.network", network, namespace, "metadata", "labels")


def _mesh_config(source: Manifest) -> Iterator[Claim]:
    text = embedded(source, "mesh")
    documents, findings = read_documents(text, "mesh", allow_ambiguous=True)
    if findings or not documents or not isinstance(documents[0].data, dict):
        return
    config = documents[0].data
    told = ("data", "mesh")
    yield claim("istio.trustDomain", str(config.get("trustDomain") or _DEFAULT_DOMAIN), source, *told)
    yield claim("istio.trustDomainAliases", list(strings(config.get("trustDomainAliases"))), source, *told)
    yield claim("istio.rootNamespace", str(config.get("rootNamespace") or source.namespace), source, *told)
    topology = mapping(mapping(config.get("defaultConfig")).get("gatewayTopology"))
    proxies = topology.get("numTrustedProxies")
    if isinstance(proxies, int):
        yield claim("loadBalancer.trustedProxies", proxies, source, *told)
    if "proxyProtocol" in topology:
        yield claim("loadBalancer.proxyProtocol", True, source, *told)


def _namespace(namespace: Manifest) -> Iterator[Claim]:
    """Yield the modes that a namespace's labels ask for; two of them contradict each other."""
    labels = namespace.labels
    path = f"mesh.namespaces.{namespace.name}"
    if labels.get("istio-injection") == "enabled" or "istio.io/rev" in labels:
        yield claim(path, "sidecar", namespace, "metadata", "labels")
    elif labels.get("istio-injection") == "disabled":
        yield claim(path, "none", namespace, "metadata", "labels")
    if labels.get("istio.io/dataplane-mode") == "ambient":
        yield claim(path, "ambient", namespace, "metadata", "labels")


def _is_gateway(pod: WorkloadTemplate) -> bool:
    """Tell whether the pod is a proxy that runs as a router and is no waypoint."""
    words = [word for _, one in containers(pod) if one.get("name") == _PROXY for word in arguments(one)]
    return "router" in words and pod.labels.get(_GATEWAY_CLASS) != _WAYPOINT


def _gateway(cluster: Cluster, pod: WorkloadTemplate) -> Iterator[Claim]:
    gateway = pod.labels.get(_GATEWAY_NAME, "")
    account, name = pod.account, gateway or pod.labels.get("app") or pod.labels.get("istio") or pod.account
    labels = {_GATEWAY_NAME: gateway} if gateway else _named(pod)
    if not labels:
        return
    install = "gateway-api" if gateway else "istioctl" if account.endswith("-service-account") else "helm"
    found: dict[str, Json] = {"install": install, "namespace": pod.namespace, "labels": labels}
    found["serviceAccount"] = account
    if gateway:
        found["gateway"] = gateway
        found["class"] = pod.labels.get(_GATEWAY_CLASS, "istio")
    ports = _ports(cluster, pod)
    if ports:
        is_between = pod.labels.get(_GATEWAY_CLASS) == _EAST_WEST or _SNI in ports
        found |= {"role": "east-west"} if is_between else _egress(cluster, pod)
        yield claim(f"gateways.{name}", found | {"ports": ports}, pod.manifest, "metadata", "labels")
    for service in cluster.services:
        if service in _services(cluster, pod) and service.type == "LoadBalancer":
            policy = service.external_traffic_policy
            yield claim("loadBalancer.externalTrafficPolicy", policy, service.manifest, "spec")


def _egress(cluster: Cluster, pod: WorkloadTemplate) -> dict[str, Json]:
    """Return the facts of an egress gateway, which the charts say by its labels, with the Service that leads to it.

    Workloads reach it in mutual TLS on 443; the cluster's domain is what its proxy was started with.
    """
    if not any(_EGRESS in value for value in _named(pod).values()):
        return {}
    numbers = {port.name: port.number for port in pod.ports}
    for service in _services(cluster, pod):
        for port in service.ports:
            target = port.target if isinstance(port.target, int) else numbers.get(port.target)
            if port.number == _TLS and target is not None:
                host = f"{service.name}.{service.namespace}.svc.{_domain(pod)}"
                return {"role": _EGRESS, "service": {"host": host, "port": port.number, "targetPort": target}}
    return {"role": _EGRESS}


def _domain(pod: WorkloadTemplate) -> str:
    """Return the cluster's domain, of which the proxy's own (``--domain NAMESPACE.svc.DOMAIN``) is a part."""
    told = [option(arguments(one), "domain") for _, one in containers(pod) if one.get("name") == _PROXY]
    return next((one.partition(".svc.")[2] for one in told if ".svc." in one), _DEFAULT_DOMAIN)


def _named(pod: WorkloadTemplate) -> dict[str, str]:
    return {key: pod.labels[key] for key in ("app", "istio") if key in pod.labels}


def _services(cluster: Cluster, pod: WorkloadTemplate) -> list[Json]:
    return [
        one
        for one in cluster.services
        if one.namespace == pod.namespace and one.selector and one.selector.items() <= pod.labels.items()
    ]


def _ports(cluster: Cluster, pod: WorkloadTemplate) -> list[int]:
    """Return the pod ports that the gateway's Services lead to, without those of the proxy itself."""
    found = {port.target for service in _services(cluster, pod) for port in service.ports}
    named = {port.name: port.number for port in pod.ports}
    numbers = {one if isinstance(one, int) else named.get(one) for one in found}
    return sorted(one for one in numbers if one is not None and one not in _PLUMBING)


def _scraper(pod: WorkloadTemplate) -> dict[str, Json]:
    has_proxy = any(one.get("name") == _PROXY for _, one in containers(pod))
    return {
        "namespace": pod.namespace,
        "labels": dict([_PROMETHEUS]),
        "serviceAccount": pod.account,
        "mesh": "sidecar" if has_proxy else "none",
    }
