"""Everything around a bundle that istiod's analyzers look at: namespaces, pods with their proxies, Services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from generator.model.peers import WorkloadPeer
from generator.model.terms import Mesh
from tests.judges.bundles import Object, Rendered
from tests.judges.topology import Pod, build

PROXY = {"name": "istio-proxy", "image": "example.com/proxy"}


def with_surroundings(example: Rendered, objects: Sequence[Object]) -> list[Object]:
    """Return *objects*, and what *example* is for as far as none of them is it."""
    known = {_key(one) for one in objects}
    return [*objects, *(one for one in _around(example) if _key(one) not in known)]


def _key(one: Object) -> tuple[str, str, str]:
    return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]


def _around(example: Rendered) -> Iterator[Object]:
    bundle = example.bundle
    cluster = build(bundle.intent, bundle.environment)
    modes = {one.name: one.mesh for one in bundle.intent.namespaces.values()}
    for name, labels in cluster.namespaces.items():
        injection = {"istio-injection": "enabled"} if modes.get(name) is Mesh.SIDECAR else {}
        yield _object("Namespace", "", name, {}, labels={**injection, **labels})
    ambient = {one.key for one in bundle.intent.workloads.values() if one.mesh is Mesh.AMBIENT}
    for pod in cluster.pods:
        if pod.replica == 1:
            is_ambient = (pod.namespace, pod.workload) in ambient or modes.get(pod.namespace) is Mesh.AMBIENT
            yield _pod(pod, is_ambient=is_ambient and not pod.mesh)
    yield from _services(example)


def _services(example: Rendered) -> Iterator[Object]:
    """Yield the Services of workloads, those that a gateway's routes lead to, and those of the gateways."""
    intent, environment = example.bundle.intent, example.bundle.environment
    for workload in intent.workloads.values():
        ports = [_port(one.protocol, one.number, one.number, one.transport) for one in workload.ports]
        routes = [one.route for one in intent.flows if one.route and one.server == WorkloadPeer(*workload.key)]
        for name in {workload.service or workload.name, *(one.service for one in routes)} if ports else ():
            routed = {one.port for one in routes if one.service == name}
            behind = [_port("http", number, ports[0]["targetPort"], "TCP") for number in sorted(routed)]
            yield _service(workload.namespace, name, workload.labels, [*ports, *behind])
    for gateway in (environment.gateways or {}).values():
        ports = [_port("http", number, number, "TCP") for number in gateway.ports]
        yield _service(gateway.pods.namespace, f"gateway-{gateway.name}", gateway.pods.labels, ports)
        if service := gateway.service:
            dialled = [_port("tls", service.port, service.target, "TCP")]
            yield _service(gateway.pods.namespace, service.host.partition(".")[0], gateway.pods.labels, dialled)


def _pod(pod: Pod, *, is_ambient: bool) -> Object:
    """Return *pod*, as the injector or the CNI plugin would have left it."""
    containers = [{"name": "main", "image": "example.com/main"}, *([PROXY] if pod.mesh else [])]
    labels = {**dict(pod.labels), **({} if pod.mesh or is_ambient else {"sidecar.istio.io/inject": "false"})}
    spec = {"serviceAccountName": pod.account, "containers": containers}
    made = _object("Pod", pod.namespace, pod.owner, spec, labels)
    made["metadata"] |= {"annotations": {"ambient.istio.io/redirection": "enabled"}} if is_ambient else {}
    return made


def _service(namespace: str, name: str, labels: Any, ports: list[Object]) -> Object:
    return _object("Service", namespace, name, {"selector": dict(labels), "ports": ports})


def _port(protocol: str, number: int, target: int, transport: str) -> Object:
    return {"name": f"{protocol}-{number}", "port": number, "targetPort": target, "protocol": transport}


def _object(kind: str, namespace: str, name: str, spec: Object, labels: Any = None) -> Object:
    metadata = {
        "name": name,
        **({"namespace": namespace} if namespace else {}),
        **({"labels": dict(labels)} if labels else {}),
    }
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **({"spec": spec} if spec else {})}
