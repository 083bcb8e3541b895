"""Intended against effective: equal at every layer, or a list of what is lost and what is too much."""

from __future__ import annotations

from collections.abc import Sequence

from generator.algebra.ternary import Ternary, members
from generator.core.frozen import dataclass
from generator.core.places import Document
from generator.core.processes import each
from generator.environment.model import Environment
from generator.manifests.bundle import Bundle, read_bundle
from generator.manifests.objects import Manifest
from generator.model.intent import Intent
from generator.semantics.authorization import NOT_CAPTURED, Authorization
from generator.semantics.mtls import MutualTls
from generator.semantics.network import NetworkReach, points_of
from generator.semantics.requests import Request
from generator.semantics.trial import Identities
from generator.semantics.universe import Facts, Universe
from generator.semantics.waypoints import is_past_waypoint
from generator.topology import AMBIENT, Point
from generator.verify.causes import Causes
from generator.verify.components import Component, components
from generator.verify.discrepancies import Discrepancy, Kind, astray, misrouted
from generator.verify.exits import compare_exits
from generator.verify.guarded import client_fields
from generator.verify.intended_mesh import IntendedMesh
from generator.verify.intended_network import IntendedNetwork
from generator.verify.meaning import Meaning
from generator.verify.routed import compare_routes
from generator.verify.samples import Samples
from generator.verify.universe import endpoints, named_points

MANY_PARTS = 30
"""From here on a second process saves more than it costs."""


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

    def proof(part: Component) -> Proof:
        own = [document for name in part.namespaces for document in by_namespace.get(name, ())]
        return prove(part.intent, environment, [*shared, *own])

    return summed(each(proof, components(intent), at_least=MANY_PARTS))


def summed(proofs: Sequence[Proof]) -> Proof:
    """Return the proof of a whole from those of its parts."""
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
        self._points = points_of(bundle.network_policies, named_points(intent, environment))
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
        self._samples = Samples(self._universe, self._authorization, self._intended)
        self._causes = Causes(self._meaning, self._universe, self._network, self._mtls, self._authorization)
        self._misrouted = tuple(compare_routes(intent, environment, bundle))
        self._astray = tuple(compare_exits(intent, environment, bundle))
        self._decisions = 0
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
        found = [*self._found.values(), *map(misrouted, self._misrouted), *map(astray, self._astray)]
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
        for point in self._classes(number):
            self._compare_mutual_tls(number, point)
            for request in self._samples.at(number, point):
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
            places = tuple(self._causes.of(kind, layer, client, server, point, request))
            self._found[kind, layer, client, server] = Discrepancy(kind, layer, *ends, point, request, places)
