"""Can this client reach that server, and what decides it: one question, answered layer by layer.

The layers are those that meshgen renders: NetworkPolicy at both ends, PeerAuthentication,
AuthorizationPolicy; and the routes of hosts outside, through a gateway or elsewhere. What
else may stop or divert a connection (other DestinationRules, Sidecars, routes,
waypoints, other network plugins' own policies) is not analysed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from generator.core.errors import MeshgenError
from generator.core.names import suggestion
from generator.manifests.workloads import ServicePort
from generator.semantics.cluster import Cluster
from generator.semantics.ends import End, find_end
from generator.semantics.mesh import MeshVerdicts
from generator.semantics.reasons import Answer, Verdict, all_of
from generator.semantics.requests import (
    CLAIM,
    HEADER,
    HOST,
    METHOD,
    PATH,
    PRINCIPAL,
    Request,
    connections_of,
    patterns_of,
    requests_of,
)
from generator.semantics.why_exits import at_gateway, first_route, second_route, way_out
from generator.semantics.why_mesh import Pair, authorization_layer, mtls_layer
from generator.semantics.why_network import Scene, network_layers
from generator.topology import Endpoint, Point

_TRANSPORTS = ("TCP", "UDP", "SCTP")
_HIGHEST = 65535
_METHOD = re.compile(r"[A-Za-z][A-Za-z-]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that is meant; without a method every request is."""

    method: str | None = None
    path: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [self.method or "", self.path or ""]
        words += [f"{name}={value}" for name, value in (*self.headers.items(), *self.claims.items())]
        return " ".join(word for word in words if word)

    def fixed(self) -> dict[str, str]:
        """Return what is said, by dimension."""
        found = {METHOD: self.method or "", PATH: (self.path or "").partition("?")[0]}
        found = {name: value for name, value in found.items() if value}
        for name, value in self.headers.items():
            found[HOST if name.lower() in ("host", ":authority") else HEADER + name.lower()] = value
        found |= {CLAIM + name: value for name, value in self.claims.items()}
        if "iss" in self.claims and "sub" in self.claims:
            found[PRINCIPAL] = f"{self.claims['iss']}/{self.claims['sub']}"
        return found


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to one question: for every pair that the two names stand for, layer by layer."""

    source: str
    target: str
    asked: Asked
    answers: tuple[Answer, ...]
    notes: tuple[str, ...]
    is_sample: bool = False

    @property
    def verdict(self) -> Verdict:
        """Yes if all pairs connect; of a range of addresses, unknown where they differ.

        On the way through a gateway the pods between are no range: one of them alone can stop it.
        """
        between = [one for one in self.answers if not one.client.address and not one.server.address]
        if any(one.verdict is Verdict.NO for one in between):
            return Verdict.NO
        found = {one.verdict for one in self.answers}
        return Verdict.UNKNOWN if self.is_sample and len(found) > 1 else all_of(found)


def explain(cluster: Cluster, source: str, target: str, asked: Asked) -> Explanation:
    """Answer whether *source* can send *asked* to *target* (``NAME:PORT``).

    Raises:
        MeshgenError: a name or a port says nothing; both ends are looked at first.
    """
    client, servers, notes = _ends(cluster, source, target, asked)
    answers = [each for one in client.endpoints for each in _answers(cluster, one, servers, target, asked)]
    is_sample = client.is_sample or servers[0].is_sample
    return Explanation(source, target, asked, tuple(answers), notes, is_sample)


def _wrong_request(asked: Asked) -> Iterator[str]:
    if asked.method is not None and not _METHOD.fullmatch(asked.method):
        yield f"{asked.method!r} is no HTTP method"
    if asked.path is not None and not asked.path.startswith("/"):
        yield f"the path {asked.path!r} does not begin with a slash"


_Servers = tuple[End, list[tuple[Endpoint, Point]]]


def _ends(cluster: Cluster, source: str, target: str, asked: Asked) -> tuple[End, _Servers, tuple[str, ...]]:
    client: End | None = None
    servers: _Servers | None = None
    problems = list(_wrong_request(asked))
    try:
        client = find_end(cluster, source)
    except MeshgenError as error:
        problems.append(str(error))
    try:
        servers = _servers(cluster, target)
    except MeshgenError as error:
        problems.append(str(error))
    if problems or client is None or servers is None:
        raise MeshgenError("\nmeshgen: ".join(problems))
    notes = [client.note, _translated(servers), *_strange_request(asked, servers)]
    return client, servers, tuple(one for one in notes if one)


def _servers(cluster: Cluster, target: str) -> _Servers:
    """Return the servers that *target* means, each with the port of its own."""
    name, colon, port = target.rpartition(":")
    if not colon or not name or not port or (":" in name and not name.startswith("[") and _is_hex(name)):
        raise MeshgenError(f"{target!r} names no port: write NAME:PORT, such as shop/api:8080 or [2001:db8::1]:443")
    number, _, transport = port.partition("/")
    transport = transport.upper() or ""
    if transport not in ("", *_TRANSPORTS):
        raise MeshgenError(f"{transport!r} is no transport: {', '.join(_TRANSPORTS)}")
    if number.isdigit() and not 0 < int(number) <= _HIGHEST:
        raise MeshgenError(f"{number} is no port: 1 to {_HIGHEST}")
    end = find_end(cluster, name, port=number)
    return end, [(one, _point(end, one, number, transport)) for one in end.endpoints]


def _is_hex(text: str) -> bool:
    return all(one in "0123456789abcdefABCDEF:." for one in text)


def _point(end: End, server: Endpoint, port: str, transport: str) -> Point:
    """Return the pod's own port for what the client dials."""
    if end.service is None:
        return Point(transport or "TCP", _own_port(server, port))
    dialled = [one for one in end.service.ports if port in (str(one.number), one.name)]
    dialled = [one for one in dialled if transport in ("", one.transport)]
    if not dialled:
        title = f"the Service {end.service.namespace}/{end.service.name}"
        known = [f"{one.number}/{one.transport}" for one in end.service.ports]
        known += [one.name for one in end.service.ports if one.name]
        raise MeshgenError(f"{title} has no port {port}: {suggestion(port, known)}")
    return Point(dialled[0].transport, _target(dialled[0], server))


