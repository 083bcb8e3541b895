"""Pods that no manifest shows and that policies speak of: where a set of YAML holds policies alone.

Each selector gets the pods it asks for, each named identity somebody who has it. That a pod
labelled ``app: web`` runs as the ServiceAccount ``web`` is an assumption, made only where the
policies of one namespace speak of both and nothing shows the pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from generator.manifests.network import LabelSelector
from generator.semantics.cluster import Cluster
from generator.semantics.strangers import NAMESPACE_NAME, named_accounts
from generator.topology import Endpoint

_Wanted = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class StandIn:
    """Pods that only policies speak of: the labels these ask for, and the account that they probably have."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    account: str


def stand_ins(clusters: Iterable[Cluster], known: Iterable[Endpoint]) -> list[StandIn]:
    """Return the pods that policies of *clusters* mean, beside those *known*."""
    by_namespace: dict[str, list[Endpoint]] = {}
    accounts: set[tuple[str, str]] = set()
    for one in known:
        by_namespace.setdefault(one.namespace, []).append(one)
        accounts.add(one.identity)
    wanted: dict[_Wanted, None] = {}
    named: set[tuple[str, str]] = set()
    asked: dict[tuple[str, LabelSelector], None] = {}
    for cluster in clusters:
        named |= named_accounts(cluster.bundle)
        asked |= dict.fromkeys(_selectors(cluster))
    for namespace, selector in asked:
        near = by_namespace.get(namespace, ())
        if not selector.is_empty and not any(selector.matches(one.labels) for one in near):
            wanted[namespace, tuple(sorted(_labels(selector).items()))] = None
    return sorted(_with_accounts(list(wanted), named - accounts), key=lambda one: one.name)


def _with_accounts(wanted: list[_Wanted], accounts: set[tuple[str, str]]) -> Iterator[StandIn]:
    used: set[tuple[str, str]] = set()
    for namespace, pairs in wanted:
        name = f"{namespace}/{','.join(f'{key}={value}' for key, value in pairs)}"
        own = _account(namespace, pairs, accounts)
        used.add((namespace, own))
        yield StandIn(name, namespace, dict(pairs), own)
    for namespace, account in accounts - used:
        yield StandIn(f"{namespace}/ServiceAccount={account}", namespace, {}, account)


def _account(namespace: str, pairs: tuple[tuple[str, str], ...], accounts: set[tuple[str, str]]) -> str:
    """Return the account that is called like one of the labels, or begins like it."""
    values = [value for _, value in pairs if value]
    near = sorted(account for space, account in accounts if space == namespace)
    exact = [one for one in near if one in values]
    return next(iter((*exact, *(one for one in near if one.startswith(tuple(f"{value}-" for value in values))))), "")


def _labels(selector: LabelSelector) -> dict[str, str]:
    """Return labels that *selector* asks for, as far as one pod can show it."""
    exact = {key: values[0] for key, operator, values in selector.expressions if operator == "In" and values}
    present = {key: "" for key, operator, _ in selector.expressions if operator == "Exists"}
    return {**present, **exact, **dict(selector.labels)}


def _selectors(cluster: Cluster) -> Iterator[tuple[str, LabelSelector]]:
    """Yield every selector of pods, with the namespace in which it looks."""
    for policy in cluster.bundle.network_policies:
        yield policy.namespace, policy.pods
        for rule in (*policy.ingress, *policy.egress):
            for peer in rule.peers or ():
                if peer.pods is not None:
                    spaces = [policy.namespace] if peer.namespaces is None else _named(peer.namespaces)
                    yield from ((space, peer.pods) for space in spaces)
    scopes = [one.scope for one in cluster.bundle.authorization_policies]
    scopes += [one.scope for one in cluster.bundle.peer_authentications]
    for scope in scopes:
        yield scope.namespace, LabelSelector(tuple(sorted(scope.labels.items())))


def _named(selector: LabelSelector) -> list[str]:
    found = [value for key, value in selector.labels if key == NAMESPACE_NAME]
    listed = (values for key, operator, values in selector.expressions if (key, operator) == (NAMESPACE_NAME, "In"))
    return [*found, *(value for values in listed for value in values)]
