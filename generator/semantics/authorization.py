"""AuthorizationPolicy at a sidecar or gateway: which callers' connections and requests get through.

Source: istio api security/v1beta1/authorization_policy.proto (evaluation order, scopes).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache

from generator.algebra.patterns import matches
from generator.algebra.ternary import NOTHING, Ternary
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule, Condition, RequestAuthentication
from generator.semantics.mtls import DISABLE, STRICT, MutualTls
from generator.semantics.requests import CLAIM, Request, TokenClass, dimension_of
from generator.semantics.trial import Identities, Trial, is_on
from generator.semantics.universe import Universe
from generator.topology import Endpoint, Point

NOT_CAPTURED = frozenset({15020, 15021, 15090})
"""Ports that a sidecar never captures: neither mutual TLS nor authorization applies (injection template)."""


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
        """Dry runs decide nothing, and policies with targets speak to no sidecar: both are left out."""
        self._policies = [one for one in policies if not one.is_dry_run and not one.scope.has_targets]
        self._tokens = [one for one in tokens if not one.scope.has_targets]
        self._mtls = mtls
        self._universe = universe
        self._identities = identities
        self._holders = universe.everyone & sum(1 << n for n, one in enumerate(universe.endpoints) if one.has_identity)
        self.policies = cache(self._applicable)

    def _applicable(self, server: int) -> tuple[AuthorizationPolicy, ...]:
        """Return the policies that speak for the endpoint *server*."""
        one = self._universe.endpoints[server]
        return tuple(policy for policy in self._policies if self._speaks_for(policy, one))

    def _speaks_for(self, policy: AuthorizationPolicy | RequestAuthentication, server: Endpoint) -> bool:
        if policy.scope.namespace not in (server.namespace, self._identities.root_namespace):
            return False
        return all(server.labels.get(key) == value for key, value in policy.scope.labels.items())

    def connected(self, server: int, point: Point) -> Ternary:
        """Return whose connections get past mutual TLS at all."""
        one = self._universe.endpoints[server]
        everyone = Ternary.exactly(self._universe.everyone)
        if not _is_captured(one, point) or one.is_gateway:
            return everyone
        mode = self._mtls.mode(one, point.number)
        if mode is None:
            return Ternary(self._holders, self._universe.everyone)
        return Ternary.exactly(self._holders) if mode == STRICT else everyone

    def binds(self, server: int) -> bool:
        """Tell whether any policy speaks for *server*, which then is not simply open."""
        one = self._universe.endpoints[server]
        return one.has_identity and bool(self.policies(server) or self._mtls.deciding(one, 0))

    def identified(self, server: int, point: Point) -> Ternary:
        """Return whose connections carry an identity that policies can read: those over mutual TLS."""
        return self._authenticated(self._universe.endpoints[server], point)

    def admitted(self, server: int, point: Point, request: Request | None) -> Ternary:
        """Return whose *request* (None: a connection without HTTP) the proxy of *server* lets through at *point*."""
        one = self._universe.endpoints[server]
        everyone = Ternary.exactly(self._universe.everyone)
        if not _is_captured(one, point):
            return everyone
        if one.mesh == "ambient":
            return Ternary.perhaps(self._universe.everyone)
        if request is not None:
            trusted = self.trusted(server)
            if trusted and not _verifies(request, trusted):
                return NOTHING  # such a token is refused (401), whatever the path
            request = request if trusted else request.without_token()
        trial = Trial(self._universe, self._identities, one, point, request, self._authenticated(one, point))
        verdict = everyone
        for action in ("CUSTOM", "DENY"):
            for policy in self._of_action(server, action):
                hit = NOTHING
                for rule in policy.rules:
                    hit |= trial.rule(rule, policy)
                # An external authorizer may say no to what it is asked about.
                denied = hit if action == "DENY" else Ternary.perhaps(hit.possible)
                verdict &= denied.outside(self._universe.everyone)
        allowing = self._of_action(server, "ALLOW")
        if allowing:
            allowed = NOTHING
            for policy in allowing:
                for rule in policy.rules:
                    allowed |= trial.rule(rule, policy)
            verdict &= allowed
        return verdict & self.connected(server, point)

    def rules(
        self, server: int, point: Point, request: Request | None, client: int, action: str
    ) -> Iterator[tuple[AuthorizationPolicy, AuthorizationRule]]:
        """Yield the rules of *action* that the request of *client* meets."""
        one = self._universe.endpoints[server]
        trial = Trial(self._universe, self._identities, one, point, request, self._authenticated(one, point))
        for policy in self._of_action(server, action):
            for rule in policy.rules:
                if trial.rule(rule, policy).possible >> client & 1:
                    yield policy, rule

    def _of_action(self, server: int, action: str) -> list[AuthorizationPolicy]:
        return [policy for policy in self.policies(server) if policy.action == action]

    def _authenticated(self, server: Endpoint, point: Point) -> Ternary:
        mode = self._mtls.mode(server, point.number)
        if mode == DISABLE:
            return NOTHING
        return Ternary.exactly(self._holders) if mode is not None else Ternary.perhaps(self._holders)

    def class_of(self, server: int, point: Point) -> tuple[object, ...]:
        """Return what tells *point* apart at *server*: points of one class get the same verdicts."""
        one = self._universe.endpoints[server]
        port = one.port(point.number)
        rules = (rule for policy in self.policies(server) for rule in policy.rules)
        ports = tuple(is_on(operation, point) for rule in rules for operation in rule.operations or ())
        special = any(
            each.key == "destination.port"
            for policy in self.policies(server)
            for rule in policy.rules
            for each in rule.conditions
        )
        return (
            _is_captured(one, point),
            port and port.is_http,
            self._mtls.mode(one, point.number),
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
        """Return the issuers whose tokens *server* checks, with their audiences; without any it looks at no token."""
        one = self._universe.endpoints[server]
        found: dict[str, tuple[str, ...]] = {}
        for tokens in self._tokens:
            if self._speaks_for(tokens, one):
                found |= tokens.audiences
        return found


def _is_captured(server: Endpoint, point: Point) -> bool:
    """Tell whether the server's proxy sees connections to *point* at all."""
    return server.has_identity and point.transport == "TCP" and point.number not in NOT_CAPTURED


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
