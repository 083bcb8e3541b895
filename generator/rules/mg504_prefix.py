"""A Kustomization renames a ServiceAccount by prefix or suffix, and an AuthorizationPolicy keeps the old name.

Why:
    kustomize follows its renames into pod templates and role bindings, not into the texts of
    Istio's objects. The pods run under the new ServiceAccount, the policy allows the old one:
    every call is denied.

Bad:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    namePrefix: prod-
    resources: [all.yaml]
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: web, namespace: shop}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/web]}}]

Good:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    namePrefix: prod-
    resources: [all.yaml]
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: web, namespace: shop}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      action: ALLOW
      rules:
        - from: [{source: {serviceAccounts: [shop/prod-web]}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.rules.base import Context, Rule
from generator.rules.kustomized import Kustomized, kustomized
from generator.rules.layers import accounts
from generator.rules.said import said, title

RULE = Rule("MG504", "prefix", "a ServiceAccount that is renamed, and named by its old name", Severity.ERROR)

_FIX = "write the name as it will be, or let `replacements` rewrite this field"


def check(context: Context) -> Iterator[Finding]:
    """Yield the identities whose ServiceAccount a Kustomization renames."""
    for one in kustomized(context):
        if one.kustomization.prefix or one.kustomization.suffix:
            yield from _of(context, one)


def _of(context: Context, one: Kustomized) -> Iterator[Finding]:
    kustomization = one.kustomization
    if kustomization.may_rewrite("AuthorizationPolicy"):
        return
    field = "namePrefix" if kustomization.prefix else "nameSuffix"
    renamed = {(each.namespace, each.name): each for each in one.objects if each.kind == "ServiceAccount"}
    own = {id(each.data) for each in one.objects}
    policies = [each for each in context.cluster.bundle.authorization_policies if id(each.manifest.data) in own]
    for policy in policies:
        for value in said(policy):
            account = renamed.get(accounts(value, policy.scope.namespace) or ("", ""))
            if account is None:
                continue
            new = f"{kustomization.prefix}{account.name}{kustomization.suffix}"
            message = (
                f"{title(policy)} names {value.value}, but `{field}` in {kustomization.manifest.document.file} renames "
                f"that ServiceAccount to {new}: the rule matches nobody"
            )
            related = [(kustomization.manifest.place(field), "it is renamed here")]
            yield RULE.finding(message, value.place, _FIX, related=related)
