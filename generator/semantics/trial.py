"""One request held against the rules of AuthorizationPolicies.

Source: istio 1.30.3 pilot/pkg/security/authz/model (identities, HTTP fields on TCP ports).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from generator.algebra.addresses import as_address, network
from generator.algebra.patterns import matches
from generator.algebra.ternary import NOTHING, Ternary
from generator.core.frozen import dataclass
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule, Condition
from generator.semantics.requests import HOST, METHOD, PATH, PRINCIPAL, SNI, Request, dimension_of, is_principal
from generator.semantics.universe import Universe
from generator.topology import Endpoint, Point

_HTTP_FIELDS = {"methods": METHOD, "paths": PATH, "hosts": HOST}


@dataclass(frozen=True, slots=True)
class Identities:
    """How identities are spelled in this mesh."""

    root_namespace: str
    trust_domain: str | None
    aliases: tuple[str, ...] = ()
    is_literal: bool = False
    """As ztunnel compares them: no alias counts, and ``cluster.local`` is a name like any other."""

    @property
    def domains(self) -> tuple[str, ...]:
        """The trust domains that callers of this mesh may be in."""
        return (self.trust_domain or "cluster.local", *(() if self.is_literal else self.aliases))

    def is_local(self, domain: str) -> bool:
        """Tell whether *domain* names this mesh; ``cluster.local`` always does, in Envoy."""
        return domain in self.domains or (domain == "cluster.local" and not self.is_literal)


class Trial:
    """One server, port and request, held against rules. Masks are over callers."""

    def __init__(
        self,
        universe: Universe,
        identities: Identities,
        server: Endpoint,
        point: Point,
        request: Request | None,
        known: Ternary,
        *,
        are_ports_known: bool = True,
    ) -> None:
        """Try *request* (None: a connection of which nothing is known); *known* are callers whose identity can be read.

        A waypoint sees the Service's port, which nobody may know (not *are_ports_known*).
        """
        self._universe = universe
        self._identities = identities
        self._everyone = Ternary.exactly(universe.everyone)
        self._server = server
        self._point = point
        self._request = request
        self._is_http = request is not None and request.is_http
        self._known = known
        self._are_ports_known = are_ports_known

    def rule(self, rule: AuthorizationRule, policy: AuthorizationPolicy) -> Ternary:
        """Return whose request meets *rule*.

        Where there is no HTTP to read, an ALLOW rule with any HTTP field vanishes as a
        whole, and a DENY rule applies as if the HTTP fields were not written.
        """
        if not self._is_http and policy.action == "ALLOW" and _has_http(rule):
            return NOTHING
        met = self._everyone if rule.sources is None else NOTHING
        for source in rule.sources or ():
            met |= self._source(source, policy)
        if rule.operations is not None:
            operations = [self._operation(one) for one in rule.operations]
            if not any(operations):
                met &= Ternary.perhaps(met.possible) if None in operations else NOTHING
        for condition in rule.conditions:
            met &= self._condition(condition)
        return met

    def verdict(self, policies: Iterable[AuthorizationPolicy]) -> Ternary:
        """Return whose request *policies* let through: CUSTOM and DENY must not refuse, some ALLOW must allow.

        An external authorizer (CUSTOM) may say no to what it is asked about.
        """
        verdict, allowed = self._everyone, NOTHING
        found = list(policies)
        for policy in found:
            met = NOTHING
            for rule in policy.rules:
                met |= self.rule(rule, policy)
            if policy.action == "ALLOW":
                allowed |= met
            elif policy.action in ("DENY", "CUSTOM"):
                denied = met if policy.action == "DENY" else Ternary.perhaps(met.possible)
                verdict &= denied.outside(self._universe.everyone)
        return verdict & allowed if any(one.action == "ALLOW" for one in found) else verdict

    def _operation(self, operation: Mapping[str, tuple[str, ...]]) -> bool | None:
        is_here = is_on(operation, self._point) if self._are_ports_known else _speaks_of_no_port(operation)
        if is_here is False:
            return False
        if self._request is None or not self._is_http:
            return is_here
        for field, dimension in _HTTP_FIELDS.items():
            value = self._request.get(dimension) or ""
            if field in operation and not _any(operation[field], value, field):
                return False
            negative = f"not{field.capitalize()}"
            if negative in operation and _any(operation[negative], value, field):
                return False
        return is_here

    def _source(self, source: Mapping[str, tuple[str, ...]], policy: AuthorizationPolicy) -> Ternary:
        met = self._everyone
        for field, values in source.items():
            positive = field if not field.startswith("not") else field[3].lower() + field[4:]
            if positive == "requestPrincipals" and self._request is None:
                continue  # DENY alone gets here: HTTP fields count as not written
            one_of = NOTHING
            for value in values:
                one_of |= self._has(positive, value, policy.scope.namespace)
            met &= one_of if positive == field else one_of.outside(self._universe.everyone)
        return met

    def _has(self, field: str, value: str, namespace: str) -> Ternary:
        """Return which callers have the property *field* with *value*."""
        if field in ("principals", "namespaces", "serviceAccounts"):
            identities = self._identities
            is_sure = identities.trust_domain or not identities.is_literal or field != "principals" or value == "*"
            certified = self._certified(field, value, namespace)
            return (Ternary.exactly(certified) if is_sure else Ternary.perhaps(self._universe.everyone)) & self._known
        if self._universe.facts.shows_client(field, self._server):
            return self._addresses(value)
        if field == "ipBlocks":
            return self._addresses(value) | Ternary.perhaps(self._universe.pods)
        if field == "requestPrincipals":
            return self._said(PRINCIPAL, value)
        if field == "trustDomains" and self._identities.trust_domain and not self._identities.is_literal:
            return self._known if _wild(value, self._identities.trust_domain) else NOTHING
        return Ternary.perhaps(self._universe.everyone)  # remoteIpBlocks: depends on the proxies in front

    def _certified(self, field: str, value: str, namespace: str) -> int:
        """Return whose certificate says so; short names of accounts are those of the policy's *namespace*."""
        if field == "principals":
            return self._of_principal(value)
        if field == "namespaces":
            return self._of_namespace(value)
        where, _, account = value.rpartition("/")
        return self._universe.holders(where or namespace, account)

    def _of_principal(self, pattern: str) -> int:
        """Match ``TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT``; the trust domain is a pointer only without wildcards."""
        identities = self._identities
        if "*" in pattern:
            about = ("principals", pattern, identities)
            return self._universe.remembered(about, lambda one: _is_principal(one, pattern, identities))
        domain, _, rest = pattern.partition("/")
        parts = rest.split("/")
        is_ours = identities.is_local(domain) and len(parts) == 4 and parts[::2] == ["ns", "sa"]
        return self._universe.holders(parts[1], parts[3]) if is_ours else 0

    def _of_namespace(self, pattern: str) -> int:
        if "*" not in pattern:
            return self._universe.identified_with(pattern)
        return self._universe.remembered(
            ("namespaces", pattern), lambda one: one.has_identity and _wild(pattern, one.identity[0])
        )

    def _addresses(self, cidr: str) -> Ternary:
        block = network(cidr)
        if block is None:
            return NOTHING
        mask = sum(
            1 << n for n, one in enumerate(self._universe.endpoints) if one.address and as_address(one.address) in block
        )
        return Ternary.exactly(mask)

    def _said(self, dimension: str, pattern: str) -> Ternary:
        if self._request is None:
            return NOTHING
        if dimension == PRINCIPAL:
            return self._everyone if is_principal(pattern, self._request) else NOTHING
        value = self._request.get(dimension)
        return self._everyone if value is not None and matches(pattern, value) else NOTHING

    def _condition(self, condition: Condition) -> Ternary:
        dimension = dimension_of(condition.key)
        if dimension and dimension != SNI and not self._is_http:
            return self._everyone  # DENY alone gets here: HTTP fields count as not written
        met = self._everyone
        if condition.values:
            met &= self._one_of(condition.key, dimension, condition.values)
        if condition.not_values:
            met &= self._one_of(condition.key, dimension, condition.not_values).outside(self._universe.everyone)
        return met

    def _one_of(self, key: str, dimension: str | None, values: tuple[str, ...]) -> Ternary:
        fields = {"source.principal": "principals", "source.namespace": "namespaces", "source.ip": "ipBlocks"}
        found = NOTHING
        for value in values:
            if dimension == SNI and (self._request is None or self._request.get(SNI) is None):
                found |= Ternary.perhaps(self._universe.everyone)  # nobody says under which name TLS was opened
            elif dimension:
                found |= self._said(dimension, value)
            elif key == "destination.port" and self._are_ports_known:
                found |= self._everyone if value == str(self._point.number) else NOTHING
            elif key in fields:
                found |= self._has(fields[key], value, self._server.namespace)
            else:
                found |= Ternary.perhaps(self._universe.everyone)
        return found


