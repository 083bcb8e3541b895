"""For whom a policy of Istio speaks, and what is known about them: mesh mode, ports, mutual TLS, gateway or not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from generator.manifests.network import LabelSelector, NetworkPolicy
from generator.manifests.objects import texts
from generator.manifests.security import Scope
from generator.manifests.workloads import Service, WorkloadTemplate
from generator.rules.base import Context
from generator.rules.roster import is_everything_shown, roster
from generator.semantics import proxies
from generator.semantics.admission import selects
from generator.semantics.cluster import Cluster
from generator.semantics.membership import DATAPLANE, INJECT, mesh_mode
from generator.semantics.mtls import DISABLE
from generator.topology import Endpoint, Point

_TRAFFIC = "traffic.sidecar.istio.io"


@dataclass(frozen=True, slots=True)
class Server:
    """Pods that a policy speaks for: a workload that is shown, or whatever pods the selector will meet."""

    name: str
    endpoint: Endpoint
    workload: WorkloadTemplate | None
    mesh: str | None
    is_gateway: bool


def servers(context: Context, scope: Scope) -> list[Server]:
    """Return the proxies that enforce a policy of *scope*: nobody's, where it names targets.

    Where no workload is shown that it could mean, one stands for all that may be there.
    """
    if scope.has_targets:
        return []
    known = _meant(context.cluster)
    key = (scope.namespace, frozenset(scope.labels.items()), context.is_complete)
    if key not in known:
        found = [server(context, one) for one in neighbours(context, scope) if is_selected(scope, one)]
        known[key] = found or ([] if is_everything_shown(context, scope.namespace) else [_unseen(context, scope)])
    return list(known[key])


@lru_cache(maxsize=2)
def _meant(_: Cluster) -> dict[tuple[str, frozenset[tuple[str, str]], bool], list[Server]]:
    """Return whom scopes mean, as looked up so far: a dozen rules ask for the same ones."""
    return {}


def is_selected(scope: Scope, workload: WorkloadTemplate) -> bool:
    """Tell whether *scope*'s selector means *workload*, or may mean it by a label that is added at run time."""
    return selects(LabelSelector(tuple(sorted(scope.labels.items()))), workload.labels) is not False


def neighbours(context: Context, scope: Scope) -> list[WorkloadTemplate]:
    """Return the workloads that a selector of *scope* chooses from: its namespace's, or the whole mesh's."""
    is_mesh_wide = scope.namespace == context.environment.istio.root_namespace
    return list(context.cluster.workloads) if is_mesh_wide else roster(context).of(scope.namespace)


@lru_cache(maxsize=2)
def _known(_: Cluster) -> dict[int, Server]:
    """Return the servers looked up so far, by the identity of their workload: every rule asks for the same ones."""
    return {}


def server(context: Context, workload: WorkloadTemplate) -> Server:
    """Return *workload* with everything that is known about it."""
    known = _known(context.cluster)
    if id(workload) not in known:
        known[id(workload)] = _server(context, workload)
    return known[id(workload)]


def _server(context: Context, workload: WorkloadTemplate) -> Server:
    cluster, mesh = context.cluster, mode(context, workload)
    name = cluster.title(workload)
    endpoint = Endpoint(
        name=name,
        namespace=workload.namespace,
        labels=workload.labels,
        namespace_labels=cluster.namespace_labels(workload.namespace),
        account=workload.account,
        mesh=mesh or "unknown",
        ports=cluster.ports(workload),
    )
    return Server(name, endpoint, workload, mesh, is_gateway(context, workload))


def _unseen(context: Context, scope: Scope) -> Server:
    """Return the pods that nobody shows; only their namespace and the selector's labels are known."""
    mesh = namespace_mode(context, scope.namespace, scope.labels)
    if scope.labels and _is_mixed(context, scope.namespace):
        mesh = None
    endpoint = Endpoint("", scope.namespace, scope.labels, mesh=mesh or "unknown")
    name = f"the pods of {scope.namespace}"
    return Server(name, endpoint, None, mesh, is_gateway_selector(context, scope.namespace, scope.labels))


def _is_mixed(context: Context, namespace: str) -> bool:
    """Tell whether a policy of *namespace* tells its pods apart by the labels that choose their mesh mode."""
    chosen = (one.pods for one in context.cluster.admission.in_namespace(namespace))
    return any(key in (INJECT, DATAPLANE) for pods in chosen for key, _, _ in pods.expressions)


def mode(context: Context, workload: WorkloadTemplate) -> str | None:
    """Return the mesh mode of *workload*; a proxy written into its pod (a gateway, ``istioctl kube-inject``) counts."""
    return "sidecar" if proxies.PROXY in proxies.containers(workload) else context.cluster.mode(workload)


