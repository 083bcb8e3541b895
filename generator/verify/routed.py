"""Which workload answers for which host and path behind a gateway: the routes as meant, and as the YAML says.

Read from the objects alone, as Istio does: a VirtualService counts only at a Gateway whose
pods are the gateway's and which serves its hosts for its namespace; an HTTPRoute only at
its parent. Routes are a layer of their own: the network and the proxies decide about
whatever they lead to.
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.patterns import matches, representatives
from generator.core.frozen import dataclass
from generator.core.places import Place
from generator.environment.model import Environment, Gateway
from generator.manifests.bundle import Bundle
from generator.manifests.objects import Manifest, mapping, sequence, strings
from generator.manifests.routing import (
    GATEWAY_API,
    ISTIO,
    Backend,
    gateway_selector,
    read_route,
    read_virtual_service,
)
from generator.model.intent import Intent
from generator.model.peers import GatewayPeer, WorkloadPeer

_Door = tuple[str, str]
"""A gateway and a host that it serves."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Requests for a host, on some paths, that a gateway sends to the port of a Service; no paths are all of them."""

    door: _Door
    paths: tuple[str, ...]
    backend: tuple[str, str, int | None]
    is_tls: bool
    place: Place

    def takes(self, path: str) -> bool:
        """Tell whether a request for *path* goes there."""
        return not self.paths or any(matches(pattern, path) for pattern in self.paths)


@dataclass(frozen=True, slots=True)
class Misrouted:
    """Requests that go elsewhere than they were meant to, or (``is_weaker``) without the TLS that was asked for."""

    route: Routed
    path: str
    is_lost: bool
    is_weaker: bool = False


def compare_routes(intent: Intent, environment: Environment, bundle: Bundle) -> Iterator[Misrouted]:
    """Yield where *bundle* sends requests other than *intent* says.

    A path that nobody asked for may lead to a workload that has the host anyway: what it
    does not take it refuses itself. It must not lead to another one.
    """
    intended, effective = list(_intended(intent)), list(_effective(bundle, environment))
    for door in sorted({one.door for one in (*intended, *effective)}):
        wanted = [one for one in intended if one.door == door]
        found = [one for one in effective if one.door == door]
        for path in representatives({path for one in (*wanted, *found) for path in one.paths}, prefix="/"):
            yield from _compare(wanted, found, path)
        is_secret = any(one.is_tls for one in wanted)
        yield from (Misrouted(one, "/", False, True) for one in found if is_secret and not one.is_tls)


def _compare(wanted: list[Routed], found: list[Routed], path: str) -> Iterator[Misrouted]:
    meant = {one.backend for one in wanted if one.takes(path)}
    real = {one.backend for one in found if one.takes(path)}
    known = {one.backend for one in wanted}
    yield from (Misrouted(one, path, True) for one in wanted if one.takes(path) and one.backend not in real)
    for one in found:
        if one.takes(path) and one.backend not in meant and (meant or one.backend not in known):
            yield Misrouted(one, path, False)


def _intended(intent: Intent) -> Iterator[Routed]:
    for flow in intent.flows:
        client, server = flow.client, flow.server
        if flow.route and flow.request and isinstance(client, GatewayPeer) and isinstance(server, WorkloadPeer):
            backend = (server.namespace, flow.route.service, flow.route.port)
            for host in flow.request.hosts:
                place = flow.origin.place
                yield Routed((client.gateway, host), flow.request.paths, backend, bool(flow.route.tls), place)


def _effective(bundle: Bundle, environment: Environment) -> Iterator[Routed]:
    for manifest in bundle.others.get("VirtualService", ()):
        route = read_virtual_service(manifest)
        for backend, server in _attached(route.backends, bundle):
            for host, is_tls in _served(server, manifest.namespace):
                for gateway in _serving(server, environment) if host in route.hosts else ():
                    yield _routed(gateway, host, backend, is_tls=is_tls)
    for manifest in bundle.others.get("HTTPRoute", ()):
        route = read_route(manifest)
        for backend in route.backends:
            for gateway in (environment.gateways or {}).values():
                known = (GATEWAY_API, gateway.pods.namespace, gateway.gateway)
                if any((one.api, one.namespace, one.name) == known for one in backend.gateways):
                    # TLS ends at the Gateway's listener, which no bundle holds.
                    yield from (_routed(gateway, host, backend, is_tls=True) for host in route.hosts)


def _routed(gateway: Gateway, host: str, backend: Backend, *, is_tls: bool) -> Routed:
    end = (backend.namespace, backend.service, backend.port)
    return Routed((gateway.name, host), backend.paths, end, is_tls, backend.place)


def _attached(backends: tuple[Backend, ...], bundle: Bundle) -> Iterator[tuple[Backend, Manifest]]:
    servers = [one for one in bundle.others.get("Gateway", ()) if one.group == ISTIO]
    for backend in backends:
        names = {(one.namespace, one.name) for one in backend.gateways}
        yield from ((backend, one) for one in servers if (one.namespace, one.name) in names)


def _served(server: Manifest, namespace: str) -> Iterator[tuple[str, bool]]:
    """Yield the hosts that a Gateway of Istio serves for routes of *namespace*, and whether over TLS."""
    for one in map(mapping, sequence(server.spec.get("servers"))):
        is_tls = mapping(one.get("port")).get("protocol") == "HTTPS" and bool(
            mapping(one.get("tls")).get("credentialName")
        )
        for text in strings(one.get("hosts")):
            home, _, host = text.rpartition("/")
            if home in ("", "*", namespace) or (home == "." and server.namespace == namespace):
                yield host, is_tls


def _serving(server: Manifest, environment: Environment) -> Iterator[Gateway]:
    labels = gateway_selector(server)
    for gateway in (environment.gateways or {}).values():
        if labels and labels.items() <= gateway.pods.labels.items():
            yield gateway
