"""A Secret that looks like a CA of one's own, and that istiod does not read or cannot use.

Why:
    istiod takes a CA from one place: the Secret `cacerts` of its own namespace, with the
    keys `ca-cert.pem`, `ca-key.pem`, `root-cert.pem` and `cert-chain.pem` (or `tls.crt`,
    `tls.key` and `ca.crt` in a Secret of type kubernetes.io/tls). Anything else it passes
    over, and signs with a CA that it made itself: everything works, with the wrong root.
    The type `istio.io/ca-root` marks the Secret that istiod writes; nothing reads the
    label `istio.io/key-and-cert`, and no policy can choose a CA.

Bad:
    apiVersion: v1
    kind: Secret
    metadata:
      name: custom-ca
      namespace: istio-system
    type: istio.io/ca-root
    data: {ca-cert.pem: "", ca-key.pem: "", root-cert.pem: "", cert-chain.pem: ""}

Good:
    apiVersion: v1
    kind: Secret
    metadata:
      name: cacerts
      namespace: istio-system
    data: {ca-cert.pem: "", ca-key.pem: "", root-cert.pem: "", cert-chain.pem: ""}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest, mapping
from generator.rules.base import Context, Rule

RULE = Rule("MG238", "ca-secret", "a CA that istiod does not read or cannot use", Severity.ERROR)

_NAME, _OWN = "cacerts", "istio-ca-secret"
_KEYS = ("ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem")
_TLS_KEYS = ("tls.crt", "tls.key", "ca.crt")
_FIX = "name it cacerts in istiod's namespace, of type Opaque, before istiod starts"


def check(context: Context) -> Iterator[Finding]:
    """Yield Secrets that istiod passes over, and a plugged-in CA that lacks a part; values are never looked at."""
    home = context.environment.istio.control_plane.namespace
    for secret in context.of_kind("Secret"):
        data = secret.data
        kind = data.get("type")
        if secret.name == _NAME and secret.namespace == home:
            yield from _incomplete(secret, _TLS_KEYS if kind == "kubernetes.io/tls" else _KEYS)
        elif kind == "istio.io/ca-root" and secret.name != _OWN:
            message = f"istiod does not read the Secret {secret.name!r}: this type is that of the CA it makes itself"
            yield RULE.finding(message, secret.place("type"), _FIX)
        elif "istio.io/key-and-cert" in secret.labels:
            message = f"no Istio reads the label istio.io/key-and-cert of the Secret {secret.name!r}"
            place = secret.place("metadata", "labels", "istio.io/key-and-cert")
            yield RULE.finding(message, place, _FIX, severity=Severity.WARNING)


def _incomplete(secret: Manifest, wanted: tuple[str, ...]) -> Iterator[Finding]:
    data = secret.data
    missing = [key for key in wanted if key not in {*mapping(data.get("data")), *mapping(data.get("stringData"))}]
    if missing:
        message = f"istiod cannot use the plugged-in CA: the Secret has no {', '.join(missing)}"
        yield RULE.finding(message, secret.place("metadata", "name"), f"add it; the keys are {', '.join(wanted)}")
