"""Whom the rules about both layers speak of: workloads as shown, or the pods that a policy must be written for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from generator.core.places import Place
from generator.environment.model import Pods
from generator.manifests.network import NetworkPeer, NetworkPolicy
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context
from generator.rules.roster import is_everything_shown, roster
from generator.rules.servers import is_gateway, mode, namespace_mode
from generator.semantics.cluster import NAMESPACE_NAME, Cluster
from generator.topology import Endpoint

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"

_KNOWN: WeakKeyDictionary[Cluster, dict[str, Endpoint]] = WeakKeyDictionary()
_PLATFORM: WeakKeyDictionary[Cluster, list[Endpoint]] = WeakKeyDictionary()
_STAND_INS: WeakKeyDictionary[Cluster, dict[int, Endpoint]] = WeakKeyDictionary()


def everyone(context: Context) -> dict[str, Endpoint]:
    """Return every workload and the platform's pods by name, gateways and proxies written by hand known as such."""
    cluster = context.cluster
    if cluster not in _KNOWN:
        known = {one.name: one for one in cluster.endpoints}
        for workload in cluster.workloads:
            name = cluster.title(workload)
            mesh, gateway = mode(context, workload) or "unknown", is_gateway(context, workload)
            known[name] = replace(known[name], mesh=mesh, is_gateway=gateway)
        _KNOWN[cluster] = known
    return _KNOWN[cluster]


def workloads(context: Context) -> Iterator[tuple[WorkloadTemplate, Endpoint]]:
    """Yield every workload that manifests show, as the policies see it."""
    known = everyone(context)
    for workload in context.cluster.workloads:
        yield workload, known[context.cluster.title(workload)]


def subjects(context: Context) -> Iterator[Endpoint]:
    """Yield the workloads, and a stand-in for each NetworkPolicy whose pods no manifest shows.

    A stand-in has the labels that the policy asks for and nothing else that is known. Where
    everything is shown, such a policy selects nothing, and there is none.
    """
    for _, endpoint in workloads(context):
        yield endpoint
    for policy in context.cluster.bundle.network_policies:
        if not roster(context).subjects(policy) and not is_everything_shown(context, policy.namespace):
            yield _stand_in(context, policy)


def policy_pods(context: Context, policy: NetworkPolicy) -> list[Endpoint]:
    """Return the pods that *policy* surely selects; a stand-in where no manifest shows any and there may be some."""
    known = everyone(context)
    shown = [known[context.cluster.title(one)] for one in roster(context).subjects(policy)]
    if shown or is_everything_shown(context, policy.namespace):
        return [one for one in shown if policy.pods.matches(one.labels)]
    return [_stand_in(context, policy)]


def _stand_in(context: Context, policy: NetworkPolicy) -> Endpoint:
    known = _STAND_INS.setdefault(context.cluster, {})
    if id(policy) not in known:  # the cluster's policies live as long as it does
        known[id(policy)] = _made_up(context, policy)
    return known[id(policy)]


def _made_up(context: Context, policy: NetworkPolicy) -> Endpoint:
    exact = {key: values[0] for key, operator, values in policy.pods.expressions if operator == "In" and values}
    labels = {**exact, **dict(policy.pods.labels)}
    return _unseen(context, f"the pods of {policy.namespace}/{policy.name}", policy.namespace, labels)


def _unseen(context: Context, name: str, namespace: str, labels: dict[str, str]) -> Endpoint:
    mesh = namespace_mode(context, namespace, labels) or "unknown"
    return Endpoint(name, namespace, labels, context.cluster.namespace_labels(namespace), "", mesh)


def pods_of_platform(context: Context, pods: Pods) -> list[Endpoint]:
    """Return the endpoints that are *pods* of the environment: as manifests show them, or as it describes them."""
    return [
        one
        for one in everyone(context).values()
        if one.namespace == pods.namespace and pods.labels.items() <= one.labels.items()
    ]


def peer_pods(context: Context, policy: NetworkPolicy, peer: NetworkPeer) -> list[Endpoint]:
    """Return the pods that *peer* surely means; where no manifest shows any, a stand-in with the labels it asks for."""
    known, shown = everyone(context), roster(context).meant(peer, policy.namespace)
    candidates = [known[context.cluster.title(one)] for one in shown]
    candidates += _of_platform(context)
    found = [one for one in candidates if context.cluster.admission.peer(peer, policy.namespace, one)]
    namespace = policy.namespace if peer.namespaces is None else dict(peer.namespaces.labels).get(NAMESPACE_NAME)
    if found or peer.cidr or namespace is None or is_everything_shown(context, namespace):
        return found
    labels = dict(peer.pods.labels) if peer.pods else {}
    words = ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) or "all"
    return [_unseen(context, f"pods of {namespace} ({words})", namespace, labels)]


def _of_platform(context: Context) -> list[Endpoint]:
    """Return the pods that no manifest shows: few, but asked for at every peer."""
    if context.cluster not in _PLATFORM:
        _PLATFORM[context.cluster] = [one for name, one in everyone(context).items() if "/" not in name and one.is_pod]
    return _PLATFORM[context.cluster]


def isolating_place(policies: Sequence[NetworkPolicy], direction: str) -> Place:
    """Return where the rule that *policies* lack would be written: in the one that lets the least through."""
    policy = min(policies, key=lambda one: len(one.rules(direction)))
    return policy.manifest.place("spec", direction.lower())


def policy_names(policies: Iterable[NetworkPolicy]) -> str:
    """Return the policies' names for a message."""
    return some(f"{one.namespace}/{one.name}" for one in policies)


def some(names: Iterable[str], limit: int = 3) -> str:
    """Return *names* for a message: sorted, each once, and no more than *limit* of them in full."""
    found = sorted(set(names))
    if len(found) <= limit:
        return ", ".join(found)
    return f"{', '.join(found[:limit])} and {len(found) - limit} more"
