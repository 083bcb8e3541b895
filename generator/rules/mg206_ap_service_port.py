"""An AuthorizationPolicy that names a Service's port, where the pod's port is meant.

Why:
    The proxy sits at the pod and sees the port that the pod listens on. A Service that
    maps 80 to 8080 is long behind: a rule for "80" never matches. In an ALLOW policy that
    refuses the callers it names, in a DENY policy it stops nobody.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: api, namespace: shop}
    spec:
      selector: {app: api}
      ports: [{name: http, port: 80, targetPort: 8080}]
    ---
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
            - operation: {ports: ["80"]}

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: api, namespace: shop}
    spec:
      selector: {app: api}
      ports: [{name: http, port: 80, targetPort: 8080}]
    ---
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
from generator.rules.base import Context, Rule
from generator.rules.said import said, title
from generator.rules.servers import mistaken_port, servers

RULE = Rule("MG206", "ap-service-port", "an AuthorizationPolicy with a Service's port", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield ports that no selected workload listens on, but that lead to another port through a Service."""
    for policy in context.cluster.bundle.authorization_policies:
        workloads = [one.workload for one in servers(context, policy.scope) if one.workload]
        for value in said(policy):
            if value.field != "ports" or not value.value.isdigit():
                continue
            found = mistaken_port(context, workloads, int(value.value))
            if found:
                service, port = found
                message = (
                    f"{title(policy)} names port {value.value}, which is the port of the Service {service.name}; "
                    f"the pods listen on {port}, so this never matches"
                )
                related = [(service.manifest.place("spec", "ports"), "the Service's ports")]
                yield RULE.finding(message, value.place, f'write "{port}"', related=related)
