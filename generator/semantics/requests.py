"""HTTP requests that tell policies apart: one of each class, from the patterns that anyone names.

A connection without HTTP is a request without a method; all that is known of it is the
name that its TLS was opened under (SNI).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from generator.algebra.patterns import matches, representatives
from generator.core.frozen import dataclass
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule

METHOD, PATH, HOST = "method", "path", "host"
HEADER, CLAIM, PRINCIPAL = "header:", "claim:", "request principal"
SNI = "sni"

_OPERATION_FIELDS = {
    "methods": METHOD,
    "notMethods": METHOD,
    "paths": PATH,
    "notPaths": PATH,
    "hosts": HOST,
    "notHosts": HOST,
}
_SOURCE_FIELDS = {"requestPrincipals": PRINCIPAL, "notRequestPrincipals": PRINCIPAL}
_ALWAYS_PRESENT = frozenset({METHOD, PATH, HOST, SNI})
_BEGINNINGS = {PATH: "/", PRINCIPAL: "somebody-else/"}
"""How what nobody named begins."""

Patterns = Mapping[str, Iterable[str]]
"""Dimension (``method``, ``header:x-id``, ``claim:iss``) to the patterns named in it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, standing for all that no policy tells apart. What is absent has no entry."""

    values: tuple[tuple[str, str], ...]

    @property
    def is_http(self) -> bool:
        """Whether there is HTTP to read."""
        return self.get(METHOD) is not None

    def get(self, dimension: str) -> str | None:
        """Return the request's value in *dimension*, None when it has none."""
        return next((value for name, value in self.values if name == dimension), None)

    def without_token(self) -> Request:
        """Return the request as a server sees it that looks at no token."""
        kept = [(name, value) for name, value in self.values if not name.startswith(CLAIM) and name != PRINCIPAL]
        return Request(tuple(kept))

    def connection(self) -> Request:
        """Return what is left of the request for a proxy that reads no HTTP."""
        return Request(tuple(one for one in self.values if one[0] == SNI))

    def __str__(self) -> str:
        words = [self.get(METHOD) or "", (self.get(HOST) or "") + (self.get(PATH) or "")]
        words += [f"{name}={value}" for name, value in self.values if name not in _ALWAYS_PRESENT]
        return " ".join(word for word in words if word)


def patterns_of(policies: Iterable[AuthorizationPolicy]) -> dict[str, set[str]]:
    """Return every pattern that *policies* name, by dimension."""
    found: dict[str, set[str]] = {}
    for policy in policies:
        for rule in policy.rules:
            for dimension, values in _of_rule(rule):
                found.setdefault(dimension, set()).update(values)
    return found


def _of_rule(rule: AuthorizationRule) -> Iterable[tuple[str, tuple[str, ...]]]:
    for operation in rule.operations or ():
        yield from (
            (_OPERATION_FIELDS[name], _lower(name, values))
            for name, values in operation.items()
            if name in _OPERATION_FIELDS
        )
    for source in rule.sources or ():
        yield from ((_SOURCE_FIELDS[name], values) for name, values in source.items() if name in _SOURCE_FIELDS)
    for condition in rule.conditions:
        if dimension := dimension_of(condition.key):
            yield dimension, (*condition.values, *condition.not_values)


def _lower(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.lower() for value in values) if name in ("hosts", "notHosts") else values


def dimension_of(key: str) -> str | None:
    """Return the dimension that a ``when`` key speaks of; None when it is no property of the request."""
    if key.startswith("request.headers[") and key.endswith("]"):
        return HEADER + key[len("request.headers[") : -1].lower()
    if key.startswith("request.auth.claims["):
        return CLAIM + key[len("request.auth.claims") :].replace("][", ".").strip("[]")
    return {
        "connection.sni": SNI,
        "request.auth.principal": PRINCIPAL,
        "request.auth.audiences": f"{CLAIM}aud",
        "request.auth.presenter": f"{CLAIM}azp",
    }.get(key)


TokenClass = Callable[[Request], Hashable]
"""What decides about a request as far as its token goes: tokens of one class are treated alike."""


def is_principal(pattern: str, request: Request) -> bool:
    """Tell whether the token of *request* is of the issuer and subject that *pattern* (``ISSUER/SUBJECT``) means.

    The last slash parts the two, and each is compared alone: ``https://a/*`` means the issuer
    ``https://a``, and nobody of the issuer ``https://a/``, whose pattern is ``https://a//*``.
    Source: istio 1.30.3 pilot/pkg/security/authz/model/generator.go, requestPrincipalGenerator.
    """
    principal = request.get(PRINCIPAL)
    if principal is None:
        return False
    issuer, subject = _parted(principal, request.get(f"{CLAIM}iss"))
    wanted_issuer, slash, wanted_subject = pattern.rpartition("/")
    if pattern.startswith("*") and slash:
        return matches(wanted_issuer, issuer) and subject == wanted_subject
    if pattern.startswith("*"):
        return bool(issuer) and matches(pattern, subject)
    if pattern.endswith("*") and not slash:
        return matches(pattern, issuer) and bool(subject)
    if pattern.endswith("*"):
        return issuer == wanted_issuer and matches(wanted_subject, subject)
    return (issuer, subject) == ((wanted_issuer, wanted_subject) if slash else (pattern, ""))


def _parted(principal: str, issuer: str | None) -> tuple[str, str]:
    if issuer is not None and principal.startswith(f"{issuer}/"):
        return issuer, principal[len(issuer) + 1 :]
    found, _, subject = principal.rpartition("/")
    return found, subject


def requests_of(*sources: Patterns, token_class: TokenClass | None = None) -> tuple[Request, ...]:
    """Return one request of each class that the patterns of *sources* together tell apart.

    Claims multiply fast, and are only ever asked for together: with *token_class* one token of each class is enough.
    """
    merged: dict[str, set[str]] = {METHOD: set(), PATH: set()}
    for source in sources:
        for dimension, patterns in source.items():
            merged.setdefault(dimension, set()).update(patterns)
    others = {name: patterns for name, patterns in merged.items() if not name.startswith(CLAIM) or token_class is None}
    tokens = {name: patterns for name, patterns in merged.items() if name not in others}
    samples: dict[Hashable, Request] = {}
    for token in _combined(tokens):
        samples.setdefault(token_class(token) if token_class else (), token)
    return tuple(
        Request(tuple(sorted((*request.values, *token.values))))
        for request in _combined(others)
        for token in samples.values()
    )


def connections_of(requests: Iterable[Request]) -> tuple[Request | None, ...]:
    """Return what is left of *requests* without HTTP; None stands for a connection of which nothing is known."""
    return tuple(one if one.values else None for one in dict.fromkeys(each.connection() for each in requests))


def _combined(patterns: Patterns) -> Iterator[Request]:
    """Yield every combination of values that the patterns of each dimension tell apart."""
    choices = []
    for dimension, named in sorted(patterns.items()):
        values: list[str | None] = [*_representatives(dimension, named)]
        if dimension not in _ALWAYS_PRESENT:
            values.append(None)
        choices.append([(dimension, value) for value in values])
    for combination in itertools.product(*choices):
        yield Request(tuple((dimension, value) for dimension, value in combination if value is not None))


def _representatives(dimension: str, patterns: Iterable[str]) -> Iterable[str]:
    """Return values that tell *patterns* apart; a principal always has an issuer and a subject."""
    found = representatives(patterns, _BEGINNINGS.get(dimension, ""))
    return (one if dimension != PRINCIPAL or "/" in one else f"{one}/somebody" for one in found)
