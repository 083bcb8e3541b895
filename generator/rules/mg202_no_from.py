"""An ALLOW rule that says what may be done but not who may do it.

Why:
    Without `from` a rule matches every caller: every pod of the mesh, and where mutual TLS
    is not STRICT also callers without any identity. Ports, paths and methods describe the
    request; they identify nobody.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - to:
            - operation: {ports: ["8080"]}

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
          to:
            - operation: {ports: ["8080"]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule
from generator.rules.base import Context, Rule
from generator.rules.said import is_public, said_by, title
from generator.rules.servers import Server, is_limited_by_network, mutual_tls, servers
from generator.rules.targets import serves_gateway_api
from generator.semantics.authorization import NOT_CAPTURED
from generator.semantics.mtls import STRICT

RULE = Rule("MG202", "no-from", "an ALLOW rule that names no caller", Severity.WARNING)

_FIX = "name the callers in `from`, by serviceAccounts or principals"


def check(context: Context) -> Iterator[Finding]:
    """Yield ALLOW rules that everybody meets, except at gateways and on ports opened to plaintext on purpose."""
    for policy in context.cluster.bundle.authorization_policies:
        if policy.action != "ALLOW" or serves_gateway_api(context, policy.manifest):
            continue
        found = [one for one in servers(context, policy.scope) if not one.is_gateway and one.mesh != "none"]
        if not found and not policy.scope.has_targets:
            continue
        for number, rule in enumerate(policy.rules):
            if _names_nobody(policy, number, rule) and not _is_exception(context, found, rule):
                yield _finding(context, policy, rule, found)


def _names_nobody(policy: AuthorizationPolicy, number: int, rule: AuthorizationRule) -> bool:
    """Tell whether *rule* says something, and nothing of it about the caller."""
    is_limited = bool(rule.operations) or bool(rule.conditions)
    values = said_by(policy, number, rule)
    about_callers = (one.key.startswith(("source.", "remote.", "request.auth.")) for one in values)
    return is_limited and rule.sources is None and not any(about_callers)


def _ports(rule: AuthorizationRule) -> set[int] | None:
    """Return the ports *rule* is limited to; None when it is about every port."""
    operations = rule.operations or ()
    if not operations or not all(one.get("ports") for one in operations):
        return None
    return {int(port) for one in operations for port in one["ports"] if port.isdigit()}


def _is_exception(context: Context, found: list[Server], rule: AuthorizationRule) -> bool:
    """Tell whether no caller can be named there: the ports take plaintext by name, and NetworkPolicies limit who."""
    ports = _ports(rule)
    if ports is None or not found:
        return False
    return all(
        port in NOT_CAPTURED or (_is_opened(context, one, port) and is_limited_by_network(context, one, port))
        for port in ports
        for one in found
    )


def _is_opened(context: Context, one: Server, port: int) -> bool:
    deciding = context.cluster.mtls.deciding(one.endpoint, port)
    return deciding is not None and deciding.ports.get(port) in ("PERMISSIVE", "DISABLE")


def _finding(context: Context, policy: AuthorizationPolicy, rule: AuthorizationRule, found: list[Server]) -> Finding:
    ports = _ports(rule) or {port.number for one in found for port in one.endpoint.ports} or {0}
    modes = {mutual_tls(context, one, port) for one in found for port in ports if one.mesh != "ambient"}
    is_plaintext = bool(modes) and None not in modes and STRICT not in modes
    is_http = any({"paths", "methods", "hosts"} & set(one) for one in rule.operations or ()) or rule.conditions
    who = "everybody, also callers without mutual TLS," if is_plaintext else "every caller of the mesh"
    message = f"{title(policy)} lets {who} do what this rule describes: it has no `from`"
    severity = Severity.ERROR if is_plaintext and not is_http and not policy.is_dry_run else Severity.WARNING
    return RULE.finding(message, rule.place, _FIX, severity=Severity.INFO if is_public(rule) else severity)
