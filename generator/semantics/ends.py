"""The names that people use for the two ends of a connection, resolved to endpoints and a port of the pod."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from generator.core.errors import MeshgenError
from generator.core.names import suggestion
from generator.environment.model import Pods
from generator.manifests.workloads import Service
from generator.semantics.cluster import Cluster
from generator.semantics.membership import mesh_mode
from generator.semantics.neighbours import neighbours
from generator.semantics.strangers import addresses, known_ranges, own_node
from generator.semantics.waypoints import with_waypoints
from generator.topology import UNKNOWN, Endpoint

_Named = TypeVar("_Named", Endpoint, Service)
_KINDS = {
    **{"deployment": "Deployment", "deploy": "Deployment", "statefulset": "StatefulSet", "sts": "StatefulSet"},
    **{"daemonset": "DaemonSet", "ds": "DaemonSet", "job": "Job", "cronjob": "CronJob", "pod": "Pod"},
    **{"replicaset": "ReplicaSet", "rs": "ReplicaSet", "service": "Service", "svc": "Service"},
}
_SERVICE = "Service"
_PUBLIC = ("8.8.8.8", "2001:4860:4860::8888")


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection.

    Several endpoints are all meant at once (the pods behind a Service), or, with
    ``is_sample``, stand for many addresses of which nobody said which one. ``service`` is
    set where the name was a Service's, ``note`` says how the name was understood.
    """

    endpoints: tuple[Endpoint, ...]
    note: str = ""
    is_sample: bool = False
    service: Service | None = None


@dataclass(frozen=True, slots=True)
class _Name:
    kind: str
    namespace: str
    name: str


def find_end(cluster: Cluster, text: str, *, port: str | None = None) -> End:
    """Return what *text* names. With *port* it is a server, and a Service that has this port comes first.

    Raises:
        MeshgenError: nothing has that name, several things have it, or nobody can say where it leads.
    """
    found = _address(cluster, text) or _platform(cluster, text) or _labelled(cluster, text)
    found = found or _elsewhere(cluster, text, is_server=port is not None)
    if found:
        return found
    name = _parsed(text)
    if service := _service_host(cluster, text):
        return _behind(cluster, service)
    if "." in name.name and "/" not in text:
        return _host(cluster, text, is_server=port is not None)
    services = [one for one in cluster.services if _is_meant(name, _SERVICE, one.namespace, one.name)]
    workloads = _workloads(cluster, name) if name.kind != _SERVICE else []
    chosen = _chosen_service(services, workloads, port)
    if chosen:
        return _behind(cluster, _only(services, text))
    if not workloads:
        raise MeshgenError(_unknown(cluster, text, is_server=port is not None))
    return End((_only(workloads, text),), _note(services, port))


def _chosen_service(services: list[Service], workloads: list[Endpoint], port: str | None) -> bool:
    """Tell whether a Service is meant: it is the only one of the name, or the port is one of its own."""
    if not services or not workloads:
        return bool(services)
    if port is None:
        return False
    return any(_has_port(one, port) and not one.is_headless for one in services)


def _has_port(service: Service, port: str) -> bool:
    return any(port in (str(one.number), one.name) for one in service.ports)


def _note(services: list[Service], port: str | None) -> str:
    """Say why a Service of the same name was not meant."""
    if not services or port is None:
        return ""
    title = f"the Service {services[0].namespace}/{services[0].name}"
    if services[0].is_headless:
        return f"{title} is headless: clients dial the pod's own port"
    return f"{title} has no port {port}: this is the pod's own"


def _behind(cluster: Cluster, service: Service) -> End:
    title = f"the Service {service.namespace}/{service.name}"
    if service.type == "ExternalName":
        target = service.manifest.spec.get("externalName")
        raise MeshgenError(f"cannot resolve {title}: it is an alias of the host {target}; ask about that host")
    if not service.selector:
        raise MeshgenError(f"cannot resolve {title}: it has no selector; ask about the workload or address behind it")
    known = {one.name: one for one in cluster.endpoints}
    found = [known[cluster.title(one)] for one in cluster.behind(service)]
    found = found or [one for one in cluster.endpoints if _selects(service, one)]
    names = ", ".join(one.name for one in found)
    if service.is_headless:
        cure = f"name the workload: {names}" if names else "name the workload behind it"
        raise MeshgenError(f"cannot resolve {title}: it is headless and translates no ports; {cure}")
    if not found:
        raise MeshgenError(f"cannot resolve {title}: no workload that was read has the labels it selects")
    return End(tuple(found), f"{title} leads to {names}", service=service)


