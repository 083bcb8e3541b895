"""Ways out of the cluster through a gateway, from the YAML alone: where sidecars send a host, where a gateway does.

Which objects a proxy knows, and which of two DestinationRules counts: istio 1.30.3
pilot/pkg/model/push_context.go (exportTo; the client's namespace, then the server's, then the
root). Which routes a gateway's server takes: pilot/pkg/networking/core/gateway.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from generator.core.frozen import dataclass
from generator.core.places import Place
from generator.manifests.bundle import Bundle
from generator.manifests.objects import Manifest, mapping, sequence, strings, texts
from generator.manifests.relays import (
    ClientTls,
    Relay,
    Server,
    chosen_labels,
    client_tls,
    covers,
    entry_ports,
    is_resolved,
    is_visible,
    read_relays,
    read_servers,
)
from generator.manifests.routing import ISTIO, MESH, service_of_host

_SPOKEN = {"http": ("HTTP", "HTTP2", "GRPC"), "tls": ("TLS", "HTTPS"), "tcp": ("TLS", "HTTPS", "TCP")}
_TERMINATING = frozenset({"SIMPLE", "MUTUAL", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL"})


@dataclass(frozen=True, slots=True)
class Departure:
    """Where sidecars of a namespace send connections for *name* on *port* (None: any), and in which TLS.

    ``is_known`` tells whether they know the host on that port at all, ``is_partial`` that some requests only go there.
    """

    namespace: str
    name: str
    port: int | None
    protocol: str
    destination: str
    destination_port: int | None
    tls: ClientTls
    is_known: bool
    is_partial: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the pods of a gateway do with connections that come under *name* on a port of their Service.

    ``mode`` is how they take TLS, ``target`` the port that they dial for ``destination``; None: they do not know it.
    ``is_partial`` says that they do so with some requests only.
    """

    name: str
    port: int | None
    mode: str
    protocol: str
    destination: str
    target: int | None
    tls: ClientTls
    is_partial: bool
    place: Place


