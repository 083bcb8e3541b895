"""The content of objects of security.istio.io: who may call, with which identity and which token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.plan.views.selection import Target


@dataclass(frozen=True, slots=True)
class AuthorizationRule:
    """One rule of an AuthorizationPolicy; without sources it takes any caller."""

    comment: str
    sources: Mapping[str, tuple[str, ...]]
    ports: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    conditions: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizationPolicyView:
    """``spec`` of an AuthorizationPolicy; ALLOW without rules allows nothing."""

    labels: Mapping[str, str]
    rules: tuple[AuthorizationRule, ...] = ()
    action: str = "ALLOW"
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class PeerAuthenticationView:
    """``spec`` of a PeerAuthentication; ``ports`` are those of the container."""

    mode: str
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TokenRule:
    """One entry of ``jwtRules``."""

    issuer: str
    audiences: tuple[str, ...]
    jwks_uri: str
    jwks: str
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    forward: bool = False


@dataclass(frozen=True, slots=True)
class RequestAuthenticationView:
    """``spec`` of a RequestAuthentication."""

    labels: Mapping[str, str]
    rules: tuple[TokenRule, ...]
    target: Target | None = None
