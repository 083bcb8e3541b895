"""Objects that pass connections on by the name of a host outside: VirtualService, Gateway, ServiceEntry, in detail.

`routing` reads who is sent to which Service; here every route counts, whatever it leads to, with
what it is told apart by. Sources: istio api networking/v1alpha3, virtual_service.proto,
gateway.proto, service_entry.proto, destination_rule.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.core.frozen import dataclass
from generator.core.places import Json, Place
from generator.manifests.objects import Manifest, mapping, sequence, strings, texts
from generator.manifests.routing import MESH

PROTOCOLS = ("http", "tls", "tcp")


@dataclass(frozen=True, slots=True)
class Relay:
    """One route of a VirtualService to one destination; without ``port`` or ``names`` it takes any.

    ``names`` are those of the TLS handshake (SNI) for a route of ``tls``, else the object's hosts, or the one
    that a match of HTTP asks for.
    ``is_partial`` says that it takes some requests of those only.
    """

    manifest: Manifest
    protocol: str
    names: tuple[str, ...]
    gateways: tuple[str, ...]
    port: int | None
    destination: str
    destination_port: int | None
    subset: str
    is_partial: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a Gateway of Istio for one host; ``home`` is the namespace whose routes it takes, or ``*``."""

    manifest: Manifest
    labels: Mapping[str, str]
    host: str
    home: str
    port: int | None
    protocol: str
    mode: str
    place: Place


@dataclass(frozen=True, slots=True)
class ClientTls:
    """How proxies open connections: the mode of TLS (empty: nothing said), and what goes with it."""

    mode: str = ""
    name: str = ""
    credential: str = ""
    checked: tuple[str, ...] = ()
    place: Place | None = None


def is_visible(manifest: Manifest, namespace: str) -> bool:
    """Tell whether proxies of *namespace* know *manifest* by its ``exportTo``; without one everybody does."""
    told = strings(manifest.spec.get("exportTo"))
    own = namespace == manifest.namespace
    return not told or "*" in told or namespace in told or ("." in told and own)


def read_relays(manifest: Manifest) -> Iterator[Relay]:
    """Yield every route of a VirtualService, once for each of its matches and destinations."""
    hosts, attached = strings(manifest.spec.get("hosts")), strings(manifest.spec.get("gateways")) or (MESH,)
    for protocol in PROTOCOLS:
        for index, route in enumerate(map(mapping, sequence(manifest.spec.get(protocol)))):
            for match in map(mapping, sequence(route.get("match")) or [{}]):
                told, decided = _told(protocol, match, hosts)
                names = tuple(
                    one
                    for one in told
                    if any(covers(host, one) for host in hosts if host != "*" or MESH not in attached)
                )
                gateways = strings(match.get("gateways")) or attached
                port = match.get("port")
                is_partial = bool(match.keys() - {"port", "gateways", *decided})
                for number, entry in enumerate(map(mapping, sequence(route.get("route")))):
                    destination = mapping(entry.get("destination"))
                    yield Relay(
                        manifest,
                        protocol,
                        names,
                        tuple(_qualified(one, manifest.namespace) for one in gateways),
                        port if isinstance(port, int) else None,
                        str(destination.get("host") or ""),
                        _number(destination.get("port")),
                        str(destination.get("subset") or ""),
                        is_partial,
                        manifest.place("spec", protocol, index, "route", number, "destination", "host"),
                    )


def _told(protocol: str, match: Mapping[str, Json], hosts: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that *match* tells calls apart by, and its fields that do nothing else.

    Who asks for a host with a port behind it leaves out the requests that do not spell it out.
    """
    if protocol == "tls":
        return strings(match.get("sniHosts")), ("sniHosts",)
    asked = str(mapping(match.get("authority")).get("exact") or "") if protocol == "http" else ""
    if not asked:
        return hosts, ()
    host, _, port = asked.partition(":")
    return (host,), () if port else ("authority",)


def _qualified(name: str, namespace: str) -> str:
    return name if name == MESH or "/" in name else f"{namespace}/{name}"


def _number(port: Json) -> int | None:
    number = mapping(port).get("number")
    return number if isinstance(number, int) else None


def read_servers(manifest: Manifest) -> Iterator[Server]:
    """Yield the servers of a Gateway of Istio, once for each host."""
    labels = texts(manifest.spec.get("selector"))
    for index, one in enumerate(map(mapping, sequence(manifest.spec.get("servers")))):
        port, tls = mapping(one.get("port")), mapping(one.get("tls"))
        for position, text in enumerate(strings(one.get("hosts"))):
            home, _, host = text.rpartition("/")
            yield Server(
                manifest,
                labels,
                host,
                manifest.namespace if home == "." else home or "*",
                _number(port),
                str(port.get("protocol") or "").upper(),
                str(tls.get("mode") or ("SIMPLE" if tls else "")),
                manifest.place("spec", "servers", index, "hosts", position),
            )


def entry_ports(manifest: Manifest) -> dict[int, tuple[str, int]]:
    """Return the ports of a ServiceEntry: what each speaks, and the port that proxies really dial."""
    found = {}
    for one in map(mapping, sequence(manifest.spec.get("ports"))):
        number, target = one.get("number"), one.get("targetPort")
        if isinstance(number, int):
            found[number] = str(one.get("protocol") or "").upper(), target if isinstance(target, int) else number
    return found


def client_tls(manifest: Manifest, subset: str, port: int | None) -> ClientTls:
    """Return what a DestinationRule says of TLS to *port* of a *subset*: that of the port wins, then the subset's."""
    found = ClientTls(place=manifest.place("spec", "host"))
    policies = [mapping(manifest.spec.get("trafficPolicy"))]
    named = [one for one in map(mapping, sequence(manifest.spec.get("subsets"))) if one.get("name") == subset]
    policies += [mapping(one.get("trafficPolicy")) for one in named]
    for policy in policies:
        levels = list(map(mapping, sequence(policy.get("portLevelSettings"))))
        own = [one for one in levels if port is not None and _number(one.get("port")) == port]
        for settings in (policy, *own):
            tls = mapping(settings.get("tls"))
            if tls:
                found = ClientTls(
                    str(tls.get("mode") or "DISABLE"),
                    str(tls.get("sni") or ""),
                    str(tls.get("credentialName") or ""),
                    strings(tls.get("subjectAltNames")),
                    found.place,
                )
    return found


def is_resolved(manifest: Manifest) -> bool:
    """Tell whether proxies look up where a ServiceEntry's hosts are, and do not just go where the client went."""
    return str(manifest.spec.get("resolution") or "NONE") != "NONE"


def covers(pattern: str, host: str) -> bool:
    """Tell whether *pattern* is *host*, or a wildcard over it."""
    return pattern in (host, "*") or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def chosen_labels(manifest: Manifest) -> dict[str, str]:
    """Return the labels of the pods that a DestinationRule is for; none: every pod that sees it."""
    return texts(mapping(manifest.spec.get("workloadSelector")).get("matchLabels"))