class Exits:
    """The routes of a set of manifests."""

    def __init__(self, bundle: Bundle, root_namespace: str) -> None:
        """Read the routes, servers, hosts and client settings of *bundle*."""
        self._root = root_namespace
        self._relays = [one for each in _istio(bundle, "VirtualService") for one in read_relays(each)]
        self._servers = [one for each in _istio(bundle, "Gateway") for one in read_servers(each)]
        self._entries, self._rules = _istio(bundle, "ServiceEntry"), _istio(bundle, "DestinationRule")
        self._sidecars = _istio(bundle, "Sidecar")

    @property
    def are_there(self) -> bool:
        """Whether anything here routes at all."""
        return bool(self._relays)

    def departures(self, namespace: str, labels: Mapping[str, str] | None = None) -> Iterator[Departure]:
        """Yield where sidecars of *namespace* send hosts outside; with *labels* those of such pods."""
        for relay in self._relays:
            if MESH not in relay.gateways or not is_visible(relay.manifest, namespace):
                continue
            tls = self._client_tls(namespace, labels or {}, relay.destination, relay.subset, relay.destination_port)
            service = service_of_host(relay.destination, namespace)
            is_seen = service is None or self._is_in_scope(namespace, labels, service[0], relay.destination)
            for name in relay.names:
                if service_of_host(name, relay.manifest.namespace) is not None or name == "*":
                    continue
                known = [one for one in self._entries if self._is_in_scope(namespace, labels, one.namespace, name)]
                target = self._target(known, namespace, name, relay.port, relay.protocol)
                yield Departure(
                    namespace,
                    name,
                    relay.port,
                    relay.protocol,
                    relay.destination,
                    relay.destination_port,
                    tls,
                    target is not None and is_seen,
                    relay.is_partial,
                    relay.place,
                )

    def arrivals(self, namespace: str, labels: Mapping[str, str]) -> Iterator[Arrival]:
        """Yield what gateway pods with *labels* in *namespace* do with what comes to them."""
        for server in self._servers:
            if not server.labels or not server.labels.items() <= labels.items():
                continue
            for relay in self._relays:
                if self._is_attached(server, relay, namespace):
                    yield self._arrival(server, relay, namespace, labels)

    def _arrival(self, server: Server, relay: Relay, namespace: str, labels: Mapping[str, str]) -> Arrival:
        resolved = [one for one in self._entries if is_resolved(one)]  # the client went to the gateway itself
        return Arrival(
            server.host,
            server.port,
            server.mode,
            relay.protocol,
            relay.destination,
            self._target(resolved, namespace, relay.destination, relay.destination_port, relay.protocol),
            self._client_tls(namespace, labels, relay.destination, relay.subset, relay.destination_port),
            relay.is_partial,
            relay.place,
        )

    def _is_attached(self, server: Server, relay: Relay, namespace: str) -> bool:
        """Tell whether *server* takes *relay*: a server that terminates TCP takes `tcp`, HTTPS `http`, others `tls`."""
        if f"{server.manifest.namespace}/{server.manifest.name}" not in relay.gateways:
            return False
        is_visible_here = is_visible(relay.manifest, namespace) and server.home in ("*", relay.manifest.namespace)
        is_named = any(covers(server.host, one) or covers(one, server.host) for one in relay.names)
        is_on = relay.port in (None, server.port)
        ends_here = server.mode in _TERMINATING or not server.mode
        wanted = "http" if server.protocol.startswith(("HTTP", "GRPC")) and ends_here else "tcp" if ends_here else "tls"
        return is_visible_here and is_named and is_on and relay.protocol == wanted

    def _target(
        self, entries: Sequence[Manifest], namespace: str, host: str, port: int | None, protocol: str
    ) -> int | None:
        """Return the port that proxies of *namespace* really dial for *host*; None if they do not know it there."""
        for entry in entries:
            if host in strings(entry.spec.get("hosts")) and is_visible(entry, namespace):
                ports = entry_ports(entry)
                spoken, target = ports.get(port or 0, ("", 0))
                if spoken in _SPOKEN[protocol]:
                    return target
        return None

    def _client_tls(
        self, namespace: str, labels: Mapping[str, str], host: str, subset: str, port: int | None
    ) -> ClientTls:
        rules = [one for one in self._rules if covers(str(one.spec.get("host") or ""), host)]
        rules = [one for one in rules if chosen_labels(one).items() <= labels.items() and is_visible(one, namespace)]
        for home in (namespace, *self._homes(host), self._root):
            own = [one for one in rules if one.namespace == home]
            if own:
                found = [client_tls(one, subset, port) for one in own]
                return next((one for one in found if one.mode), found[0])
        return ClientTls()

    def _homes(self, host: str) -> list[str]:
        service = service_of_host(host, "")
        if service is not None:
            return [service[0]]
        return [one.namespace for one in self._entries if host in strings(one.spec.get("hosts"))]

    def _is_in_scope(self, namespace: str, labels: Mapping[str, str] | None, home: str, host: str) -> bool:
        """Tell whether Sidecar objects let proxies of *namespace* know *host*, which is declared in *home*."""
        for one in self._sidecars:
            chosen = texts(mapping(one.spec.get("workloadSelector")).get("labels"))
            listeners = list(map(mapping, sequence(one.spec.get("egress"))))
            is_ours = one.namespace == namespace and (labels is None or chosen.items() <= labels.items())
            hosts = [text for each in listeners for text in strings(each.get("hosts"))]
            if is_ours and listeners and not any(_is_scope(text, one.namespace, home, host) for text in hosts):
                return False
        return True


def _istio(bundle: Bundle, kind: str) -> Sequence[Manifest]:
    return [one for one in bundle.others.get(kind, ()) if one.group == ISTIO]


def _is_scope(text: str, home: str, namespace: str, host: str) -> bool:
    where, _, name = text.rpartition("/")
    return where in ("*", namespace, "." if namespace == home else "*") and covers(name, host)
