"""RequestAuthentication: CEL of the CRD, and ValidateRequestAuthentication of istiod."""

from __future__ import annotations

import json
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod or the API server refuses about a RequestAuthentication."""
    spec = root.child("spec")
    yield from istio.attachment(spec)
    yield from istio.durations(spec)
    for rule in spec.child("jwtRules").items():
        if isinstance(rule.value, dict) and not rule.child("issuer").is_set:
            yield rule.refuse("must have `issuer`", "add the `iss` value of the tokens")
        yield from rule.only_one("jwksUri", "jwks_uri", "jwks")
        for name in ("jwksUri", "jwks_uri"):
            uri = rule.child(name)
            if uri.text and not uri.text.startswith(("http://", "https://")):
                yield uri.refuse(f"is {uri.text!r}, without http:// or https://", "write the whole URL")
        yield from _key_set(rule.child("jwks"))


def _key_set(jwks: Spot) -> Iterator[Finding]:
    if not jwks.text:
        return
    try:
        keys = json.loads(jwks.text)
    except (ValueError, RecursionError):
        keys = None
    if not isinstance(keys, dict) or not ("kty" in keys or isinstance(keys.get("keys"), list)):
        yield jwks.refuse("is no JSON Web Key Set", 'write JSON of the form {"keys": [...]}')
