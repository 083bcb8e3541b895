"""Tokens that an intent asks for: who issues them, where they stand, and what else would pass for one."""

from __future__ import annotations

import json
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.core.places import Json, Place
from generator.model.flows import Flow, TokenIssuer
from generator.model.intent import Intent
from generator.model.peers import WorkloadPeer, describe

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a JSON Web Key that are secret (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037 section 2)."""

_CAVEATS = {
    "cookies": (
        "token-in-cookie",
        "a browser sends cookies by itself, so that another site can use the token (CSRF)",
        "let the application send it in a header",
    ),
    "params": (
        "token-in-query",
        "the token stands in the URL, which ends up in logs and histories",
        "let the application send it in a header",
    ),
    "forward": (
        "token-forwarded",
        "the token is handed on to the application, which could use it elsewhere",
        "let the application read the claims that the proxy has checked",
    ),
}
"""Fields of an issuer that weaken its tokens: the caveat to accept, why, and what to do instead."""


def check_tokens(intent: Intent) -> list[Finding]:
    """Return what is wrong with the tokens of *intent*.

    MG025 one issuer twice, MG027 tokens that prove less than they seem to, MG028 tokens
    that nobody issues or asks for, MG036 a private key.
    """
    findings: dict[tuple[str, Place | None, str], Finding] = {}
    for finding in (*_issuers(intent), *_askers(intent)):  # an issuer stands there once for each workload
        findings.setdefault((finding.code, finding.place, finding.message), finding)
    return list(findings.values())


def _issuers(intent: Intent) -> Iterator[Finding]:
    known: dict[tuple[str, str, str], TokenIssuer] = {}
    for token in intent.tokens:
        yield from _keys(token)
        yield from _weaknesses(intent, token)
        first = known.setdefault((token.namespace, token.workload, token.issuer), token)
        if first is not token:
            related = ((first.origin.place, "the other one"),)
            message = f"the issuer {token.issuer!r} stands twice for the workload {token.workload!r}"
            fix = "list all of its audiences in one entry"
            yield Finding("MG025", message, token.origin.place, fix, related=related)
        if not any(_asks(flow, token) for flow in intent.flows_into(token.namespace)):
            message = f"no flow to {token.workload!r} asks for the token, so requests without one would pass"
            fix = "expose the workload with the token, or drop it"
            yield Finding("MG028", message, token.origin.place, fix, is_absence=True)


def _keys(token: TokenIssuer) -> Iterator[Finding]:
    if bool(token.jwks_uri) == bool(token.jwks):
        message = "the issuer's keys come from jwksUri or from jwks, exactly one of them"
        yield Finding("MG028", message, token.origin.place, "give one of the two")
    keys = _members(token.jwks) if token.jwks else []
    here = token.places.get("jwks", token.origin.place)
    if keys is None:
        message = f"the keys of {token.issuer!r} are no JSON Web Key Set"
        yield Finding("MG012", message, here, 'write JSON of the form {"keys": [{"kty": "RSA", ...}]}')
    secret = sorted({name for key in keys or () for name in key.keys() & _PRIVATE_MEMBERS})
    if secret:
        message = (
            f"the key set of {token.issuer!r} holds a private key ({', '.join(secret)}): who has it can make tokens"
        )
        fix = "write the public half alone, and replace the key: it has been in a file"
        yield Finding("MG036", message, here, fix)


def _members(jwks: str) -> list[dict[str, Json]] | None:
    """Return the keys in *jwks*, a JSON Web Key Set or one key alone (RFC 7517); None if it is neither."""
    try:
        data = json.loads(jwks)
    except (ValueError, RecursionError):
        return None
    keys = data.get("keys", [data]) if isinstance(data, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) and "kty" in key for key in keys):
        return None
    return keys


def _weaknesses(intent: Intent, token: TokenIssuer) -> Iterator[Finding]:
    profile, here = token.origin.profile, token.origin.place
    if not token.audiences and not intent.accepts("any-audience", profile):
        message = f"{token.issuer!r} vouches for tokens of any audience: those made for other services pass as well"
        yield Finding("MG027", message, here, "name the audiences, or accept the caveat any-audience with a reason")
    if not token.issuer.startswith(("https://", "http://")) and not intent.accepts("issuer-without-scheme", profile):
        message = f"the issuer {token.issuer!r} has no scheme, and is compared letter by letter with the iss claim"
        fix = "write it as it stands in the tokens, mostly https://…; if it really has none, accept the caveat "
        yield Finding("MG027", message, here, fix + "issuer-without-scheme with a reason")
    for name, (caveat, why, instead) in _CAVEATS.items():
        if getattr(token, name) and not intent.accepts(caveat, profile):
            fix = f"{instead}, or accept the caveat {caveat} with a reason"
            yield Finding("MG027", f"`{name}` of {token.issuer!r}: {why}", token.places.get(name, here), fix)


def _askers(intent: Intent) -> Iterator[Finding]:
    """A flow that asks for a token needs somebody who issues it; claims are those of a token."""
    known = {(token.namespace, token.workload, token.name) for token in intent.tokens}
    for flow in intent.flows:
        between = f"requests from {describe(flow.client)} to {describe(flow.server)}"
        if flow.token and not (isinstance(flow.server, WorkloadPeer) and (*flow.server.key, flow.token) in known):
            message = f"{between} must carry a token, but nothing says who issues it"
            fix = "name the issuer, its keys and the audiences"
            yield Finding("MG028", message, flow.origin.place, fix, is_absence=True)
        if flow.request and flow.request.claims and not flow.token:
            message = f"{between} must carry claims, but no token that could hold them"
            yield Finding("MG028", message, flow.request_place or flow.origin.place, "ask for a token as well")


def _asks(flow: Flow, token: TokenIssuer) -> bool:
    return flow.token == token.name and flow.server == WorkloadPeer(token.namespace, token.workload)
