"""A caller's identity that no workload has, or that too many have.

Why:
    A rule holds for a service account, not for a workload. One that no pod uses (a slip, or
    a `serviceAccountName` that was never set) matches nobody. `default` is every pod of the
    namespace without an account of its own, and an account that several applications share
    lets all of them in.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: web}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [default]}

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {serviceAccountName: web, containers: [{name: web, image: web}]}
    ---
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      action: ALLOW
      rules:
        - from:
            - source: {serviceAccounts: [web]}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.names import nearest
from generator.manifests.security import AuthorizationPolicy
from generator.manifests.workloads import DEFAULT_ACCOUNT, WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.ingress import gateway_accounts, is_account_of_gateway
from generator.rules.roster import is_everything_shown, platform, roster
from generator.rules.said import Said, said, title
from generator.rules.servers import seems_whole
from generator.rules.targets import gateways

RULE = Rule("MG211", "identity", "an identity that nobody has, or too many", Severity.WARNING)

_SEGMENTS = 5
_APPLICATION = ("app.kubernetes.io/name", "app", "k8s-app", "name")
_HELPERS = frozenset({"Job", "CronJob", "Pod"})


def check(context: Context) -> Iterator[Finding]:
    """Yield identities of callers that name nobody, everybody without an account, or several applications."""
    for policy in context.cluster.bundle.authorization_policies:
        seen: set[tuple[str, str, bool]] = set()
        for value in said(policy):
            identity = _identity(policy, value)
            if identity and (*identity, value.is_negative) not in seen:
                seen.add((*identity, value.is_negative))
                yield from _of_identity(context, policy, value, *identity)


def _identity(policy: AuthorizationPolicy, value: Said) -> tuple[str, str] | None:
    """Return namespace and account (empty: any) that *value* names, if it names one exactly."""
    parts = value.value.split("/")
    if "*" in value.value:
        return None
    if value.field == "namespaces":
        return value.value, ""
    if value.field == "serviceAccounts":
        return (parts[0], parts[1]) if len(parts) > 1 else (policy.manifest.namespace, parts[0])
    if value.field == "principals" and len(parts) == _SEGMENTS:
        return parts[2], parts[4]
    return None


def _of_identity(
    context: Context, policy: AuthorizationPolicy, value: Said, namespace: str, account: str
) -> Iterator[Finding]:
    if not account:
        yield from _namespace(context, policy, value, namespace)
        return
    users = [one for one in roster(context).of(namespace) if one.account == account]
    is_allowed = policy.action == "ALLOW" and not value.is_negative
    if account == DEFAULT_ACCOUNT:
        if is_allowed:
            message = f"{title(policy)} lets the account `default` of {namespace} in: every pod there without its own"
            yield RULE.finding(message, value.place, "give the caller a ServiceAccount of its own, and name that")
    elif not users:
        yield from _unused(context, policy, value, namespace, account)
    elif is_allowed:
        yield from _shared(policy, value, account, users)


def _namespace(context: Context, policy: AuthorizationPolicy, value: Said, namespace: str) -> Iterator[Finding]:
    known = {*context.cluster.namespaces, *(one.namespace for one in context.cluster.workloads)}
    known |= {pods.namespace for pods in platform(context).values()} | set(context.environment.mesh_namespaces)
    known |= {one.namespace for one in context.manifests} | {context.environment.istio.root_namespace}
    close = nearest(namespace, known)
    if context.is_complete and context.cluster.namespaces and namespace not in known:
        message = f"{title(policy)} names the namespace {namespace!r}, which is not there"
        yield RULE.finding(message, value.place, f"did you mean {close!r}?" if close else "correct its name")


def _unused(
    context: Context, policy: AuthorizationPolicy, value: Said, namespace: str, account: str
) -> Iterator[Finding]:
    known = {one.account for one in roster(context).of(namespace)} - {DEFAULT_ACCOUNT}
    is_known = is_everything_shown(context, namespace) or seems_whole(context, namespace)
    is_there = account in _of_platform(context, namespace)
    if not is_there and is_account_of_gateway(account) and context.environment.gateways:
        message = f"{title(policy)} names {namespace}/{account}, the account of no ingress gateway that is known"
        yield RULE.finding(message, value.place, f"name that of the gateway: {gateway_accounts(context)}")
    elif is_known and not is_there:
        close = nearest(account, known)
        fix = f"write {close!r}" if close else "name the account that the caller's pods run with"
        message = f"{title(policy)} names the account {namespace}/{account}, with which no workload runs"
        yield RULE.finding(message, value.place, f"{fix}; or set serviceAccountName: {account} on the caller")


def _of_platform(context: Context, namespace: str) -> set[str]:
    """Return the accounts of *namespace* that belong to pods which controllers make."""
    environment, found = context.environment, {"istiod"}
    for gateway in (environment.gateways or {}).values():
        found |= {gateway.service_account} if gateway.pods.namespace == namespace else set()
    if environment.prometheus and environment.prometheus.pods.namespace == namespace:
        found.add(environment.prometheus.service_account)
    for one in gateways(context):
        found |= {one.name, f"{one.name}-istio"} if one.namespace == namespace else set()
    return found


def _shared(policy: AuthorizationPolicy, value: Said, account: str, users: list[WorkloadTemplate]) -> Iterator[Finding]:
    """Report an account of several applications; versions and jobs of one application may well share theirs."""
    applications: dict[str, WorkloadTemplate] = {}
    for one in users:
        if one.kind not in _HELPERS:
            name = next((one.labels[key] for key in _APPLICATION if key in one.labels), one.name)
            part = one.labels.get("app.kubernetes.io/component", "")
            applications.setdefault(f"{name}/{part}", one)
    if len(applications) > 1:
        names = ", ".join(sorted(one.name for one in applications.values()))
        message = f"{title(policy)} lets the account {account} in, which several applications share: {names}"
        related = [(one.manifest.place(*one.template_route, "spec"), one.name) for one in applications.values()]
        fix = "give each application a ServiceAccount of its own, unless all of them may call"
        yield RULE.finding(message, value.place, fix, related=related)
