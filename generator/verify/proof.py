"""Intended against effective: equal at every layer, or a list of what is lost and what is too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from generator.algebra.ternary import Ternary, members
from generator.core.frozen import dataclass
from generator.core.places import Document, Place
from generator.core.processes import each
from generator.core.yaml_quick import read_quickly
from generator.environment.model import Environment
from generator.manifests.bundle import Bundle, read_bundle
from generator.manifests.objects import Manifest
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.semantics.authorization import NOT_CAPTURED, Authorization
from generator.semantics.mtls import MutualTls
from generator.semantics.network import NetworkReach, points_of
from generator.semantics.requests import (
    CLAIM,
    HEADER,
    HOST,
    METHOD,
    PATH,
    SNI,
    Request,
    connections_of,
    patterns_of,
    requests_of,
)
from generator.semantics.trial import Identities
from generator.semantics.universe import Facts, Universe
from generator.semantics.waypoints import is_past_waypoint
from generator.topology import AMBIENT, Endpoint, Point
from generator.verify.components import components
from generator.verify.exits import Astray, compare_exits
from generator.verify.guarded import client_fields
from generator.verify.intended_mesh import IntendedMesh, claim_name
from generator.verify.intended_network import LOOKUP, METRICS, READINESS, XDS, IntendedNetwork
from generator.verify.meaning import Meaning
from generator.verify.routed import Misrouted, compare_routes
from generator.verify.universe import endpoints

_MANY_PARTS = 30
"""From here on a second process saves more than it costs."""


class Kind(StrEnum):
    """What is wrong with a connection."""

    LOST = "lost"
    EXCESS = "excess"
    WEAKER = "weaker"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Connections between two endpoints on which intent and YAML disagree, with the first of them as sample."""

    kind: Kind
    layer: str
    client: Endpoint
    server: Endpoint
    point: Point
    request: Request | None
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """The comparison of one bundle: how much was compared, and every disagreement."""

    endpoints: int
    points: int
    decisions: int
    discrepancies: tuple[Discrepancy, ...]

    @property
    def holds(self) -> bool:
        """Whether the YAML lets through exactly what was intended."""
        return not self.discrepancies


NOTHING_COMPARED = Proof(0, 0, 0, ())
"""The proof of nothing at all."""


def prove(intent: Intent, environment: Environment, documents: Sequence[Document]) -> Proof:
    """Compare *intent* with what *documents* let through on the cluster *environment*.

    The bundle is read as a stranger's would be. An ipBlock is taken to mean addresses
    outside the cluster, as the NetworkPolicy documentation says; whether it covers pods
    as well is up to the network plugin.
    """
    return _Comparison(intent, environment, read_bundle(documents)).proof()


def prove_objects(intent: Intent, environment: Environment, documents: Sequence[Document]) -> Proof:
    """Prove *documents*, one object each, that somebody built of a bundle or wrote by hand.

    What lies in other namespaces is left out: it decides about pods that this intent says nothing of.
    """
    shared: list[Document] = []
    by_namespace: dict[str, list[Document]] = {}
    for document in documents:
        namespace = Manifest(document, (), document.data).namespace
        if namespace in intent.namespaces:
            by_namespace.setdefault(namespace, []).append(document)
        elif namespace == environment.istio.root_namespace:
            shared.append(document)

    def proof(part: Intent) -> Proof:
        own = [document for name in part.namespaces for document in by_namespace.get(name, ())]
        return prove(part, environment, [*shared, *own])

    return _summed(each(proof, components(intent), at_least=_MANY_PARTS))


