"""Who is sent where: VirtualService and Gateway (networking.istio.io), HTTPRoute and its like (Gateway API)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.core.frozen import dataclass
from generator.core.places import Json, Place, Route
from generator.manifests.objects import Manifest, mapping, sequence, strings, texts

ISTIO = "networking.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"
ROUTE_KINDS = frozenset({"HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"})
MESH = "mesh"
"""The name that stands for all sidecars among a VirtualService's gateways; the default."""

_CLUSTER_DOMAIN = "cluster.local"


@dataclass(frozen=True, slots=True)
class GatewayName:
    """A gateway that a route is attached to; ``api`` is the group of the Gateway object."""

    api: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service that a route leads to. ``port`` None: the only one the Service has.

    ``paths`` are patterns (``/a``, ``/a/*``) of the requests that go there; without any, all of them.
    """

    namespace: str
    service: str
    port: int | None
    gateways: tuple[GatewayName, ...]
    has_mesh: bool
    place: Place
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteObject:
    """One VirtualService or Gateway API route."""

    manifest: Manifest
    hosts: tuple[str, ...]
    backends: tuple[Backend, ...]


def read_virtual_service(manifest: Manifest) -> RouteObject:
    """Read a VirtualService; a match may narrow the gateways of its route."""
    spec = manifest.spec
    attached = strings(spec.get("gateways")) or (MESH,)
    found = []
    for protocol in ("http", "tls", "tcp"):
        for index, route in enumerate(map(mapping, sequence(spec.get(protocol)))):
            narrowed = [strings(mapping(one).get("gateways")) for one in sequence(route.get("match"))]
            names = tuple(dict.fromkeys(name for each in narrowed for name in each)) if all(narrowed) else ()
            at: Route = ("spec", protocol, index, "route")
            paths = _uris(route) if protocol == "http" else ()
            found += list(_destinations(manifest, route, at, names or attached, paths))
    return RouteObject(manifest, strings(spec.get("hosts")), tuple(found))


def _destinations(
    manifest: Manifest, route: Mapping[str, Json], at: Route, names: tuple[str, ...], paths: tuple[str, ...]
) -> Iterator[Backend]:
    gateways = tuple(_gateway_name(name, manifest.namespace) for name in names if name != MESH)
    for index, entry in enumerate(map(mapping, sequence(route.get("route")))):
        destination = mapping(entry.get("destination"))
        number = mapping(destination.get("port")).get("number")
        service = service_of_host(str(destination.get("host") or ""), manifest.namespace)
        if service is not None:
            place = manifest.place(*at, index, "destination", "host")
            port = number if isinstance(number, int) else None
            yield Backend(*service, port, gateways, MESH in names, place, paths)


def _uris(route: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the paths of a VirtualService's rule; none if some match takes any path, or those of a regex."""
    found = []
    for one in map(mapping, sequence(route.get("match"))):
        uri = mapping(one.get("uri"))
        if "exact" not in uri and "prefix" not in uri:
            return ()
        found.append(str(uri["exact"]) if "exact" in uri else f"{uri['prefix']}*")
    return tuple(found)


def _gateway_name(name: str, namespace: str) -> GatewayName:
    where, _, own = name.rpartition("/")
    return GatewayName(ISTIO, where or namespace, own)


def service_of_host(host: str, namespace: str) -> tuple[str, str] | None:
    """Return namespace and name of the Service that *host* means; None for hosts outside the cluster and patterns.

    One word is a Service of the object's own namespace; NAME.NAMESPACE.svc needs no more.
    """
    words = host.removesuffix(f".{_CLUSTER_DOMAIN}").split(".")
    if not host or "*" in host:
        return None
    if len(words) == 1:
        return namespace, words[0]
    return (words[1], words[0]) if words[2:] == ["svc"] else None


def read_route(manifest: Manifest) -> RouteObject:
    """Read a route of the Gateway API; a parent that is a Service is for clients in the mesh."""
    gateways, has_mesh = [], False
    for parent in map(mapping, sequence(manifest.spec.get("parentRefs"))):
        if str(parent.get("kind") or "Gateway") == "Gateway":
            namespace = str(parent.get("namespace") or manifest.namespace)
            gateways.append(GatewayName(GATEWAY_API, namespace, str(parent.get("name") or "")))
        else:
            has_mesh = True
    found = []
    for index, rule in enumerate(map(mapping, sequence(manifest.spec.get("rules")))):
        paths = tuple(_path_matches(rule))
        for position, backend in enumerate(map(mapping, sequence(rule.get("backendRefs")))):
            if str(backend.get("kind") or "Service") != "Service" or backend.get("group"):
                continue
            place = manifest.place("spec", "rules", index, "backendRefs", position)
            port = backend.get("port")
            namespace = str(backend.get("namespace") or manifest.namespace)
            number = port if isinstance(port, int) else None
            service = str(backend.get("name") or "")
            found.append(Backend(namespace, service, number, tuple(gateways), has_mesh, place, paths))
    return RouteObject(manifest, strings(manifest.spec.get("hostnames")), tuple(found))


def _path_matches(rule: Mapping[str, Json]) -> Iterator[str]:
    """Yield the paths of an HTTPRoute's rule; PathPrefix goes by whole segments, and to it /a/ is /a."""
    for one in map(mapping, sequence(rule.get("matches"))):
        path = mapping(one.get("path"))
        value = str(path.get("value") or "/")
        if path.get("type") == "Exact":
            yield value
        elif path.get("type") == "RegularExpression" or not value.rstrip("/"):
            yield "/*"
        else:
            yield from (value.rstrip("/"), f"{value.rstrip('/')}/*")


def gateway_selector(manifest: Manifest) -> dict[str, str]:
    """Return the labels of the pods that serve an Istio Gateway, in whatever namespace they run."""
    return texts(manifest.spec.get("selector"))