def namespace_mode(context: Context, namespace: str, labels: Mapping[str, str]) -> str | None:
    """Return the mesh mode of a pod of *namespace* that has *labels*."""
    shown = context.cluster.namespaces.get(namespace)
    known = context.environment.mesh_namespaces.get(namespace)
    return known if shown is None and known else mesh_mode(namespace, shown, labels, {}, is_host_network=False)


def is_gateway(context: Context, workload: WorkloadTemplate) -> bool:
    """Tell whether *workload* is a proxy of its own: it serves clients outside the mesh too."""
    known = _gateways(context.cluster)
    if id(workload) not in known:
        known[id(workload)] = proxies.is_gateway(workload, context.environment, _gateway_selectors(context.cluster))
    return known[id(workload)]


@lru_cache(maxsize=2)
def _gateways(_: Cluster) -> dict[int, bool]:
    """Return who was found to be a gateway or none, by the identity of the workload."""
    return {}


@lru_cache(maxsize=2)
def _gateway_selectors(cluster: Cluster) -> list[dict[str, str]]:
    """Return which pods the Gateways of Istio's own API choose to serve them."""
    found = (one for one in cluster.others("Gateway") if one.group == "networking.istio.io")
    return [texts(one.spec.get("selector")) for one in found]


def is_gateway_selector(context: Context, namespace: str, labels: Mapping[str, str]) -> bool:
    """Tell whether pods with *labels* are a gateway's, as installers label them or the environment says."""
    return proxies.is_gateway_selector(context.environment, namespace, labels)


def serves_only_gateways(context: Context, scope: Scope) -> bool:
    """Tell whether *scope* speaks for gateways alone."""
    found = servers(context, scope)
    return bool(found) and all(one.is_gateway for one in found)


def mutual_tls(context: Context, one: Server, port: int) -> str | None:
    """Return what *one* accepts at *port*: STRICT, PERMISSIVE or DISABLE; None when nobody can say.

    The default is PERMISSIVE, but only where all manifests are seen is "nothing says otherwise" a fact.
    """
    if one.workload and not _is_captured(one.workload, port):
        return DISABLE
    found = context.cluster.mtls.mode(one.endpoint, port)
    is_default = context.cluster.mtls.deciding(one.endpoint, port) is None
    return None if is_default and not context.is_complete else found


def _is_captured(workload: WorkloadTemplate, port: int) -> bool:
    """Tell whether the sidecar stands before *port*, as annotations of the pod include and exclude ports."""
    included = workload.annotations.get(f"{_TRAFFIC}/includeInboundPorts", "*")
    excluded = workload.annotations.get(f"{_TRAFFIC}/excludeInboundPorts", "")
    is_included = included == "*" or str(port) in re.split(r"[,\s]+", included)
    return is_included and str(port) not in re.split(r"[,\s]+", excluded)


def is_limited_by_network(context: Context, one: Server, port: int) -> bool:
    """Tell whether NetworkPolicies isolate *one* and name the peers of all they let in at *port* (0: anywhere)."""
    policies = [
        policy
        for policy in context.cluster.admission.in_namespace(one.endpoint.namespace)
        if "Ingress" in policy.types and policy.pods.matches(one.endpoint.labels)
    ]
    return bool(policies) and all(_names_peers(policy, Point("TCP", port)) for policy in policies)


def _names_peers(policy: NetworkPolicy, point: Point) -> bool:
    for rule in policy.ingress:
        covers = not (rule.ports and point.number) or any(
            each.name or (each.protocol == point.transport and each.first <= point.number <= each.last)
            for each in rule.ports or ()
        )
        if covers and rule.peers is None:
            return False
    return True


def mistaken_port(context: Context, workloads: Sequence[WorkloadTemplate], number: int) -> tuple[Service, int] | None:
    """Return the Service whose port *number* is, and the pod's port it leads to, if no workload listens on *number*.

    None where somebody listens there, or nobody can say what the pods listen on.
    """
    cluster = context.cluster
    if any(number == port.number for one in workloads for port in cluster.ports(one)):
        return None
    for one in workloads:
        for service in cluster.services_of(one):
            for port in service.ports:
                target = cluster.target(port, one)
                if port.number == number and target is not None:
                    return service, target
    return None


def seems_whole(context: Context, namespace: str) -> bool:
    """Tell whether the manifests look like all of *namespace*: its Namespace and workloads, and no maker of others.

    What is absent there is probably missing, which is worth a warning; a proof it is not.
    """
    known = roster(context)
    has_all = namespace in context.cluster.namespaces and bool(known.of(namespace))
    return has_all and not known.has_makers(namespace)


def ztunnel_serves(context: Context, scope: Scope) -> str:
    """Return for whom ztunnel enforces a policy of *scope*, in words; empty if for nobody that is known."""
    ambient = [one for one in servers(context, scope) if one.mesh == "ambient" and not one.is_gateway]
    if len(ambient) > 1:
        return f"{ambient[0].name} and {len(ambient) - 1} more"
    return ambient[0].name if ambient else ""