def prove_bundle(intent: Intent, environment: Environment, texts: Mapping[str, str]) -> Proof:
    """Prove rendered *texts* (one object each, by path ``NAMESPACE/…``), part by part where they fall into parts."""
    shared: list[Document] = []
    by_namespace: dict[str, list[str]] = {}
    for path, text in texts.items():
        namespace = path.partition("/")[0]
        if namespace in intent.namespaces:
            by_namespace.setdefault(namespace, []).append(path)
        else:
            shared += read_quickly(text, path)[0]

    def proof(part: Intent) -> Proof:
        paths = [path for name in part.namespaces for path in by_namespace.get(name, ())]
        own = [document for path in paths for document in read_quickly(texts[path], path)[0]]
        return prove(part, environment, [*shared, *own])

    return _summed(each(proof, components(intent), at_least=_MANY_PARTS))


def _summed(proofs: Sequence[Proof]) -> Proof:
    return Proof(
        endpoints=sum(one.endpoints for one in proofs),
        points=max(one.points for one in proofs),
        decisions=sum(one.decisions for one in proofs),
        discrepancies=tuple(discrepancy for one in proofs for discrepancy in one.discrepancies),
    )


class _Comparison:
    def __init__(self, intent: Intent, environment: Environment, bundle: Bundle) -> None:
        facts = Facts(
            ip_block_matches_pods=False,
            kubelet_exempt=environment.cni.kubelet_exempt,
            client_fields=client_fields(environment.load_balancer),
            gateways=tuple(one.pods.labels for one in (environment.gateways or {}).values()),
        )
        self._universe = Universe(endpoints(intent, environment, bundle), facts)
        self._points = points_of(bundle.network_policies, _named_points(intent, environment))
        self._meaning = Meaning(intent, environment, self._universe)
        self._intended_network = IntendedNetwork(self._meaning)
        self._intended = IntendedMesh(self._meaning)
        self._network = NetworkReach(bundle.network_policies, self._universe, self._points)
        identities = Identities(
            environment.istio.root_namespace, environment.istio.trust_domain, environment.istio.trust_domain_aliases
        )
        self._mtls = MutualTls(bundle.peer_authentications, identities.root_namespace)
        self._authorization = Authorization(
            bundle.authorization_policies, bundle.request_authentications, self._mtls, self._universe, identities
        )
        self._intent = intent
        self._misrouted = tuple(compare_routes(intent, environment, bundle))
        self._astray = tuple(compare_exits(intent, environment, bundle))
        self._decisions = 0
        self._known_requests: dict[int, tuple[Request, ...]] = {}
        self._found: dict[tuple[Kind, str, int, int], Discrepancy] = {}

    def proof(self) -> Proof:
        for number, one in enumerate(self._universe.endpoints):
            if one.cluster:
                continue  # its own cluster's bundle decides about it
            for direction in () if is_past_waypoint(one) else ("Ingress", "Egress"):
                if self._meaning.constrains(number, direction) or self._network.policies(number, direction):
                    self._compare_network(number, direction)
            if self._intended.closes(number) or self._authorization.binds(number):
                self._compare_mesh(number)
        found = [*self._found.values(), *map(_misrouted, self._misrouted), *map(_astray, self._astray)]
        found.sort(key=lambda one: (one.kind, one.layer, one.server.name, one.client.name))
        return Proof(len(self._universe.endpoints), len(self._points), self._decisions, tuple(found))

    def _compare_network(self, number: int, direction: str) -> None:
        layer = f"network {direction.lower()}"
        for point, effective in zip(self._points, self._network.admitted(number, direction), strict=True):
            is_open = not self._meaning.constrains(number, direction)
            everyone = self._universe.everyone
            intended = everyone if is_open else self._intended_network.admitted(number, direction, point)
            self._note(layer, number, point, None, intended, effective, is_server=direction == "Ingress")

    def _compare_mesh(self, number: int) -> None:
        one = self._universe.endpoints[number]
        for point in self._classes(number):
            self._compare_mutual_tls(number, point)
            for request in self._samples(one, number, point):
                intended = self._intended.admitted(number, point, request)
                effective = self._authorization.admitted(number, point, request)
                self._note("mesh", number, point, request, intended, effective, is_server=True)

    def _classes(self, number: int) -> list[Point]:
        """Return one TCP port of each class that neither policies nor flows tell apart at this endpoint."""
        found: dict[object, Point] = {}
        for point in self._points:
            if point.transport == "TCP":
                key = (self._authorization.class_of(number, point), self._intended.class_of(number, point))
                found.setdefault(key, point)
        return list(found.values())

    def _compare_mutual_tls(self, number: int, point: Point) -> None:
        """A caller without identity that gets in where none should, or one whose identity nobody checks."""
        if self._universe.endpoints[number].mesh != AMBIENT and point.number in NOT_CAPTURED:
            return
        intended, holders = self._intended.connecting(number, point), self._intended.holders
        plaintext = self._authorization.connected(number, point).possible & ~intended
        unidentified = holders & ~self._authorization.identified(number, point).sure
        self._decisions += len(self._universe.endpoints)
        for other in members(plaintext | unidentified):
            self._add(Kind.WEAKER, "mutual TLS", other, number, point, None)

    def _samples(self, one: Endpoint, number: int, point: Point) -> Sequence[Request | None]:
        """Return the requests to try at a port; where nobody knows what it speaks, also a connection without HTTP."""
        if one.mesh == AMBIENT and one.waypoint is None:
            return (None,)  # ztunnel reads no requests
        port = one.port(point.number)
        requests = self._requests(number)
        if port is None:
            return (*connections_of(requests), *requests)
        return requests if port.is_http else connections_of(requests)

    def _requests(self, number: int) -> tuple[Request, ...]:
        if number not in self._known_requests:
            self._known_requests[number] = self._compute_requests(number)
        return self._known_requests[number]

    def _compute_requests(self, number: int) -> tuple[Request, ...]:
        effective, intended = self._authorization.token_class(number), self._intended.token_class(number)
        return requests_of(
            self._effective_patterns(number),
            self._intended_patterns(number),
            token_class=lambda request: (effective(request), intended(request)),
        )

    def _effective_patterns(self, number: int) -> dict[str, set[str]]:
        """Return what the policies for an endpoint say of requests, and whose tokens are checked there."""
        found = patterns_of(self._authorization.policies(number))
        for issuer, audiences in self._authorization.trusted(number).items():
            found.setdefault(f"{CLAIM}iss", set()).add(issuer)
            found.setdefault(f"{CLAIM}aud", set()).update(audiences)
        return found

    def _intended_patterns(self, number: int) -> dict[str, set[str]]:
        """Return what the flows to an endpoint say of requests: it is told apart whatever the YAML says."""
        found: dict[str, set[str]] = {METHOD: set(), PATH: set(), HOST: set()}
        for flow in self._intended.flows_to(number):
            if flow.request:
                found[METHOD] |= set(flow.request.methods)
                found[PATH] |= set(flow.request.paths)
                found[HOST] |= {spelling for host in flow.request.hosts for spelling in (host, f"{host}:*")}
                for name, values in flow.request.headers:
                    found.setdefault(HEADER + name.lower(), set()).update(values)
                for name, values in flow.request.claims:
                    found.setdefault(CLAIM + claim_name(name), set()).update(values)
        found[HOST] |= self._intended.guarded.hosts(number)
        found[HOST] |= self._intended.doors.hosts(self._universe.endpoints[number])
        if outside := self._intended.exits.hosts(self._universe.endpoints[number]):
            found[SNI] = outside
            found[HOST] |= {spelling for host in outside for spelling in (host, f"{host}:*")}
        for token in self._intended.issuers(self._universe.endpoints[number]):
            found.setdefault(f"{CLAIM}iss", set()).add(token.issuer)
            found.setdefault(f"{CLAIM}aud", set()).update(token.audiences)
        return {dimension: patterns for dimension, patterns in found.items() if patterns}

    def _note(
        self,
        layer: str,
        number: int,
        point: Point,
        request: Request | None,
        intended: int,
        effective: Ternary,
        *,
        is_server: bool,
    ) -> None:
        self._decisions += len(self._universe.endpoints)
        if effective.sure == effective.possible == intended:
            return
        for kind, mask in ((Kind.LOST, intended & ~effective.sure), (Kind.EXCESS, effective.possible & ~intended)):
            for other in members(mask):
                client, server = (other, number) if is_server else (number, other)
                self._add(kind, layer, client, server, point, request)

    def _add(self, kind: Kind, layer: str, client: int, server: int, point: Point, request: Request | None) -> None:
        if (kind, layer, client, server) not in self._found:
            ends = (self._universe.endpoints[client], self._universe.endpoints[server])
            places = tuple(self._places(kind, layer, client, server, point, request))
            self._found[kind, layer, client, server] = Discrepancy(kind, layer, *ends, point, request, places)

    def _places(
        self, kind: Kind, layer: str, client: int, server: int, point: Point, request: Request | None
    ) -> Iterator[Place]:
        """Yield where the disagreement comes from: the flow that is lost, or the rules that allow too much."""
        if kind is Kind.LOST:
            yield from (flow.origin.place for flow in self._flows(client, server))
        elif kind is Kind.WEAKER:
            policy = self._mtls.deciding(self._universe.endpoints[server], point.number)
            yield from [policy.manifest.place("spec")] if policy else []
        elif layer == "mesh":
            found = self._authorization.rules(server, point, request, client, "ALLOW")
            yield from (rule.place for _, rule in found)
        else:
            direction = "Ingress" if layer.endswith("ingress") else "Egress"
            mine, other = (server, client) if direction == "Ingress" else (client, server)
            yield from (rule.place for _, rule in self._network.rules(mine, direction, other, point))

    def _flows(self, client: int, server: int) -> Iterator[Flow]:
        for flow in self._intent.flows:
            servers = self._meaning.mask(flow.server, is_server=True)
            if self._meaning.mask(flow.client) >> client & 1 and servers >> server & 1:
                yield flow