def is_on(operation: Mapping[str, tuple[str, ...]], point: Point) -> bool:
    """Tell whether *operation* is about this port; without ports it is about all of them."""
    number = str(point.number)
    return number in operation.get("ports", (number,)) and number not in operation.get("notPorts", ())


def _speaks_of_no_port(operation: Mapping[str, tuple[str, ...]]) -> bool | None:
    return None if operation.keys() & {"ports", "notPorts"} else True


def _has_http(rule: AuthorizationRule) -> bool:
    """Tell whether any part of *rule* speaks of HTTP: one such field makes the whole rule an HTTP rule."""
    operations = any(set(one) - {"ports", "notPorts"} for one in rule.operations or ())
    sources = any("equestPrincipals" in field for one in rule.sources or () for field in one)
    return operations or sources or any(one.key.startswith("request.") for one in rule.conditions)


def _any(patterns: tuple[str, ...], value: str, field: str) -> bool:
    if field == "hosts":  # host names are compared without regard to case
        return any(matches(pattern.lower(), value.lower()) for pattern in patterns)
    return any(matches(pattern, value) for pattern in patterns)


def _wild(pattern: str, value: str) -> bool:
    head, star, tail = pattern.partition("*")
    return value.startswith(head) and value.endswith(tail) if star else value == pattern


def _is_principal(one: Endpoint, pattern: str, identities: Identities) -> bool:
    own = "ns/{}/sa/{}".format(*one.identity)
    return one.has_identity and any(matches(pattern, f"{domain}/{own}") for domain in identities.domains)
