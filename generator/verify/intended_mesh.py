"""What the intent wants of proxies: who proves an identity, and whose requests get in."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache, cached_property

from generator.algebra.patterns import matches
from generator.environment.model import Pods
from generator.model.flows import Flow, TokenIssuer
from generator.model.intent import MeshWide
from generator.model.peers import GatewayPeer, NamespacesPeer, Peer, PrometheusPeer, RemotePeer, WorkloadPeer
from generator.model.terms import Authorization, Mtls
from generator.semantics.requests import CLAIM, HEADER, HOST, METHOD, PATH, Request, TokenClass
from generator.topology import AMBIENT, PROBE_SOURCES, Endpoint, Point
from generator.verify.doors import Doors
from generator.verify.exits import Exits
from generator.verify.guarded import Guarded
from generator.verify.intended_roads import IntendedRoads
from generator.verify.meaning import Meaning, covers, is_at

_UNCAPTURED = frozenset({15020, 15021, 15090})
"""Ports of the proxy itself, which no mesh policy reaches."""


class IntendedMesh:
    """The connections and requests that proxies shall let in."""

    def __init__(self, meaning: Meaning) -> None:
        """Ask *meaning* for what words stand for."""
        self._meaning = meaning
        self._roads = IntendedRoads(meaning)
        self.guarded = Guarded(meaning)
        self.doors = Doors(meaning)
        self.exits = Exits(meaning)
        self._own_mesh = cache(self._has_own_mesh)
        self._of_accounts = cache(self._holding)
        self.connecting = cache(self._connecting)

    def closes(self, endpoint: int) -> bool:
        """Tell whether the intent says who may call *endpoint* at the mesh layer, for itself or for the whole mesh."""
        one = self._meaning.universe.endpoints[endpoint]
        if one.is_waypoint:
            return False  # it decides for the Services behind it
        is_closed = self._mesh_wide(endpoint) is not None or self._own_mesh(endpoint)
        is_listed = self.guarded.holds_at(endpoint) or self.doors.holds_at(one) or self.exits.holds_at(one)
        return one.has_identity and (is_closed or is_listed)

    def _has_own_mesh(self, endpoint: int) -> bool:
        """Tell whether the intent of the endpoint's own namespace closes it."""
        one = self._meaning.universe.endpoints[endpoint]
        if (
            one.is_gateway
            or one.is_waypoint
            or not one.has_identity
            or not self._meaning.constrains(endpoint, "Ingress")
        ):
            return False
        return self._meaning.is_in_mesh(self._meaning.intent.namespaces[one.namespace])

    def _mesh_wide(self, endpoint: int) -> MeshWide | None:
        """Return what holds for an endpoint that no namespace's own intent speaks for."""
        return None if self._own_mesh(endpoint) else self._meaning.intent.mesh_wide

    def admitted(self, endpoint: int, point: Point, request: Request | None) -> int:
        """Return whose *request* the proxy of *endpoint* shall let in at *point*."""
        one, everyone = self._meaning.universe.endpoints[endpoint], self._meaning.universe.everyone
        if point.transport != "TCP" or (one.mesh != AMBIENT and point.number in _UNCAPTURED):
            return everyone
        is_refused = one.mesh != AMBIENT and self._is_invalid_token(request, one)
        if is_refused or self.doors.shuts(one, point, request):
            return 0
        turned_away = self.guarded.turned_away(endpoint, point, request)
        if self.exits.holds_at(one):
            meant = self._meant(endpoint, point, request) if self._own_mesh(endpoint) else 0
            passing = self.exits.admitted(one, point, request) | meant
            return passing & self.connecting(endpoint, point) & ~turned_away
        if not (self._mesh_wide(endpoint) or self._own_mesh(endpoint)):
            return everyone & ~turned_away
        meant = self._meant(endpoint, point, request) & self.connecting(endpoint, point)
        return (meant & ~turned_away) | self._probing(one)

    def _meant(self, endpoint: int, point: Point, request: Request | None) -> int:
        """Return whom the intent means to let in, whatever mutual TLS says."""
        one, everyone = self._meaning.universe.endpoints[endpoint], self._meaning.universe.everyone
        if wide := self._mesh_wide(endpoint):
            is_named = self._is_kept_open(one, point, wide) or self.doors.holds_at(one)
            return everyone if is_named or not wide.deny_by_default else 0
        if self._meaning.intent.namespaces[one.namespace].authorization is not Authorization.ENFORCED:
            return everyone
        flows = [flow for flow, _, servers in self._meaning.ends if servers >> endpoint & 1 and is_at(flow, point)]
        if one.mesh == AMBIENT:
            return self._at_ambient(one, flows, request)
        found = 0
        for flow in flows:
            if self._asks_for(flow, request, one):
                found |= self._callers(flow)
        return found

    def _callers(self, flow: Flow) -> int:
        return self._meaning.universe.everyone if flow.plaintext else self._identities(flow.client)

    def _at_ambient(self, one: Endpoint, flows: list[Flow], request: Request | None) -> int:
        """Return who shall get in: past a waypoint by identity and port alone, through it by the request as well."""
        straight = through = 0
        for flow in flows:
            if self._roads.takes_waypoint(flow):
                for waypoint in self._roads.waypoints_before(flow):
                    straight |= self._of_accounts(frozenset({(waypoint.namespace, waypoint.name)}))
                is_asked = self._asks_for(flow, request, one) and not self._is_invalid_token(request, one)
                through |= self._callers(flow) & self.holders if is_asked else 0
            if self._roads.comes_straight(flow):
                straight |= self._callers(flow)
        takers = self._meaning.where(lambda other: other.takes_waypoint_to(one))
        return (straight & ~takers) | (through & takers)

    def _probing(self, one: Endpoint) -> int:
        """Return whose connections never meet ztunnel: the node's own, from an address that it gives them."""
        if one.mesh != AMBIENT:
            return 0
        return self._meaning.where(lambda other: other.is_node or other.address in PROBE_SOURCES.values())

    def _is_kept_open(self, one: Endpoint, point: Point, wide: MeshWide) -> bool:
        """Tell whether *one* is a gateway that stays open under a mesh-wide default deny, on this port of its own."""
        gateways = [(self._meaning.environment.gateways or {})[name] for name in wide.gateways]
        return any(
            point.number in gateway.ports
            and gateway.pods.labels.items() <= one.labels.items()
            # A policy of the root namespace selects by labels in every namespace.
            and gateway.pods.namespace in (one.namespace, self._meaning.environment.istio.root_namespace)
            for gateway in gateways
        )

    @cached_property
    def holders(self) -> int:
        """Everybody who has a mesh identity."""
        return self._meaning.where(lambda one: one.has_identity)

    def _connecting(self, endpoint: int, point: Point) -> int:
        """Return whose connections mutual TLS shall let in at all."""
        one = self._meaning.universe.endpoints[endpoint]
        wide = self._mesh_wide(endpoint)
        if one.is_gateway or (wide is None and not self._own_mesh(endpoint)):
            return self._meaning.universe.everyone
        mtls = wide.mtls if wide else self._meaning.intent.namespaces[one.namespace].mtls
        is_exception = any(mask >> endpoint & 1 and is_at(flow, point) for flow, mask in self._exceptions)
        is_open = mtls is Mtls.PERMISSIVE or is_exception
        return self._meaning.universe.everyone if is_open else self.holders | self._probing(one)

    @cached_property
    def _exceptions(self) -> list[tuple[Flow, int]]:
        """Plaintext flows, with the pods whose port they open.

        Of two PeerAuthentications that select one pod Istio ignores the newer, so where one
        workload's labels include another's (a database and its primary) they share exceptions.
        """
        found = []
        for flow in self._meaning.intent.flows:
            if flow.plaintext and flow.ports is not None and isinstance(flow.server, WorkloadPeer):
                server = self._meaning.intent.workloads[flow.server.namespace, flow.server.workload]
                namespace = self._meaning.intent.namespaces.get(server.namespace)
                nested = (
                    [one for one in self._meaning.rendered(namespace) if one.labels.items() <= server.labels.items()]
                    if namespace
                    else []
                )
                widest = min(nested, key=lambda one: len(one.labels), default=server)
                found.append((flow, self._meaning.pods(Pods(widest.namespace, widest.labels))))
        return found

    def _identities(self, client: Peer) -> int:
        """Return who has an identity that the flow admits: accounts, not labels, count here."""
        accounts: set[tuple[str, str]] = set()
        if isinstance(client, WorkloadPeer):
            workload = self._meaning.intent.workloads[client.namespace, client.workload]
            accounts = {(workload.namespace, account) for account in workload.service_accounts}
        elif isinstance(client, RemotePeer):
            accounts = {(client.namespace, account) for account in client.service_accounts}
        elif isinstance(client, NamespacesPeer):
            return self._meaning.where(lambda one: one.has_identity and one.identity[0] in client.names)
        elif isinstance(client, GatewayPeer):
            gateway = (self._meaning.environment.gateways or {})[client.gateway]
            accounts = {(gateway.pods.namespace, gateway.service_account)}
        elif isinstance(client, PrometheusPeer) and self._meaning.environment.prometheus:
            known = self._meaning.environment.prometheus
            accounts = {(known.pods.namespace, known.service_account)}
        return self._of_accounts(frozenset(accounts))

    def _holding(self, accounts: frozenset[tuple[str, str]]) -> int:
        return self._meaning.where(lambda one: one.has_identity and one.identity in accounts)

    def _asks_for(self, flow: Flow, request: Request | None, server: Endpoint) -> bool:
        """Tell whether the flow is meant for *request*."""
        if flow.token and not self._has_token(flow, request, server):
            return False
        wanted = flow.request
        if wanted is None:
            return True
        if request is None:
            return False
        for dimension, patterns in ((METHOD, wanted.methods), (PATH, wanted.paths)):
            if patterns and not any(matches(pattern, request.get(dimension) or "") for pattern in patterns):
                return False
        host = (request.get(HOST) or "").partition(":")[0]
        if wanted.hosts and host not in wanted.hosts:
            return False
        is_headed = all(_has(request, HEADER + name.lower(), values) for name, values in wanted.headers)
        return is_headed and _has_claims(flow, request)

    def class_of(self, endpoint: int, point: Point) -> tuple[bool, ...]:
        """Return what tells *point* apart at *endpoint* by intent: which of its flows are for that port."""
        gateways = (self._meaning.environment.gateways or {}).values()
        flows = tuple(is_at(flow, point) for flow, _, servers in self._meaning.ends if servers >> endpoint & 1)
        return (*flows, *(point.number in gateway.ports for gateway in gateways))

    def flows_to(self, endpoint: int) -> list[Flow]:
        """Return the flows whose server *endpoint* is."""
        return [flow for flow, _, servers in self._meaning.ends if servers >> endpoint & 1]

    def token_class(self, endpoint: int) -> TokenClass:
        """Return what tells tokens apart at *endpoint*: whether they are valid, and which flows they are for."""
        server = self._meaning.universe.endpoints[endpoint]
        flows = [flow for flow in self.flows_to(endpoint) if flow.token]

        def seen(request: Request) -> Hashable:
            fit = (self._has_token(flow, request, server) and _has_claims(flow, request) for flow in flows)
            return (self._is_invalid_token(request, server), *fit)

        return seen

    def issuers(self, server: Endpoint) -> list[TokenIssuer]:
        """Return whose tokens *server* shall look at."""
        workloads = self._meaning.intent.workloads
        return [
            token
            for token in self._meaning.intent.tokens
            if (workload := workloads.get((token.namespace, token.workload))) and covers(workload, server)
        ]

    def _is_invalid_token(self, request: Request | None, server: Endpoint) -> bool:
        """A token of nobody's that the server trusts is refused even where none is asked for."""
        issuer, audience = (request.get(f"{CLAIM}{name}") if request else None for name in ("iss", "aud"))
        known = {token.issuer: token.audiences for token in self.issuers(server)}
        if issuer is None or not known:
            return False
        return issuer not in known or bool(known[issuer] and audience not in known[issuer])

    def _has_token(self, flow: Flow, request: Request | None, server: Endpoint) -> bool:
        issuer, audience = (request.get(f"{CLAIM}{name}") if request else None for name in ("iss", "aud"))
        return any(
            token.name == flow.token and issuer == token.issuer and (not token.audiences or audience in token.audiences)
            for token in self.issuers(server)
        )


def claim_name(written: str) -> str:
    """Return the claim ``a[b]`` as requests name it: ``a.b``."""
    return written.replace("[", ".").replace("]", "")


def _has_claims(flow: Flow, request: Request) -> bool:
    wanted = flow.request.claims if flow.request else ()
    return all(_has(request, CLAIM + claim_name(name), values) for name, values in wanted)


def _has(request: Request, dimension: str, patterns: tuple[str, ...]) -> bool:
    value = request.get(dimension)
    return value is not None and any(matches(pattern, value) for pattern in patterns)
