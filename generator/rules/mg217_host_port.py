"""A host in one spelling, where requests may carry another: with a port, or with a shorter or longer name.

Why:
    Istio compares the whole `Host` header. A client that sends `shop.example.com:443` is
    not at `shop.example.com`: an ALLOW rule refuses it, a DENY rule does not stop it. In
    the mesh the same Service is `api`, `api.shop` and `api.shop.svc.cluster.local`,
    whichever the client wrote.

Bad:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-edge, namespace: istio-ingress}
    spec:
      selector: {matchLabels: {istio: ingressgateway}}
      action: ALLOW
      rules:
        - to:
            - operation: {hosts: [shop.example.com]}

Good:
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: allow-edge, namespace: istio-ingress}
    spec:
      selector: {matchLabels: {istio: ingressgateway}}
      action: ALLOW
      rules:
        - to:
            - operation: {hosts: [shop.example.com, "shop.example.com:*"]}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.security import AuthorizationPolicy
from generator.rules.base import Context, Rule
from generator.rules.said import Said, said, title
from generator.rules.servers import serves_only_gateways
from generator.rules.targets import serves_gateway_api

RULE = Rule("MG217", "host-port", "a host in one spelling only", Severity.WARNING)

_DOMAIN = "svc"


def check(context: Context) -> Iterator[Finding]:
    """Yield hosts without their twin with a port at gateways, and Services under one of their names elsewhere."""
    for policy in context.cluster.bundle.authorization_policies:
        is_edge = serves_only_gateways(context, policy.scope) or serves_gateway_api(context, policy.manifest)
        lists: dict[tuple[int, tuple[str, int], bool], list[Said]] = {}
        for value in said(policy):
            if value.field == "hosts":
                lists.setdefault((value.rule, value.part, value.is_negative), []).append(value)
        for hosts in lists.values():
            yield from _at_gateway(policy, hosts) if is_edge else _in_mesh(context, policy, hosts)


def _at_gateway(policy: AuthorizationPolicy, hosts: list[Said]) -> Iterator[Finding]:
    known = {one.value.lower() for one in hosts}
    for host in hosts:
        name = host.value.lower()
        if ":" in name or name.endswith("*") or any(_covers(other, f"{name}:443") for other in known):
            continue
        if not any(other.startswith(f"{name}:") for other in known):
            message = (
                f"{title(policy)} has the host {host.value!r} only without a port: {_effect(policy, host)} {name}:443"
            )
            port = "443" if name.startswith("*") else "*"  # a pattern has one `*` at most
            yield RULE.finding(message, host.place, f'add "{host.value}:{port}"')


def _covers(pattern: str, host: str) -> bool:
    return pattern == "*" or (pattern.endswith("*") and host.startswith(pattern[:-1]))


def _in_mesh(context: Context, policy: AuthorizationPolicy, hosts: list[Said]) -> Iterator[Finding]:
    spellings: dict[tuple[str, str], dict[str, Said]] = {}
    for host in hosts:
        found = _service(context, policy.manifest.namespace, host.value.lower().partition(":")[0])
        if found and not host.value.endswith("*"):
            name = host.value.lower().partition(":")[0]
            spellings.setdefault(found, {}).setdefault(name, host)
    for (service, namespace), found_as in spellings.items():
        names = (service, f"{service}.{namespace}", f"{service}.{namespace}.svc.cluster.local")
        (spelling, host), *others = found_as.items()
        if not others and not _is_prefix(hosts, spelling):
            message = (
                f"{title(policy)} has the Service {namespace}/{service} only as {host.value!r}: "
                f"{_effect(policy, host)} the Service by another of its names"
            )
            fix = f"add its other names ({', '.join(one for one in names if one != spelling)}), or leave hosts out"
            yield RULE.finding(message, host.place, fix)


def _is_prefix(hosts: Iterable[Said], spelling: str) -> bool:
    return any(one.value.endswith("*") and spelling.startswith(one.value[:-1].lower()) for one in hosts)


def _service(context: Context, namespace: str, host: str) -> tuple[str, str] | None:
    """Return the name and namespace of the Service that *host* is a name of."""
    parts = host.split(".")
    if len(parts) > 2 and parts[2] == _DOMAIN and "*" not in host:
        return parts[0], parts[1]
    services = {(one.name, one.namespace) for one in context.cluster.services}
    near = (parts[0], parts[1] if len(parts) > 1 else namespace)
    return near if len(parts) < 3 and near in services else None


def _effect(policy: AuthorizationPolicy, host: Said) -> str:
    is_kept_out = (policy.action == "ALLOW") != host.is_negative
    return "it refuses requests for" if is_kept_out else "it does not meet requests for"
