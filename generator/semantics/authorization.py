"""AuthorizationPolicy at sidecars, gateways, ztunnel and waypoints: whose connections and requests get through.

Sources: istio api security/v1beta1/authorization_policy.proto (evaluation order, scopes), istio 1.30.3
pilot/pkg/model/policyattachment.go (who reads selectors, who reads targets).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from generator.algebra.patterns import matches
from generator.algebra.ternary import NOTHING, Ternary
from generator.manifests.security import (
    AuthorizationPolicy,
    AuthorizationRule,
    Condition,
    RequestAuthentication,
    Scope,
)
from generator.semantics.mtls import DISABLE, STRICT, MutualTls
from generator.semantics.requests import CLAIM, Request, TokenClass, dimension_of
from generator.semantics.trial import Identities, Trial, is_on
from generator.semantics.universe import Facts, Universe
from generator.semantics.waypoints import WAYPOINT_CLASS
from generator.semantics.ztunnel import as_ztunnel_reads
from generator.topology import AMBIENT, GATEWAY_NAME, PROBE_SOURCES, Endpoint, Point

NOT_CAPTURED = frozenset({15020, 15021, 15090})
"""Ports that a sidecar never captures: neither mutual TLS nor authorization applies (injection template)."""

_GATEWAYS = "gateway.networking.k8s.io"
_Policies = tuple[AuthorizationPolicy, ...]


class Authorization:
    """The verdict of mutual TLS and all AuthorizationPolicies over a universe."""

    def __init__(
        self,
        policies: Sequence[AuthorizationPolicy],
        tokens: Sequence[RequestAuthentication],
        mtls: MutualTls,
        universe: Universe,
        identities: Identities,
    ) -> None:
        """Dry runs decide nothing: they are left out."""
        self._policies = [one for one in policies if not one.is_dry_run]
        self._tokens = tuple(tokens)
        self._mtls = mtls
        self._universe = universe
        self._identities = identities
        self._everyone = Ternary.exactly(universe.everyone)
        self._holders = universe.everyone & sum(1 << n for n, one in enumerate(universe.endpoints) if one.has_identity)
        self._mode = cache(lambda server, number: mtls.mode(universe.endpoints[server], number))
        root = identities.root_namespace
        self._near = cache(lambda name: [one for one in self._policies if one.scope.may_mean_pods(name, root)])
        self.at_pod = cache(self._of_pod)
        self.at_waypoint = cache(self._of_waypoint)
        self.passage = cache(self._passage)

    def policies(self, server: int) -> _Policies:
        """Return the policies that speak for the endpoint *server*: at its own proxy, and at its waypoint."""
        return (*self.at_pod(server), *self.at_waypoint(server))

    def _of_pod(self, server: int) -> _Policies:
        one = self._universe.endpoints[server]
        found = (policy for policy in self._near(one.namespace) if self._speaks_for(policy.scope, one))
        if one.mesh != AMBIENT:
            return tuple(found)
        return tuple(read for policy in found if (read := as_ztunnel_reads(policy)))

    def _of_waypoint(self, server: int) -> _Policies:
        one = self._universe.endpoints[server]
        known, root = self._policies if one.waypoint else [], self._identities.root_namespace
        return tuple(policy for policy in known if is_attached(policy.scope, one, root))

    def _speaks_for(self, scope: Scope, server: Endpoint) -> bool:
        """Tell whether a pod's own proxy reads policies of *scope*; a waypoint has none of its own."""
        if server.is_waypoint:
            return False
        if scope.has_targets:
            return names_gateway(scope, server)
        if scope.namespace not in (server.namespace, self._identities.root_namespace):
            return False
        return all(server.labels.get(key) == value for key, value in scope.labels.items())

    def connected(self, server: int, point: Point) -> Ternary:
        """Return whose connections get past mutual TLS at all."""
        one = self._universe.endpoints[server]
        if not _is_captured(one, point) or one.is_gateway:
            return self._everyone
        mode = self._mode(server, point.number)
        if mode == STRICT:
            return Ternary.exactly(self._holders) | self._probing(one)
        return Ternary(self._holders, self._universe.everyone) if mode is None else self._everyone

    def _probing(self, server: Endpoint) -> Ternary:
        """Return who comes past ztunnel: processes of the node, whose address is rewritten for that."""
        if server.mesh != AMBIENT:
            return NOTHING
        return Ternary.exactly(self._universe.nodes | self._universe.remembered("probes", _is_probe_source))

    def binds(self, server: int) -> bool:
        """Tell whether any policy speaks for *server*, which then is not simply open."""
        one = self._universe.endpoints[server]
        if one.is_waypoint:
            return False
        return one.has_identity and bool(self.policies(server) or self._mtls.deciding(one, 0))

    def identified(self, server: int, point: Point) -> Ternary:
        """Return whose connections carry an identity that policies can read: those over mutual TLS."""
        return self._authenticated(server, point)

    def admitted(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return whose *request* (None: a connection without HTTP) gets through to *server* at *point*.

        Behind a waypoint, whoever takes that way must be let through by it, and it by ztunnel;
        everybody else comes straight to ztunnel, which reads no request.
        """
        one = self._universe.endpoints[server]
        if not _is_captured(one, point):
            return self._everyone
        direct = self._at_own_proxy(server, point, None if one.mesh == AMBIENT else request)
        if one.waypoint is None:
            return direct
        takers = Ternary.exactly(self.taking_waypoint(server))
        detour = self.passed_on(server, point, request) & self.passage(server, point)
        return (direct & takers.outside(self._universe.everyone)) | (detour & takers)

    def taking_waypoint(self, server: int) -> int:
        """Return whose calls of *server* come through its waypoint."""
        one = self._universe.endpoints[server]
        if one.waypoint is None:
            return 0
        return self._universe.remembered(("takes", one.waypoint), lambda other: other.takes_waypoint_to(one))

    def passed_on(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return whose *request* the waypoint of *server* passes on; its listener takes mutual TLS alone."""
        one = self._universe.endpoints[server]
        known = Ternary.exactly(self._holders)
        verdict = self._judged(server, self.at_waypoint(server), point, request, known, is_waypoint=True)
        is_sure = one.waypoint is not None and one.waypoint.is_sure
        return verdict & known if is_sure else Ternary.perhaps(verdict.possible & known.possible)

    def _passage(self, server: int, point: Point) -> Ternary:
        """Return everyone if *server*'s ztunnel lets its waypoint in at *point*: that is all it sees of the caller."""
        one = self._universe.endpoints[server]
        if one.waypoint is None:
            return self._everyone
        alone = Universe((one.waypoint.pods({}),), Facts())
        literal, known = replace(self._identities, is_literal=True), Ternary.exactly(alone.everyone)
        verdict = Trial(alone, literal, one, point, None, known).verdict(self.at_pod(server))
        everyone = self._universe.everyone
        return Ternary(everyone if verdict.sure else 0, everyone if verdict.possible else 0)

    def _at_own_proxy(self, server: int, point: Point, request: Request | None) -> Ternary:
        one = self._universe.endpoints[server]
        verdict = self._judged(server, self.at_pod(server), point, request, self._authenticated(server, point))
        return (verdict & self.connected(server, point)) | self._probing(one)

    def _judged(
        self,
        server: int,
        policies: _Policies,
        point: Point,
        request: Request | None,
        known: Ternary,
        *,
        is_waypoint: bool = False,
    ) -> Ternary:
        if request is not None:
            trusted = self.trusted(server)
            if trusted and not _verifies(request, trusted):
                return NOTHING  # such a token is refused (401), whatever the path
            request = request if trusted else request.without_token()
        return self._trial(server, point, request, known, is_waypoint=is_waypoint).verdict(policies)

    def _trial(self, server: int, point: Point, request: Request | None, known: Ternary, *, is_waypoint: bool) -> Trial:
        one = self._universe.endpoints[server]
        is_ztunnel = one.mesh == AMBIENT and not is_waypoint
        identities = replace(self._identities, is_literal=True) if is_ztunnel else self._identities
        return Trial(self._universe, identities, one, point, request, known, are_ports_known=not is_waypoint)

    def rules(
        self, server: int, point: Point, request: Request | None, client: int, action: str
    ) -> Iterator[tuple[AuthorizationPolicy, AuthorizationRule]]:
        """Yield the rules of *action* that the request of *client* meets, at the pod's proxy and at the waypoint."""
        known = self._authenticated(server, point)
        for is_waypoint, policies in ((False, self.at_pod(server)), (True, self.at_waypoint(server))):
            trial = self._trial(server, point, request, known, is_waypoint=is_waypoint)
            for policy in policies:
                for rule in policy.rules if policy.action == action else ():
                    if trial.rule(rule, policy).possible >> client & 1:
                        yield policy, rule

    def _authenticated(self, server: int, point: Point) -> Ternary:
        mode = self._mode(server, point.number)
        if mode == DISABLE:
            return NOTHING
        return Ternary.exactly(self._holders) if mode is not None else Ternary.perhaps(self._holders)

    def class_of(self, server: int, point: Point) -> tuple[object, ...]:
        """Return what tells *point* apart at *server*: points of one class get the same verdicts."""
        one = self._universe.endpoints[server]
        port = one.port(point.number)
        rules = [rule for policy in self.policies(server) for rule in policy.rules]
        ports = tuple(is_on(operation, point) for rule in rules for operation in rule.operations or ())
        special = any(each.key == "destination.port" for rule in rules for each in rule.conditions)
        return (
            _is_captured(one, point),
            port and port.is_http,
            self._mode(server, point.number),
            ports,
            special and point,
        )

    def token_class(self, server: int) -> TokenClass:
        """Return what tells tokens apart at *server*: whether they are valid, and which rules' claims they have."""
        trusted = self.trusted(server)
        rules = (rule for policy in self.policies(server) for rule in policy.rules)
        asked = [found for rule in rules if (found := _claims(rule))]

        def seen(request: Request) -> Hashable:
            if not trusted:
                return ()
            return (_verifies(request, trusted), *(all(_has(request, one) for one in some) for some in asked))

        return seen

    def trusted(self, server: int) -> dict[str, tuple[str, ...]]:
        """Return the issuers whose tokens are checked before *server*, with their audiences; ztunnel checks none."""
        one, root = self._universe.endpoints[server], self._identities.root_namespace
        found: dict[str, tuple[str, ...]] = {}
        for tokens in self._tokens:
            if is_attached(tokens.scope, one, root) or (one.mesh != AMBIENT and self._speaks_for(tokens.scope, one)):
                found |= tokens.audiences
        return found


def is_attached(scope: Scope, server: Endpoint, root_namespace: str) -> bool:
    """Tell whether the waypoint of *server* reads policies of *scope*: with targets alone, and where they are local."""
    waypoint = server.waypoint
    if waypoint is None:
        return False
    for group, kind, name in scope.targets:
        what = f"{group}/{kind}".removeprefix("core/").removeprefix("/")
        is_service = what == "Service" and scope.namespace == server.namespace and name in waypoint.services
        is_gateway = what == f"{_GATEWAYS}/Gateway" and (scope.namespace, name) == (waypoint.namespace, waypoint.name)
        is_class = what == f"{_GATEWAYS}/GatewayClass" and scope.namespace == root_namespace and name == WAYPOINT_CLASS
        if is_service or is_gateway or is_class:
            return True
    return False


def names_gateway(scope: Scope, server: Endpoint) -> bool:
    """Tell whether *server* is a gateway that istiod made for a Gateway among the targets of *scope*.

    Such a gateway also reads policies that select its labels, or nobody in particular
    (istio 1.30.3 pilot/pkg/model/policyattachment.go, ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY).
    """
    name = server.labels.get(GATEWAY_NAME)
    if name is None or server.is_waypoint or scope.namespace != server.namespace:
        return False
    return (_GATEWAYS, "Gateway", name) in scope.targets


def _is_captured(server: Endpoint, point: Point) -> bool:
    """Tell whether the server's proxy sees connections to *point* at all; ztunnel sees those to every port."""
    if not server.has_identity or point.transport != "TCP" or server.is_waypoint:
        return False
    return server.mesh == AMBIENT or point.number not in NOT_CAPTURED


def _is_probe_source(one: Endpoint) -> bool:
    return one.address in PROBE_SOURCES.values()


def _claims(rule: AuthorizationRule) -> tuple[Condition, ...]:
    return tuple(one for one in rule.conditions if (dimension_of(one.key) or "").startswith(CLAIM))


def _has(request: Request, condition: Condition) -> bool:
    value = request.get(dimension_of(condition.key) or "")
    is_one = value is not None and any(matches(pattern, value) for pattern in condition.values)
    is_other = value is not None and any(matches(pattern, value) for pattern in condition.not_values)
    return (is_one or not condition.values) and not is_other


def _verifies(request: Request, trusted: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether the request's token, if it has one, is of a trusted issuer and for one of its audiences."""
    issuer = request.get(f"{CLAIM}iss")
    if issuer is None:
        return True
    wanted = trusted.get(issuer)
    return wanted is not None and (not wanted or request.get(f"{CLAIM}aud") in wanted)
