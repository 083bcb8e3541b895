"""A principal of a trust domain that is not the mesh's, or that the one who reads it does not resolve.

Why:
    Identities of this mesh carry its trust domain or one of its aliases. A proxy reads
    `cluster.local` in a complete principal as "ours, whatever it is called"; in a principal
    that is cut off by a `*`, and at ztunnel, it is a name like any other. A principal of
    another trust domain matches nobody here.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {principals: [old.example/ns/shop/sa/web]}

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy
from generator.rules.base import Context, Rule
from generator.rules.said import Said, said, title
from generator.rules.servers import servers

RULE = Rule("MG210", "trust-domain", "a principal of another trust domain", Severity.ERROR)

_DEFAULT = "cluster.local"
_SEGMENTS = 5
_FIX = "name the callers by serviceAccounts, which hold for every trust domain; or write {domain}"


def check(context: Context) -> Iterator[Finding]:
    """Yield principals whose trust domain is not this mesh's."""
    istio = context.environment.istio
    known = {istio.trust_domain, *istio.trust_domain_aliases} - {None}
    for policy in context.cluster.bundle.authorization_policies:
        for value in said(policy):
            domain, slash, _ = value.value.removeprefix("spiffe://").partition("/")
            if value.field != "principals" or not slash or "*" in domain or domain in known:
                continue
            if domain == _DEFAULT:
                yield from _default(context, policy, value)
            elif istio.trust_domain is None:
                message = f"whether {domain!r} in {title(policy)} is a trust domain of this mesh"
                yield RULE.unknown(message, value.place, "istio.trustDomain")
            else:
                message = (
                    f"{title(policy)} names {value.value!r}, but the trust domain of this mesh is "
                    f"{istio.trust_domain}: no caller has that identity"
                )
                yield RULE.finding(message, value.place, _FIX.format(domain=istio.trust_domain))


def _default(context: Context, policy: AuthorizationPolicy, value: Said) -> Iterator[Finding]:
    """``cluster.local`` points to the mesh's own trust domain, in Envoy and in complete principals only."""
    domain = context.environment.istio.trust_domain
    if domain is None:
        return
    if value.value.count("/") + 1 != _SEGMENTS:
        why = "only a complete principal is translated"
    elif any(one.mesh == "ambient" for one in servers(context, policy.scope)):
        why = "ztunnel, which enforces this policy, does not translate it"
    else:
        return
    message = f"{title(policy)} names {value.value!r}, but the trust domain of this mesh is {domain}: {why}"
    yield RULE.finding(message, value.place, _FIX.format(domain=domain))