def _selects(service: Service, one: Endpoint) -> bool:
    return one.namespace == service.namespace and service.selector.items() <= one.labels.items()


def _service_host(cluster: Cluster, text: str) -> Service | None:
    """Return the Service of a name like ``api.shop.svc.cluster.local``."""
    parts = text.split(".")
    if len(parts) < 3 or parts[2] != "svc":
        return None
    for one in cluster.services:
        if [one.name, one.namespace] == parts[:2]:
            return one
    raise MeshgenError(_unknown(cluster, f"{parts[1]}/{parts[0]}", is_server=True))


def _address(cluster: Cluster, text: str) -> End | None:
    """Return an address, or for a range one address of every part that policies tell apart."""
    try:
        network = ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None
    if network.num_addresses == 1:
        return End((_at(str(network.network_address)),))
    inside = [one for one in _samples(cluster) if ipaddress.ip_address(one) in network]
    first = str(network.network_address + 1)
    return End(tuple(map(_at, dict.fromkeys((first, *inside)))), is_sample=True)


def _host(cluster: Cluster, text: str, *, is_server: bool) -> End:
    """A host outside of the cluster may have any public address; that is all a NetworkPolicy can be asked."""
    if not is_server:
        raise MeshgenError(f"{text!r} is a host: a client is a workload, an address, a gateway or prometheus")
    public = [one for one in _samples(cluster) if ipaddress.ip_address(one).is_global]
    note = f"{text} may have any public address: NetworkPolicy knows no host names"
    return End(tuple(map(_at, dict.fromkeys((*_PUBLIC, *public)))), note, is_sample=True)


def _samples(cluster: Cluster) -> list[str]:
    return sorted(addresses(known_ranges(cluster.environment, cluster.bundle)))


def _at(address: str) -> Endpoint:
    return Endpoint(f"the address {address}", address=address)


def _platform(cluster: Cluster, text: str) -> End | None:
    """Return pods of the platform by the words for them: ``gateway NAME``, ``prometheus``, ``dns``, ``istiod``."""
    environment, words = cluster.environment, text.lower().replace("/", " ", 1).split()
    known = {"dns": environment.dns.pods, "istiod": environment.istio.control_plane}
    if environment.prometheus:
        known["prometheus"] = environment.prometheus.pods
    if words in (["node"], ["kubelet"]):
        return End((own_node(environment),))
    if len(words) == 1 and words[0] in known:
        return _pods(cluster, known[words[0]])
    if words == ["prometheus"]:
        raise MeshgenError(f"the environment {environment.name!r} says nothing of Prometheus: choose one with --env")
    if len(words) != 2 or words[0] != "gateway":
        return None
    gateways = environment.gateways
    if gateways is None:
        raise MeshgenError(f"the environment {environment.name!r} says nothing of gateways: choose one with --env")
    if words[1] not in gateways:
        cure = suggestion(words[1], gateways)
        raise MeshgenError(f"the environment {environment.name!r} has no gateway {words[1]!r}: {cure}")
    return _pods(cluster, gateways[words[1]].pods)


def _pods(cluster: Cluster, pods: Pods) -> End:
    found = [
        one
        for one in cluster.endpoints
        if one.namespace == pods.namespace and pods.labels.items() <= one.labels.items()
    ]
    return End(tuple(found[:1]))


def _labelled(cluster: Cluster, text: str) -> End | None:
    """Return pods of which only labels are known: ``NAMESPACE/key=value,key=value``."""
    namespace, slash, rest = text.partition("/")
    pairs = [one.partition("=") for one in rest.split(",")]
    if not slash or not namespace or not all(key and sign for key, sign, _ in pairs):
        return None
    labels = {key: value for key, _, value in pairs}
    shown, stated = cluster.namespaces.get(namespace), cluster.environment.mesh_namespaces.get(namespace)
    mesh = stated if shown is None and stated else mesh_mode(namespace, shown, labels, {}, is_host_network=False)
    return End((Endpoint(text, namespace, labels, cluster.namespace_labels(namespace), mesh=mesh or UNKNOWN),))


