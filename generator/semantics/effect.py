"""Everything that one set of manifests lets through, as masks: for each server and port, which clients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from generator.algebra.ternary import Ternary
from generator.algebra.transpose import transposed
from generator.manifests.network import LabelSelector
from generator.manifests.security import Scope
from generator.semantics.cluster import Cluster
from generator.semantics.mesh import MeshVerdicts
from generator.semantics.network import NetworkReach
from generator.semantics.partial import PartialUniverse
from generator.semantics.requests import Request
from generator.semantics.universe import Facts
from generator.semantics.waypoints import is_past_waypoint, number_of
from generator.topology import AMBIENT, HBONE, OUTSIDE, Endpoint, Point, is_tunnelled


class Effect:
    """The verdicts of *cluster* over *endpoints*, whose element *n* is element *n* of every mask."""

    def __init__(
        self,
        cluster: Cluster,
        endpoints: Sequence[Endpoint],
        points: Sequence[Point],
        shown: frozenset[str],
        namespaces: frozenset[str],
    ) -> None:
        """Prepare; *points* hold HBONE, which carries the connections of ambient meshes."""
        cni = cluster.environment.cni
        facts = Facts(cni.ip_block_matches_pods, cni.kubelet_exempt)
        self.cluster = cluster
        self.endpoints = tuple(endpoints)
        self.universe = PartialUniverse(endpoints, facts, set(shown), set(namespaces))
        self.points = tuple(points)
        self.mesh = MeshVerdicts(cluster, endpoints)
        self._network = NetworkReach(cluster.bundle.network_policies, self.universe, points)
        self._hbone = self.points.index(HBONE)
        self._ambient = sum(1 << number for number, one in enumerate(endpoints) if one.mesh == AMBIENT)
        self._verdicts: dict[object, Ternary] = {}

    @cached_property
    def _columns(self) -> list[list[Ternary]]:
        """For each port, for each server: the clients whose own policies let them connect to it."""
        count = len(self.endpoints)
        rows = [self._network.admitted(number, "Egress") for number in range(count)]
        found = []
        for position in range(len(self.points)):
            surely, perhaps = [row[position].sure for row in rows], [row[position].possible for row in rows]
            sure = transposed(surely, count)
            possible = sure if surely == perhaps else transposed(perhaps, count)
            found.append(list(map(Ternary, sure, possible)))
        return found

    def ingress(self, server: int, position: int) -> Ternary:
        """Return whom the server's NetworkPolicies let in at port number *position*, and its waypoint's in between."""
        admitted = self._network.admitted(server, "Ingress")
        direct = self._tunnelled(server, position, admitted[position], admitted[self._hbone])
        takers, waypoint = self._detour(server, position)
        if not takers:
            return direct
        if waypoint is None:
            return (direct & self._all_but(takers)) | Ternary.perhaps(takers)
        passes = self._network.admitted(server, "Ingress")[self._hbone] & self._columns[self._hbone][server]
        entering = self._network.admitted(waypoint, "Ingress")[self._hbone] & self._whether(passes, waypoint)
        return (direct & self._all_but(takers)) | (entering & Ternary.exactly(takers))

    def egress(self, server: int, position: int) -> Ternary:
        """Return whose own NetworkPolicies let them out to *server*, or its waypoint, at port number *position*."""
        columns = self._columns
        direct = self._tunnelled(server, position, columns[position][server], columns[self._hbone][server])
        takers, waypoint = self._detour(server, position)
        if not takers:
            return direct
        leaving = Ternary.perhaps(takers) if waypoint is None else columns[self._hbone][waypoint]
        return (direct & self._all_but(takers)) | (leaving & Ternary.exactly(takers))

    def callers(self, server: int) -> int:
        """Return whose calls of *server* are worth a question.

        Pods past their own waypoint are a second side of the same pods: as clients there is one
        side of them, and as servers the others come to them as to the first. Callers of other
        clusters come for pods of this one.
        """
        past = self.universe.remembered("past waypoints", is_past_waypoint)
        if self.endpoints[server].cluster:
            return 0  # connections to other clusters go to addresses
        if not self.endpoints[server].is_pod:
            past |= self.universe.remembered("other clusters", lambda one: bool(one.cluster))
        if not past >> server & 1:
            return self.universe.everyone & ~past
        return (self._ambient | self.universe.remembered("gateways", lambda one: one.is_gateway)) & ~past

    def _detour(self, server: int, position: int) -> tuple[int, int | None]:
        """Return who comes to *server* through its waypoint, and which endpoint that is."""
        waypoint = self.endpoints[server].waypoint
        if waypoint is None or self.points[position].transport != "TCP":
            return 0, None
        return self.mesh.taking_waypoint(server), number_of(waypoint, self.endpoints)

    def _all_but(self, clients: int) -> Ternary:
        return Ternary.exactly(self.universe.everyone & ~clients)

    def _whether(self, verdict: Ternary, one: int) -> Ternary:
        """Return the verdict on *one* as a verdict on everybody."""
        everyone = self.universe.everyone
        return Ternary(everyone if verdict.sure >> one & 1 else 0, everyone if verdict.possible >> one & 1 else 0)

    def _tunnelled(self, server: int, position: int, direct: Ternary, tunnel: Ternary) -> Ternary:
        """Return *tunnel* for whoever comes in HBONE, whatever port is meant, and *direct* for the others."""
        one = self.endpoints[server]
        if self.points[position].transport != "TCP" or not (one.mesh == AMBIENT or self._ambient):
            return direct
        mask = self.universe.remembered(("tunnelled", server), lambda other: is_tunnelled(other, one))
        return (direct & self._all_but(mask)) | (tunnel & Ternary.exactly(mask))

    def connected(self, server: int, point: Point) -> Ternary:
        """Return whose connections get past mutual TLS."""
        key = (server, self.mesh.class_of(server, point))
        if key not in self._verdicts:
            self._verdicts[key] = self.mesh.connected(server, point)
        return self._verdicts[key]

    def admitted(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return whose *request* the server's proxy lets through."""
        key = (server, self.mesh.class_of(server, point), request)
        if key not in self._verdicts:
            self._verdicts[key] = self.mesh.admitted(server, point, request)
        return self._verdicts[key]

    def admitted_inside(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return the same for a mesh that holds everybody of whom nobody says otherwise."""
        if self.mesh.is_settled:
            return self.admitted(server, point, request)
        key = (server, self.mesh.class_of(server, point), request, "inside")
        if key not in self._verdicts:
            self._verdicts[key] = self.mesh.admitted_inside(server, point, request)
        return self._verdicts[key]

    def bound_by(self, server: int) -> object:
        """Return what decides at the server's proxy: equal values, equal verdicts (between equal endpoints)."""
        one = self.endpoints[server]
        if one.mesh == OUTSIDE:
            return None
        bundle, root = self.cluster.bundle, self.cluster.environment.istio.root_namespace
        modes = [
            (
                sorted(each.scope.labels.items()),
                each.scope.namespace,
                each.mode,
                sorted(each.ports.items()),
                each.created,
            )
            for each in bundle.peer_authentications
            if speaks_for(each.scope, one, root)
        ]
        nature = (one.mesh, one.is_gateway, one.waypoint)
        return nature, sorted(map(repr, modes)), self.ruled_by(server)

    def ruled_by(self, server: int) -> object:
        """Return what AuthorizationPolicies and RequestAuthentications say at the server's proxy."""
        policies = [
            (each.scope.namespace, each.action, sorted(map(repr, each.rules))) for each in self.mesh.policies(server)
        ]
        return sorted(map(repr, policies)), sorted(self.mesh.trusted(server).items())

    def told_apart(self) -> Iterator[int]:
        """Yield masks: endpoints that are in the same of them get the same verdicts, as clients and as servers."""
        bundle, root = self.cluster.bundle, self.cluster.environment.istio.root_namespace
        for policy in bundle.network_policies:
            yield self.universe.in_namespace(policy.namespace) & self.universe.labelled(policy.pods)
            for rule in (*policy.ingress, *policy.egress):
                for peer in rule.peers or ():
                    meant = self.universe.peer(peer, policy.namespace)
                    yield from (meant.sure, meant.possible)
        scoped: list[Scope] = [one.scope for one in bundle.peer_authentications]
        scoped += [one.scope for one in bundle.authorization_policies]
        scoped += [one.scope for one in bundle.request_authentications]
        for scope in scoped:
            pods = self.universe.everyone if scope.namespace == root else self.universe.in_namespace(scope.namespace)
            for label in scope.labels.items():
                pods &= self.universe.labelled(LabelSelector((label,)))
            yield pods
        yield from self.mesh.told_apart()


def speaks_for(scope: Scope, server: Endpoint, root_namespace: str) -> bool:
    """Tell whether a policy of *scope* speaks for *server*."""
    if scope.namespace not in (server.namespace, root_namespace):
        return False
    return all(server.labels.get(key) == value for key, value in scope.labels.items())