def _own_port(server: Endpoint, port: str) -> int:
    if port.isdigit():
        return int(port)
    names = {one.name: one.number for one in server.ports if one.name}
    if port not in names:
        raise MeshgenError(f"{server.name} has no port named {port!r}: {suggestion(port, names)}")
    return names[port]


def _target(port: ServicePort, server: Endpoint) -> int:
    if isinstance(port.target, int):
        return port.target
    return _own_port(server, port.target)


def _translated(servers: _Servers) -> str:
    end, found = servers
    if end.service is None:
        return end.note
    ports = sorted({str(point) for _, point in found})
    return f"{end.note}, on the pod's port {', '.join(ports)}"


def _strange_request(asked: Asked, servers: _Servers) -> Iterator[str]:
    for server, point in servers[1]:
        port = server.port(point.number)
        if asked.method and port and port.is_http is False:
            yield f"port {point} of {server.name} speaks {port.protocol}: no proxy reads requests there"


def _answers(cluster: Cluster, client: Endpoint, servers: _Servers, target: str, asked: Asked) -> Iterator[Answer]:
    """Yield the answer for each server; for a host that is reached through a gateway, for both stretches."""
    host, _, port = target.rpartition(":")
    number = port.partition("/")[0]
    way = way_out(cluster, client, host, int(number)) if number.isdigit() and servers[0].service is None else None
    if way is None:
        yield from (_answer(cluster, client, server, point, asked) for server, point in servers[1])
        return
    route, gateway = first_route(way), way.gateway or Endpoint(way.departure.destination)
    if route.verdict is not Verdict.YES:
        yield Answer(client, gateway, way.point, (route,))
        return
    if way.is_straight or way.ends_in_mesh:
        there = [gateway] if way.ends_in_mesh else [one for one, _ in servers[1]]
        for one in there:
            rest = _answer(cluster, client, one, way.point, asked)
            yield replace(rest, layers=(route, *rest.layers))
        return
    network = network_layers(Scene(cluster, cluster.admission), client, gateway, way.point)
    pair = at_gateway(_pair(cluster, client, gateway, way.point, asked), way)
    authorization, only = authorization_layer(pair)
    yield Answer(client, gateway, way.point, (route, *network, mtls_layer(pair), authorization), only)
    route = second_route(way)
    for server, point in servers[1] if route.verdict is Verdict.YES else ():
        onward = Point("TCP", way.arrival.target or point.number) if way.arrival else point
        rest = _answer(cluster, gateway, server, onward, asked)
        yield replace(rest, layers=(route, *rest.layers))
    if route.verdict is not Verdict.YES:
        yield Answer(gateway, Endpoint(host), Point("TCP", int(number)), (route,))


def _answer(cluster: Cluster, client: Endpoint, server: Endpoint, point: Point, asked: Asked) -> Answer:
    pair = _pair(cluster, client, server, point, asked)
    authorization, only = authorization_layer(pair)
    network = network_layers(Scene(cluster, cluster.admission), client, server, point)
    return Answer(client, server, point, (*network, mtls_layer(pair), authorization), only)


def _pair(cluster: Cluster, client: Endpoint, server: Endpoint, point: Point, asked: Asked) -> Pair:
    mesh = MeshVerdicts(cluster, (client, server))
    patterns = patterns_of(mesh.policies(1))
    for issuer, audiences in mesh.trusted(1).items():
        patterns.setdefault(f"{CLAIM}iss", set()).add(issuer)
        patterns.setdefault(f"{CLAIM}aud", set()).update(audiences)
    port = server.port(point.number)
    is_http = port.is_http if port else None
    fixed = asked.fixed()
    if is_http is False or point.transport != "TCP":
        return Pair(cluster, client, server, point, (None,), {})
    trusted = mesh.trusted(1)
    patterns = {dimension: known for dimension, known in patterns.items() if known}
    samples = tuple(one for one in requests_of(patterns) if _may_pass(one, trusted))
    if asked.method:
        samples = tuple(map(_without_extras, samples))
    requests = dict.fromkeys(_with(one, fixed) for one in samples)
    without_http = () if is_http or fixed else connections_of(samples)
    return Pair(cluster, client, server, point, (*without_http, *requests), patterns)


def _may_pass(request: Request, trusted: Mapping[str, tuple[str, ...]]) -> bool:
    """Leave out tokens that nobody issued: they are refused wherever tokens are read, and say nothing of policies."""
    issuer, audience = request.get(f"{CLAIM}iss"), request.get(f"{CLAIM}aud")
    if not trusted or issuer is None:
        return issuer is not None or audience is None or not trusted
    return issuer in trusted and (not trusted[issuer] or audience in trusted[issuer])


def _without_extras(request: Request) -> Request:
    """Of a request that is spelled out, a header or claim that was not said is not there."""
    return Request(tuple(one for one in request.values if one[0] in (METHOD, PATH, HOST)))


def _with(request: Request, fixed: Mapping[str, str]) -> Request:
    return Request(tuple(sorted({**dict(request.values), **fixed}.items())))