def _elsewhere(cluster: Cluster, text: str, *, is_server: bool) -> End | None:
    """Return a caller in another cluster of the mesh: ``CLUSTER/NAMESPACE/SERVICEACCOUNT``."""
    parts, others = text.split("/"), cluster.environment.clusters or {}
    if len(parts) != 3 or not others or parts[0].lower() in _KINDS:
        return None
    if parts[0] not in others:
        cure = suggestion(parts[0], others)
        raise MeshgenError(f"the environment {cluster.environment.name!r} has no cluster {parts[0]!r}: {cure}")
    other, who = others[parts[0]], f"{parts[1]}/{parts[2]}"
    where = [*(other.door.addresses if other.door else ()), *(other.pods or ())]
    if is_server:
        cure = f"ask about the address that it is dialled at: {' or '.join(where) or 'the environment states none'}"
        raise MeshgenError(f"{text!r} is in another cluster, where its own policies decide: {cure}")
    found = [one for one in neighbours(cluster.environment, [(parts[1], parts[2])]) if one.cluster == parts[0]]
    found = [one for one in found if f": {who}, " in one.name]
    if not found:
        cure = "connections come from its pods (clusters.NAME.pods), or through a gateway with role: east-west"
        raise MeshgenError(f"the environment {cluster.environment.name!r} does not say how {text!r} comes here: {cure}")
    spaces = cluster.namespace_labels
    placed = [replace(one, namespace_labels=spaces(one.namespace)) if one.is_pod else one for one in found]
    return End(tuple(placed), f"{text} is who has the identity {who} in the cluster {parts[0]}", is_sample=True)


def _parsed(text: str) -> _Name:
    *before, name = text.split("/")
    kinds = [_KINDS[one.lower()] for one in before if one.lower() in _KINDS]
    namespaces = [one for one in before if one.lower() not in _KINDS]
    if len(kinds) > 1 or len(namespaces) > 1 or not name:
        raise MeshgenError(f"{text!r} is no name: write NAMESPACE/NAME, KIND/NAMESPACE/NAME, an address or a host")
    return _Name("".join(kinds), "".join(namespaces), name)


def _is_meant(wanted: _Name, kind: str, namespace: str, name: str) -> bool:
    is_kind = wanted.kind in ("", kind)
    return is_kind and wanted.name == name and wanted.namespace in ("", namespace)


def _workloads(cluster: Cluster, name: _Name) -> list[Endpoint]:
    known = {one.name: one for one in with_waypoints(cluster.endpoints, cluster.namespaces)}
    shown = {cluster.title(one): one for one in cluster.workloads}
    found = [known[title] for title, one in shown.items() if _is_meant(name, one.kind, one.namespace, one.name)]
    declared = [one for title, one in known.items() if title not in shown and _is_declared(one)]
    return [*found, *(one for one in declared if _is_meant(name, name.kind, one.namespace, _bare(one)))]


def _is_declared(one: Endpoint) -> bool:
    """Tell whether *one* is a workload that a profile declares, not a stranger or the platform."""
    return one.is_pod and one.name.startswith(f"{one.namespace}/")


def _bare(one: Endpoint) -> str:
    return one.name.removeprefix(f"{one.namespace}/")


def _only(found: list[_Named], text: str) -> _Named:
    if len(found) > 1:
        raise MeshgenError(f"{text!r} may be {_listed(_titles(found))}: say which, with its namespace or kind")
    return found[0]


def _titles(found: Iterable[Endpoint | Service]) -> Iterator[str]:
    for one in found:
        yield one.name if isinstance(one, Endpoint) else f"{one.namespace}/{one.name}"


def _listed(names: Iterable[str]) -> str:
    return " or ".join(sorted(set(names)))


def _unknown(cluster: Cluster, text: str, *, is_server: bool) -> str:
    names = [one.name for one in cluster.endpoints if _is_declared(one)]
    names += list(_titles(cluster.services)) if is_server else []
    if not names:
        cure = "no workload was read; name pods by their labels (NAMESPACE/app=web), or add the manifests"
        return f"there is no {text!r}: {cure}"
    by_bare = {name.rpartition("/")[2]: name for name in names}
    cure = suggestion(text, names) if "/" in text else suggestion(text, by_bare)
    return f"there is no {text!r}: {cure}"
