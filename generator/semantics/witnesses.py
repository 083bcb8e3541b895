"""Whom policies name and nobody knows: a pod for each selector, somebody for each identity.

A rule lets in whom it selects, and nobody else knows of that pod or account. So whoever
wants to find a rule that is too much needs one of each in the universe, beside the strangers
of `generator.semantics.strangers`, who carry no name that anybody would write down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from generator.manifests.bundle import Bundle
from generator.manifests.network import LabelSelector
from generator.manifests.security import AuthorizationPolicy
from generator.semantics.strangers import ELSEWHERE, NAMESPACE_NAME, STRANGER
from generator.topology import SIDECAR, Endpoint

Account = tuple[str, str]
"""Namespace and ServiceAccount."""

_ANY = "any"
"""Stands where a pattern has its wildcard."""
_Labels = tuple[tuple[str, str], ...]
_Pod = tuple[str, _Labels, _Labels]
"""The namespace, or none; the labels of the namespace; those of the pod."""


def witnesses(
    bundle: Bundle, known: Sequence[Endpoint], accounts: Iterable[Account], trust_domain: str
) -> Iterator[Endpoint]:
    """Yield whom the policies of *bundle* name beside those *known*, and who has one of *accounts*."""
    by_namespace: dict[str, list[Endpoint]] = {}
    for one in known:
        by_namespace.setdefault(one.namespace, []).append(one)
    for namespace, home, labels in dict.fromkeys(_selected(bundle)):
        near = by_namespace.get(namespace, ()) if namespace else known
        if not any(_carries(one.labels, labels) and _carries(one.namespace_labels, home) for one in near):
            yield _pod(namespace, home, labels)
    holders = {one.identity for one in known} | set(accounts)
    for namespace, account in sorted(set(_named(bundle, trust_domain)) - holders):
        name = f"somebody with the identity {namespace}/{account}"
        yield Endpoint(name, namespace, STRANGER, {NAMESPACE_NAME: namespace}, account, SIDECAR)


def _carries(labels: Mapping[str, str], wanted: _Labels) -> bool:
    return all(labels.get(key) == value for key, value in wanted)


def _pod(namespace: str, home: _Labels, labels: _Labels) -> Endpoint:
    where = f"the namespace {namespace}" if namespace else "another namespace"
    where += f" ({_written(home)})" if home else ""
    name = f"an unknown pod of {where} with the labels {_written(labels)}" if labels else f"an unknown pod of {where}"
    namespace = namespace or ELSEWHERE
    carried = {NAMESPACE_NAME: namespace, **dict(home)}
    return Endpoint(name, namespace, STRANGER | dict(labels), carried, "stranger", SIDECAR)


def _written(labels: _Labels) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels)


def _selected(bundle: Bundle) -> Iterator[_Pod]:
    """Yield the pods that policies are for, and those that they let in or out."""
    for policy in bundle.network_policies:
        yield from ((policy.namespace, (), labels) for labels in _shown(policy.pods))
        for peer in (peer for rule in (*policy.ingress, *policy.egress) for peer in rule.peers or ()):
            homes = [(policy.namespace, ())] if peer.namespaces is None else list(_homes(peer.namespaces))
            pods = list(_shown(peer.pods or LabelSelector())) if peer.namespaces or peer.pods else []
            yield from ((namespace, home, labels) for namespace, home in homes for labels in pods)
    scopes = [one.scope for one in bundle.authorization_policies]
    scopes += [one.scope for one in bundle.request_authentications]
    scopes += [one.scope for one in bundle.peer_authentications]
    for scope in scopes:
        yield scope.namespace, (), tuple(sorted(scope.labels.items()))


def _homes(selector: LabelSelector) -> Iterator[tuple[str, _Labels]]:
    """Yield the namespaces that *selector* names with what else it asks of them; without a name where it gives none."""
    for labels in _shown(selector):
        yield dict(labels).get(NAMESPACE_NAME, ""), tuple(one for one in labels if one[0] != NAMESPACE_NAME)


def _shown(selector: LabelSelector) -> Iterator[_Labels]:
    """Yield labels that *selector* matches, so that each value that it lists is in one of them."""
    listed = {key: values for key, operator, values in selector.expressions if operator == "In" and values}
    there = {key: "" for key, operator, _ in selector.expressions if operator == "Exists"}
    first = {**there, **{key: values[0] for key, values in listed.items()}, **dict(selector.labels)}
    others = (first | {key: value} for key, values in listed.items() for value in values[1:])
    yield from (tuple(sorted(one.items())) for one in (first, *others) if selector.matches(one))


def _named(bundle: Bundle, trust_domain: str) -> Iterator[Account]:
    for policy in bundle.authorization_policies:
        for field, value in _sources(policy):
            if field == "serviceAccounts":
                where, _, account = value.rpartition("/")
                yield where or policy.scope.namespace, account
            elif field == "namespaces" and "*" in value and value != "*":
                yield value.replace("*", _ANY), "stranger"
            elif field == "principals" and (found := _holder(value, trust_domain)):
                yield found


def _sources(policy: AuthorizationPolicy) -> Iterator[tuple[str, str]]:
    """Yield every property of a caller that *policy* asks for, or excepts, as field and value."""
    conditions = {"source.principal": "principals", "source.namespace": "namespaces"}
    for rule in policy.rules:
        for source in rule.sources or ():
            for field, values in source.items():
                positive = field[3].lower() + field[4:] if field.startswith("not") else field
                yield from ((positive, value) for value in values)
        for one in rule.conditions:
            if one.key in conditions:
                yield from ((conditions[one.key], value) for value in (*one.values, *one.not_values))


def _holder(pattern: str, trust_domain: str) -> Account | None:
    """Return somebody whose ``TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`` *pattern* matches, None where nobody's can."""
    usual = [trust_domain, "ns", ELSEWHERE, "sa", "stranger"]
    if pattern.endswith("*"):
        *sure, begun = pattern[:-1].split("/")
        rest = usual[len(sure) :]
        parts = [*sure, rest[0] if rest and rest[0].startswith(begun) else begun + _ANY, *rest[1:]]
    elif pattern.startswith("*"):
        ended, *sure = pattern[1:].split("/")
        rest = usual[: max(0, 5 - len(sure))]
        parts = [*rest[:-1], rest[-1] if rest and rest[-1].endswith(ended) else _ANY + ended, *sure]
    else:
        parts = pattern.split("/")
    return (parts[2], parts[4]) if len(parts) == len(usual) and parts[1::2] == ["ns", "sa"] else None
