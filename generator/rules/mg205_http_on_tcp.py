"""A rule with HTTP fields for a port that does not speak HTTP.

Why:
    Where the proxy sees only TCP it cannot read methods, paths, hosts or tokens. An ALLOW
    rule with any such field is dropped there as a whole, and what it allows is refused; a
    DENY rule is applied as if the field were not written, and refuses the whole port.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: db, namespace: shop}
    spec:
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db, sidecar.istio.io/inject: "true"}}
        spec:
          containers: [{name: db, image: postgres, ports: [{containerPort: 5432}, {containerPort: 8080}]}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: db, namespace: shop}
    spec:
      selector: {app: db}
      ports: [{name: tcp-postgres, port: 5432}, {name: http-admin, port: 8080}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-db, namespace: shop}
    spec:
      selector: {matchLabels: {app: db}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [api]}
          to:
            - operation: {ports: ["5432"]}
            - operation: {ports: ["8080"], methods: [GET]}

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: db, namespace: shop}
    spec:
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db, sidecar.istio.io/inject: "true"}}
        spec:
          containers: [{name: db, image: postgres, ports: [{containerPort: 5432}, {containerPort: 8080}]}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: db, namespace: shop}
    spec:
      selector: {app: db}
      ports: [{name: tcp-postgres, port: 5432}, {name: http-admin, port: 8080}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-db, namespace: shop}
    spec:
      selector: {matchLabels: {app: db}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [api]}
          to:
            - operation: {ports: ["5432"]}
        - from:
            - source: {serviceAccounts: [api]}
          to:
            - operation: {ports: ["8080"], methods: [GET]}
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule
from generator.rules.base import Context, Rule
from generator.rules.said import Said, said_by, title
from generator.rules.servers import Server, servers
from generator.semantics.trial import is_on
from generator.topology import EndpointPort, Point

RULE = Rule("MG205", "http-on-tcp", "a rule with HTTP fields on a port without HTTP", Severity.ERROR)

_FIXES = {
    "ALLOW": "write one rule for each protocol: HTTP fields with ports that speak HTTP, other ports without them",
    "DENY": "limit the rule with `ports` to the ports that speak HTTP",
}


def check(context: Context) -> Iterator[Finding]:
    """Yield rules that meet a port of which a Service says that it is no HTTP."""
    for policy in context.cluster.bundle.authorization_policies:
        everyone = [] if policy.action not in _FIXES else servers(context, policy.scope)
        found = [one for one in everyone if one.mesh not in ("none", "ambient") and not one.is_gateway]
        for number, rule in enumerate(policy.rules):
            value = next((one for one in said_by(policy, number, rule) if one.is_http), None)
            if value:
                plain = _plain_ports(found, rule)
                findings = (_finding(context, policy, rule, one, port, value) for one, port in plain)
                yield from (each for each in itertools.islice(filter(None, findings), 1))


def _plain_ports(found: list[Server], rule: AuthorizationRule) -> Iterator[tuple[Server, EndpointPort]]:
    for one in found:
        for port in one.endpoint.ports:
            if port.is_http is False and port.protocol != "udp" and _is_about(rule, port.number):
                yield one, port


def _is_about(rule: AuthorizationRule, number: int) -> bool:
    return rule.operations is None or any(is_on(operation, Point("TCP", number)) for operation in rule.operations)


def _names(rule: AuthorizationRule, number: int) -> bool:
    return any(str(number) in operation.get("ports", ()) for operation in rule.operations or ())


def _finding(
    context: Context, policy: AuthorizationPolicy, rule: AuthorizationRule, one: Server, port: EndpointPort, value: Said
) -> Finding | None:
    severity, where = Severity.ERROR, f"port {port.number} of {one.name}, which speaks {port.protocol}"
    if policy.action == "DENY":
        message = f"{title(policy)} refuses everything on {where}: `{value.name}` is not read there"
    elif _is_allowed_otherwise(context, one, port.number):
        return None
    else:
        message = f"{title(policy)} allows nothing on {where}: a rule with `{value.name}` is dropped there as a whole"
        is_plain = all(each.is_http is False for each in one.endpoint.ports)
        severity = Severity.ERROR if is_plain or _names(rule, port.number) else Severity.WARNING
    related = [(value.place, f"`{value.name}` can only be read from HTTP")]
    return RULE.finding(message, rule.place, _FIXES[policy.action], severity=severity, related=related)


def _is_allowed_otherwise(context: Context, one: Server, number: int) -> bool:
    """Tell whether a rule without HTTP fields allows something at that port."""
    for policy in context.cluster.bundle.authorization_policies:
        is_near = policy.scope.namespace in (one.endpoint.namespace, context.environment.istio.root_namespace)
        is_for_it = is_near and not policy.scope.has_targets and policy.action == "ALLOW"
        if is_for_it and policy.scope.labels.items() <= one.endpoint.labels.items():
            for position, rule in enumerate(policy.rules):
                is_http = any(each.is_http for each in said_by(policy, position, rule))
                if not is_http and _is_about(rule, number):
                    return True
    return False
