"""A rule about callers' identities on a port that also takes plaintext, where nobody has an identity.

Why:
    Principals, namespaces and service accounts are read from the client's certificate.
    Over plaintext they are empty: "everybody but legacy" then lets every plaintext caller
    in, and a DENY for a namespace does not stop it (ISTIO-SECURITY-2021-004). A rule that
    asks for an identity is safe, but refuses callers that have not joined the mesh yet.

Bad:
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: PERMISSIVE}}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {notNamespaces: [legacy]}

Good:
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {namespaces: [shop]}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule
from generator.rules.base import Context, Rule
from generator.rules.said import IDENTITY, Said, said_by, title
from generator.rules.servers import Server, is_limited_by_network, mutual_tls, servers
from generator.semantics.authorization import NOT_CAPTURED
from generator.semantics.cluster import Cluster
from generator.semantics.mtls import DISABLE, STRICT

RULE = Rule("MG204", "mtls-only", "a rule about identities where plaintext is accepted", Severity.ERROR)

_FIX = "set mTLS to STRICT on these ports, and name the callers that may, not those that may not"
_SAFE_FIX = "set mTLS to STRICT on these ports, or give the callers without an identity a rule and a port of their own"


def check(context: Context) -> Iterator[Finding]:
    """Yield rules that plaintext callers get around (errors), and policies that only refuse them (one warning each)."""
    for policy in context.cluster.bundle.authorization_policies:
        if policy.is_dry_run or policy.action not in ("ALLOW", "DENY"):
            continue
        found = [one for one in servers(context, policy.scope) if not one.is_gateway and one.mesh != "none"]
        refused: list[Finding] = []
        for number, rule in enumerate(policy.rules):
            identities = [one for one in said_by(policy, number, rule) if one.field in IDENTITY]
            if not identities or not found:
                continue
            evaded = _evaded(policy, identities)
            if evaded:
                yield from _open(context, policy, rule, evaded, found)
            else:
                refused += _refused(context, policy, rule, identities[0], found)
        yield from refused[:1]


def _evaded(policy: AuthorizationPolicy, identities: list[Said]) -> Said | None:
    """Return the value that a caller without an identity gets around: it denies by identity, or allows by its lack."""
    if policy.action == "DENY":
        return next((one for one in identities if not one.is_negative), None)
    asked = {one.part for one in identities if not one.is_negative}
    if any(part == "when" for part, _ in asked):
        return None  # conditions must hold for every source
    return next((one for one in identities if one.is_negative and (one.part not in asked)), None)


def _ports(rule: AuthorizationRule, one: Server) -> Iterable[int]:
    operations = rule.operations or ()
    if operations and all(each.get("ports") for each in operations):
        return sorted({int(port) for each in operations for port in each["ports"] if port.isdigit()} - NOT_CAPTURED)
    return sorted({port.number for port in one.endpoint.ports} - NOT_CAPTURED) or [0]


def _modes(context: Context, rule: AuthorizationRule, found: list[Server]) -> list[tuple[Server, int, str | None]]:
    return [(one, port, mutual_tls(context, one, port)) for one in found for port in _ports(rule, one)]


def _open(
    context: Context, policy: AuthorizationPolicy, rule: AuthorizationRule, value: Said, found: list[Server]
) -> Iterator[Finding]:
    modes = _modes(context, rule, found)
    lax = [(one, port) for one, port, mode in modes if mode not in (STRICT, None)]
    effect = "does not stop it" if policy.action == "DENY" else "lets it in"
    if lax:
        message = (
            f"{title(policy)} reads {value.name}, but {_where(*lax[0])} takes plaintext, where callers have no "
            f"identity: the rule {effect}"
        )
        yield RULE.finding(message, value.place, _FIX)
    elif any(mode is None for _, _, mode in modes):
        message = f"whether plaintext callers get around {value.name} in {title(policy)}"
        yield RULE.unknown(message, value.place, "the PeerAuthentications of the namespace and of the mesh")


def _refused(
    context: Context, policy: AuthorizationPolicy, rule: AuthorizationRule, value: Said, found: list[Server]
) -> Iterator[Finding]:
    for one, port, mode in _modes(context, rule, found):
        is_default = context.cluster.mtls.deciding(one.endpoint, port) is None  # nobody asked for plaintext there
        if mode in (STRICT, None) or is_default or _serves_plaintext(context, one, port):
            continue
        if mode != DISABLE and is_limited_by_network(context, one, port):
            continue  # who may connect at all is named there: no caller is left to be forgotten
        never = "it never matches there" if mode == DISABLE else "callers outside the mesh are refused"
        message = f"{title(policy)} reads {value.name}, but {_where(one, port)} takes plaintext ({mode}): {never}"
        severity = Severity.ERROR if mode == DISABLE and policy.action == "ALLOW" else Severity.WARNING
        yield RULE.finding(message, value.place, _SAFE_FIX, severity=severity)
        return


def _serves_plaintext(context: Context, one: Server, port: int) -> bool:
    """Tell whether some ALLOW rule lets callers without an identity in at *port*: then none of them is forgotten."""
    by_namespace = _without_identities(context.cluster)
    for namespace in {one.endpoint.namespace, context.environment.istio.root_namespace}:
        for policy, rules in by_namespace.get(namespace, ()):
            is_meant = policy.scope.labels.items() <= one.endpoint.labels.items()
            if is_meant and any(port == 0 or port in _ports(rule, one) for rule in rules):
                return True
    return False


@lru_cache(maxsize=2)
def _without_identities(
    cluster: Cluster,
) -> dict[str, list[tuple[AuthorizationPolicy, tuple[AuthorizationRule, ...]]]]:
    """Return by namespace the ALLOW policies, each with its rules that read no identity."""
    found: dict[str, list[tuple[AuthorizationPolicy, tuple[AuthorizationRule, ...]]]] = {}
    for policy in cluster.bundle.authorization_policies:
        if policy.action == "ALLOW" and not policy.scope.has_targets:
            rules = tuple(
                rule
                for number, rule in enumerate(policy.rules)
                if not any(one.field in IDENTITY for one in said_by(policy, number, rule))
            )
            found.setdefault(policy.scope.namespace, []).append((policy, rules))
    return found


def _where(one: Server, port: int) -> str:
    return f"port {port} of {one.name}" if port else f"what runs in {one.endpoint.namespace}"
