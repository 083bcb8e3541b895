"""An exception for a port in a PeerAuthentication that takes no effect.

Why:
    `portLevelMtls` speaks of the pod's port, not the Service's, and only counts in a policy
    that selects workloads outside the root namespace. In ambient, istiod attaches DISABLE
    for a port only where the policy itself states a mode; UNSET is no exception at all.
    What was meant to be open stays STRICT, and what was meant to be STRICT stays open.

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
    kind: PeerAuthentication
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      mtls: {mode: STRICT}
      portLevelMtls: {"80": {mode: PERMISSIVE}}

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
    kind: PeerAuthentication
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      mtls: {mode: STRICT}
      portLevelMtls: {"8080": {mode: PERMISSIVE}}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.objects import mapping
from generator.manifests.security import PeerAuthentication
from generator.rules.base import Context, Rule
from generator.rules.servers import Server, mistaken_port, servers
from generator.semantics.mtls import DISABLE, PERMISSIVE, STRICT, UNSET, MutualTls

RULE = Rule("MG219", "port-mtls", "a port's mTLS mode without effect", Severity.ERROR)


def check(context: Context) -> Iterator[Finding]:
    """Yield PeerAuthentications and single ports of them that istiod ignores."""
    root = context.environment.istio.root_namespace
    for policy in context.cluster.bundle.peer_authentications:
        title = f"PeerAuthentication {policy.manifest.namespace}/{policy.manifest.name}"
        if policy.scope.labels and policy.scope.namespace == root:
            message = f"{title} has a selector in the root namespace {root}: istiod ignores it as a whole"
            fix = "move it to the namespace of the pods it is meant for"
            yield RULE.finding(message, policy.manifest.place("spec", "selector"), fix)
        elif policy.ports and not policy.scope.labels:
            message = (
                f"{title} has `portLevelMtls` without a selector: modes of ports only count for selected workloads"
            )
            fix = "add a selector; a port of every workload cannot be exempted"
            yield RULE.finding(message, policy.manifest.place("spec", "portLevelMtls"), fix)
        elif policy.ports:
            yield from _of_ports(context, policy, title)


def _of_ports(context: Context, policy: PeerAuthentication, title: str) -> Iterator[Finding]:
    found = servers(context, policy.scope)
    workloads = [one.workload for one in found if one.workload]
    for port, mode in sorted(policy.ports.items()):
        place = _place(policy, port)
        mistaken = mistaken_port(context, workloads, port)
        if mistaken:
            service, target = mistaken
            message = (
                f"{title} sets the mode of port {port}, which is the port of the Service {service.name}; the pods "
                f"listen on {target}, which keeps its mode"
            )
            yield RULE.finding(message, place, f'write "{target}"')
        elif mode == UNSET:
            message = f"{title} sets port {port} to UNSET: it inherits, as if it were not written"
            yield RULE.finding(message, place, "state PERMISSIVE or STRICT, or remove the port")
        elif mode == DISABLE and policy.mode == UNSET and _is_lost_in_ambient(context, policy, found):
            message = f"{title} sets port {port} to DISABLE, which in ambient is not attached: the port stays STRICT"
            yield RULE.finding(message, place, "write PERMISSIVE for the port, and STRICT as `mtls.mode`")
        elif mode == DISABLE and policy.mode == PERMISSIVE and found and all(one.mesh == "ambient" for one in found):
            message = f"{title} sets port {port} to DISABLE, which ambient does not have: it takes both, as without it"
            yield RULE.finding(message, place, "remove the port", severity=Severity.INFO)


def _place(policy: PeerAuthentication, port: int) -> Place:
    keys = mapping(policy.manifest.spec.get("portLevelMtls"))
    key = next(key for key in keys if str(key).isdigit() and int(key) == port)
    route = (*policy.manifest.route, "spec", "portLevelMtls", key)
    return policy.manifest.document.key_place(route)


def _is_lost_in_ambient(context: Context, policy: PeerAuthentication, found: list[Server]) -> bool:
    """Tell whether the workloads are ambient and inherit STRICT (istiod's convertedSelectorPeerAuthentications)."""
    others = [one for one in context.cluster.bundle.peer_authentications if one is not policy]
    parents = MutualTls(others, context.environment.istio.root_namespace)
    modes = {parents.mode(one.endpoint, 0) or PERMISSIVE for one in found if one.mesh == "ambient"}
    return bool(modes) and modes == {STRICT}