def _misrouted(one: Misrouted) -> Discrepancy:
    """Return a wrong route as a disagreement of its own layer."""
    (gateway, host), (namespace, service, port) = one.route.door, one.route.backend
    kind = Kind.WEAKER if one.is_weaker else Kind.LOST if one.is_lost else Kind.EXCESS
    server = Endpoint(f"{namespace}/{service}, for {host}{one.path}")
    point = Point("TCP", port or 0)
    return Discrepancy(kind, "route", Endpoint(f"the gateway {gateway}"), server, point, None, (one.route.place,))


def _astray(one: Astray) -> Discrepancy:
    """Return a wrong way out as a disagreement of the same layer."""
    kind = Kind.WEAKER if one.is_weaker else Kind.LOST if one.is_lost else Kind.EXCESS
    return Discrepancy(
        kind, "route", Endpoint(one.client), Endpoint(one.server), Point("TCP", one.port), None, (one.place,)
    )


def _named_points(intent: Intent, environment: Environment) -> set[Point]:
    """Return every port that intent or environment names: each is looked at even if no policy names it."""
    numbers = {XDS, METRICS, READINESS, 15008, *(environment.addresses.api_server_ports or ())}
    numbers |= set(environment.cloud_credentials.ports) if environment.cloud_credentials else set()
    for gateway in (environment.gateways or {}).values():
        numbers |= {*gateway.ports, *([gateway.health_port] if gateway.health_port else [])}
    numbers |= {other.door.port for other in (environment.clusters or {}).values() if other.door}
    found = {Point("TCP", number) for number in numbers}
    found |= {Point(transport, number) for transport in ("UDP", "TCP") for number in (LOOKUP, *environment.dns.ports)}
    for workload in intent.workloads.values():
        found |= {Point(port.transport, port.number) for port in workload.ports}
    for flow in intent.flows:
        for port in flow.ports or ():
            found |= {Point(port.transport, port.number), Point(port.transport, port.end or port.number)}
    return found
