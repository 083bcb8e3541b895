"""CUSTOM policies for one workload with two providers, or with a provider that the mesh does not define.

Why:
    A proxy asks one external authorizer. Where policies name two for the same workload, and
    where the name is none of meshConfig's extensionProviders, Istio refuses every request
    that the rules match.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: ask-opa, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: CUSTOM
      provider: {name: opa}
      rules: [{to: [{operation: {paths: ["/admin/*"]}}]}]
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: ask-oauth, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: CUSTOM
      provider: {name: oauth2-proxy}
      rules: [{to: [{operation: {paths: ["/app/*"]}}]}]

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: ask-opa, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: CUSTOM
      provider: {name: opa}
      rules: [{to: [{operation: {paths: ["/admin/*", "/app/*"]}}]}]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import mapping
from generator.manifests.security import AuthorizationPolicy
from generator.rules.base import Context, Rule
from generator.rules.mesh_config import mesh_config
from generator.rules.said import title
from generator.rules.servers import servers

RULE = Rule("MG228", "custom", "an external authorizer that is not asked", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield CUSTOM policies with unknown providers, then those that meet another provider at a workload."""
    policies = [one for one in context.cluster.bundle.authorization_policies if one.action == "CUSTOM" and _name(one)]
    config = mesh_config(context) if policies else ""
    first: dict[tuple[str, str], AuthorizationPolicy] = {}
    for policy in policies:
        place = policy.manifest.place("spec", "provider", "name")
        if config and not re.search(
            rf"name:\s*[\"']?{re.escape(_name(policy))}[\"']?\s*(,|}}|$)", config, re.MULTILINE
        ):
            message = f"{title(policy)} asks {_name(policy)}, which is none of the extensionProviders of meshConfig"
            yield RULE.finding(message, place, "define it there, or correct the name")
        for server in servers(context, policy.scope):
            labels = "" if server.workload else str(sorted(policy.scope.labels.items()))
            other = first.setdefault((server.name, labels), policy)
            if _name(other) != _name(policy):
                message = f"{title(policy)} asks {_name(policy)} for {server.name}, and {title(other)} {_name(other)}"
                message += ": a proxy can ask one only, and refuses what both match"
                related = [(other.manifest.place("spec", "provider", "name"), "the other provider")]
                yield RULE.finding(message, place, "keep one provider for each workload", related=related)
                break


def _name(policy: AuthorizationPolicy) -> str:
    return str(mapping(policy.manifest.spec.get("provider")).get("name") or "")
