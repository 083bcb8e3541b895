"""A RequestAuthentication without a policy that asks for the token: requests without any token pass.

Why:
    RequestAuthentication refuses bad tokens. A request without a token has no bad token,
    and passes. Only an AuthorizationPolicy that looks at the token makes it mandatory.

Bad:
    apiVersion: security.istio.io/v1
    kind: RequestAuthentication
    metadata: {name: jwt, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      jwtRules: [{issuer: "https://issuer.example", jwksUri: "https://issuer.example/keys"}]

Good:
    apiVersion: security.istio.io/v1
    kind: RequestAuthentication
    metadata: {name: jwt, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      jwtRules: [{issuer: "https://issuer.example", jwksUri: "https://issuer.example/keys"}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - when:
            - {key: "request.auth.claims[iss]", values: ["https://issuer.example"]}
            - {key: "request.auth.claims[aud]", values: [shop-api]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import mapping, sequence
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule, RequestAuthentication
from generator.rules.base import Context, Rule
from generator.rules.said import IDENTITY, said_by
from generator.rules.servers import seems_whole, servers
from generator.rules.targets import targets

RULE = Rule("MG213", "jwt-optional", "tokens are checked but not asked for", Severity.ERROR)

_FIX = "add an ALLOW policy for the same pods whose rules ask for request.auth.claims[iss] and [aud]"
_HANDED_ON = ("outputPayloadToHeader", "outputClaimToHeaders", "forwardOriginalToken")


def check(context: Context) -> Iterator[Finding]:
    """Yield RequestAuthentications whose pods also serve requests without a token, as far as policies show."""
    bundle = context.cluster.bundle
    for tokens in bundle.request_authentications:
        policies = [one for one in bundle.authorization_policies if _meets(context, tokens, one)]
        if not tokens.audiences or _routes_by_claims(context) or _is_mandatory(policies):
            continue
        name = f"RequestAuthentication {tokens.manifest.namespace}/{tokens.manifest.name}"
        place = tokens.manifest.place("spec", "jwtRules")
        message = f"{name} refuses bad tokens only: requests without a token pass, no policy asks for one"
        if policies or context.is_complete or _is_server_shown(context, tokens):
            is_handed_on = any(mapping(one).get(key) for key in _HANDED_ON for one in _jwt_rules(tokens))
            severity = Severity.WARNING if is_handed_on or not context.is_complete else Severity.ERROR
            yield RULE.finding(message, place, _FIX, severity=severity)
        else:
            what = f"whether any policy asks for the tokens of {name}"
            yield RULE.unknown(what, place, "the AuthorizationPolicies for the same pods")


def _is_server_shown(context: Context, tokens: RequestAuthentication) -> bool:
    """Tell whether what the tokens are for is shown: then the policies beside it probably are, too."""
    shown = any(one.workload for one in servers(context, tokens.scope))
    return shown and seems_whole(context, tokens.scope.namespace)


def _jwt_rules(tokens: RequestAuthentication) -> list[object]:
    return list(sequence(tokens.manifest.spec.get("jwtRules")))


def _meets(context: Context, tokens: RequestAuthentication, policy: AuthorizationPolicy) -> bool:
    """Tell whether *policy* may speak for a pod that *tokens* speaks for."""
    own, other = tokens.scope, policy.scope
    if policy.is_dry_run or own.has_targets != other.has_targets:
        return False
    if own.has_targets:
        ours = {(one.kind, one.name) for one in targets(tokens.manifest)}
        theirs = {(one.kind, one.name) for one in targets(policy.manifest)}
        return own.namespace == other.namespace and (
            bool(ours & theirs) or {k for k, _ in ours} != {k for k, _ in theirs}
        )
    root = context.environment.istio.root_namespace
    is_near = own.namespace == other.namespace or root in (own.namespace, other.namespace)
    return is_near and all(own.labels.get(key, value) == value for key, value in other.labels.items())


def _is_mandatory(policies: list[AuthorizationPolicy]) -> bool:
    """Tell whether nobody unnamed gets through without a token, or nobody can say (an external authorizer decides)."""
    if any(policy.action == "CUSTOM" for policy in policies):
        return True
    if any(
        _refuses_tokenless(policy, n)
        for policy in policies
        if policy.action == "DENY"
        for n in range(len(policy.rules))
    ):
        return True
    allowing = [policy for policy in policies if policy.action == "ALLOW"]
    rules = [(policy, number, rule) for policy in allowing for number, rule in enumerate(policy.rules)]
    if not rules:
        return bool(allowing)
    asking = [rule for _, _, rule in rules if _asks(rule)]
    return bool(asking) and all(_asks(each[2]) or _is_deliberate(*each) for each in rules)


def _refuses_tokenless(policy: AuthorizationPolicy, number: int) -> bool:
    values = said_by(policy, number, policy.rules[number])
    return any(one.field == "requestPrincipals" and one.is_negative and one.value == "*" for one in values)


def _asks(rule: AuthorizationRule) -> bool:
    """Tell whether every way to meet *rule* needs a token."""
    if any(one.key.startswith("request.auth.") and one.values for one in rule.conditions):
        return True
    return bool(rule.sources) and all("requestPrincipals" in source for source in rule.sources or ())


def _is_deliberate(policy: AuthorizationPolicy, number: int, rule: AuthorizationRule) -> bool:
    """Tell whether *rule* goes without a token on purpose: for public paths, or for callers that it names."""
    operations = rule.operations or ()
    if operations and all("paths" in operation for operation in operations):
        return True
    return any(one.field in IDENTITY and not one.is_negative for one in said_by(policy, number, rule))


def _routes_by_claims(context: Context) -> bool:
    """Tell whether routes are chosen by the token's claims: then a token is no condition but a choice."""
    routes = context.of_kind("VirtualService", "HTTPRoute")
    return any("@request.auth.claims" in str(one.spec) for one in routes)
