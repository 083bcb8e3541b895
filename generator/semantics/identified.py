"""What AuthorizationPolicies say of a connection before any request is read: who, and to which port.

That is all ztunnel knows, and it is enough for the question whether a caller can get
anything through at all. Sources: istio 1.30.3 pilot/pkg/security/authz/model/model.go (sidecar),
pilot/pkg/serviceregistry/ambient/authorization.go (ztunnel leaves rules with HTTP fields out).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from generator.algebra.ternary import Ternary
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule, Scope
from generator.semantics.authorization import NOT_CAPTURED, names_gateway
from generator.semantics.mtls import DISABLE, STRICT, MutualTls
from generator.semantics.trial import Identities, Trial
from generator.semantics.universe import Facts, Universe
from generator.semantics.ztunnel import as_ztunnel_reads
from generator.topology import AMBIENT, IN_MESH, Endpoint, Point

_PORT_FIELDS = frozenset({"ports", "notPorts"})


class IdentifiedAccess:
    """The verdict of mutual TLS and AuthorizationPolicies on one pair of endpoints, requests aside."""

    def __init__(self, policies: Sequence[AuthorizationPolicy], mtls: MutualTls, identities: Identities) -> None:
        """Dry runs decide nothing; what is attached to a waypoint is not asked here."""
        self._by_namespace: dict[str, list[AuthorizationPolicy]] = {}
        for one in policies:
            if not one.is_dry_run:
                self._by_namespace.setdefault(one.scope.namespace, []).append(one)
        self._mtls = mtls
        self._identities = identities
        self._speaking: dict[tuple[str, frozenset[tuple[str, str]], bool, bool], list[AuthorizationPolicy]] = {}

    def policies(self, server: Endpoint) -> list[AuthorizationPolicy]:
        """Return the policies that speak for *server*: worked out once for all whom no policy tells apart."""
        key = (server.namespace, frozenset(server.labels.items()), server.mesh == AMBIENT, server.is_waypoint)
        if key not in self._speaking:
            self._speaking[key] = self._policies(server)
        return list(self._speaking[key])

    def _policies(self, server: Endpoint) -> list[AuthorizationPolicy]:
        found = [
            one
            for namespace in dict.fromkeys((self._identities.root_namespace, server.namespace))
            for one in self._by_namespace.get(namespace, ())
            if _speaks_for(one.scope, server)
        ]
        return [read for one in found if (read := as_ztunnel_reads(one))] if server.mesh == AMBIENT else found

    def admits(self, server: Endpoint, client: Endpoint, point: Point) -> bool | None:
        """Tell whether *server* lets *client* in at *point*: None when the request decides, or a fact is missing."""
        if server.mesh not in IN_MESH:
            return True if server.mesh == "none" else None
        if point.transport != "TCP" or (server.mesh == "sidecar" and point.number in NOT_CAPTURED):
            return True
        if client.mesh == "unknown":
            verdicts = {self.admits(server, replace(client, mesh=mesh), point) for mesh in ("sidecar", "none")}
            return verdicts.pop() if len(verdicts) == 1 else None
        mode = self._mtls.mode(server, point.number)
        if not client.has_identity and mode == STRICT:
            return False
        verdict = self._judge(server, client, point, has_identity=client.has_identity and mode != DISABLE)
        return None if verdict and mode is None and not client.has_identity else verdict

    def allowing(
        self, server: Endpoint, client: Endpoint, point: Point
    ) -> Iterator[tuple[AuthorizationPolicy, AuthorizationRule]]:
        """Yield the ALLOW rules that some request of *client* may meet at *point*."""
        trial = self._trial(server, client, point, has_identity=client.has_identity)
        for policy in self.policies(server):
            for rule in policy.rules if policy.action == "ALLOW" else ():
                if trial.rule(_without_http(rule), policy).possible:
                    yield policy, rule

    def _judge(self, server: Endpoint, client: Endpoint, point: Point, *, has_identity: bool) -> bool | None:
        trial = self._trial(server, client, point, has_identity=has_identity)
        speaking = self.policies(server)
        verdict: bool | None = None if any(one.action == "CUSTOM" for one in speaking) else True
        for policy in (one for one in speaking if one.action == "DENY"):
            for rule in policy.rules:
                hit = trial.rule(_without_http(rule), policy)
                if hit.sure and not has_http(rule):
                    return False
                verdict = None if hit.possible else verdict
        allowing = [one for one in speaking if one.action == "ALLOW"]
        if not allowing:
            return verdict
        kept = [(policy, rule) for policy in allowing for rule in policy.rules]
        hits = [(trial.rule(_without_http(rule), policy), rule) for policy, rule in kept]
        if any(hit.sure and not has_http(rule) for hit, rule in hits):
            return verdict
        return None if any(hit.possible for hit, _ in hits) else False

    def _trial(self, server: Endpoint, client: Endpoint, point: Point, *, has_identity: bool) -> Trial:
        universe = Universe((client,), Facts())
        known = Ternary.exactly(universe.everyone if has_identity else 0)
        identities = replace(self._identities, is_literal=True) if server.mesh == AMBIENT else self._identities
        return Trial(universe, identities, server, point, None, known)


def _speaks_for(scope: Scope, server: Endpoint) -> bool:
    if scope.has_targets:
        return names_gateway(scope, server)
    return all(server.labels.get(key) == value for key, value in scope.labels.items())


def has_http(rule: AuthorizationRule) -> bool:
    """Tell whether *rule* needs a request to be decided."""
    return (
        any(set(one) - _PORT_FIELDS for one in rule.operations or ())
        or any("equestPrincipals" in field for one in rule.sources or () for field in one)
        or any(one.key.startswith("request.") for one in rule.conditions)
    )


def _without_http(rule: AuthorizationRule) -> AuthorizationRule:
    """Return what is left of *rule* for a connection of which no request is known."""
    return replace(
        rule,
        sources=None if rule.sources is None else tuple(map(_identity_part, rule.sources)),
        operations=None
        if rule.operations is None
        else tuple({key: values for key, values in one.items() if key in _PORT_FIELDS} for one in rule.operations),
        conditions=tuple(one for one in rule.conditions if not one.key.startswith("request.")),
    )


def _identity_part(source: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {field: values for field, values in source.items() if "equestPrincipals" not in field}
