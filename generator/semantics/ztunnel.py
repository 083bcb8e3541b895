"""What ztunnel enforces of policies that were written for proxies which read HTTP.

Sources: istio 1.30.3 pilot/pkg/serviceregistry/ambient/authorization.go (handleRule), istio/ztunnel
src/rbac.rs. A rule becomes up to three clauses (to, from, each when) that must all be met. What
ztunnel cannot read is taken out; an alternative of which nothing is left never matches, and with
it the clause, if it has no other. So an ALLOW rule that speaks of requests is gone as a whole,
and a DENY rule is wider than written, or does nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from generator.manifests.security import AuthorizationPolicy, AuthorizationRule

_Part = Mapping[str, tuple[str, ...]]

_OPERATIONS = frozenset({"ports", "notPorts"})
_REQUEST_SOURCES = frozenset({"requestPrincipals", "notRequestPrincipals", "remoteIpBlocks", "notRemoteIpBlocks"})
_CONDITIONS = frozenset({"source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port"})
_TRUST_DOMAINS = frozenset({"trustDomains", "notTrustDomains"})
"""Not carried over (1.30): beside other fields in ALLOW a later Istio leaves the whole rule out instead."""


def as_ztunnel_reads(policy: AuthorizationPolicy) -> AuthorizationPolicy | None:
    """Return what ztunnel enforces of *policy*; None for actions that it does not know."""
    if policy.action not in ("ALLOW", "DENY"):
        return None
    rules = (_read(rule, policy.action) for rule in policy.rules)
    return replace(policy, rules=tuple(rule for rule in rules if rule is not None))


def speaks_of_requests(rule: AuthorizationRule) -> bool:
    """Tell whether *rule* has a field that ztunnel takes for one of HTTP."""
    return (
        any(set(one) - _OPERATIONS for one in rule.operations or ())
        or any(set(one) & _REQUEST_SOURCES for one in rule.sources or ())
        or any(one.key not in _CONDITIONS for one in rule.conditions)
    )


def _read(rule: AuthorizationRule, action: str) -> AuthorizationRule | None:
    """Return what is left of *rule*; None if it never matches."""
    if action == "ALLOW" and speaks_of_requests(rule):
        return None
    unread = _REQUEST_SOURCES | (_TRUST_DOMAINS if action == "DENY" else frozenset())
    operations = _left(rule.operations, lambda field: field in _OPERATIONS)
    sources = _left(rule.sources, lambda field: field not in unread)
    if sources is not None:
        sources = tuple(one for one in sources if set(one) - _TRUST_DOMAINS)
    is_empty = operations == () or sources == () or any(one.key not in _CONDITIONS for one in rule.conditions)
    return None if is_empty else replace(rule, operations=operations, sources=sources)


def _left(parts: tuple[_Part, ...] | None, is_read: Callable[[str], bool]) -> tuple[_Part, ...] | None:
    """Return the alternatives of one clause with what is read of them; those of which nothing is left never match."""
    if parts is None:
        return None
    read = ({field: values for field, values in one.items() if is_read(field)} for one in parts)
    return tuple(one for one in read if one)
