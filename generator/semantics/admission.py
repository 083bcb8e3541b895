"""Whether NetworkPolicies let two pods connect, three-valued: pods of which not every label is known included.

`generator.semantics.network` decides over a closed universe, as the proof needs it. Foreign
manifests show only a part: a platform's pods carry more labels than the environment states,
and the labels of a namespace without an object are not known. Here that means None, not no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.algebra.addresses import holds
from generator.manifests.network import LabelSelector, NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule, is_met
from generator.semantics.waypoints import own_name
from generator.topology import Endpoint, Point

_SET_BY_CONTROLLERS = (
    "pod-template-hash",
    "controller-revision-hash",
    "statefulset.kubernetes.io/",
    "apps.kubernetes.io/",
    "batch.kubernetes.io/",
    "job-name",
    "security.istio.io/",
    "service.istio.io/",
    "topology.istio.io/",
    "istio.io/",
    "gateway.istio.io/",
    "gateway.networking.k8s.io/gateway-class-name",
)
"""Labels that pods carry without their template saying so (Kubernetes controllers, Istio's injector)."""

_Pods = tuple[str, frozenset[tuple[str, str]], bool]
"""Namespace and labels of pods, and whether they have more labels than these."""

_GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"


def selects(selector: LabelSelector, labels: Mapping[str, str], *, is_partial: bool = False) -> bool | None:
    """Tell whether *selector* matches; None if it asks for a label that nobody knows (*is_partial*: there are more)."""
    unknown = False
    for key, value in selector.labels:
        if key in labels:
            if labels[key] != value:
                return False
        elif is_partial or key.startswith(_SET_BY_CONTROLLERS):
            unknown = True
        else:
            return False
    for expression in selector.expressions:
        if expression[0] not in labels and (is_partial or expression[0].startswith(_SET_BY_CONTROLLERS)):
            unknown = True
        elif not is_met(expression, labels):
            return False
    return None if unknown else True


def covers(rule: NetworkRule, point: Point, server: Endpoint, *, is_shown: bool = False) -> bool | None:
    """Tell whether *rule* speaks of *point* at *server*; None for a port name that an unknown pod may give it.

    Of a server that *is_shown*, the declared ports are all that a name can mean.
    """
    if rule.ports is None:
        return True
    is_known = is_shown or bool(server.ports) or not server.is_pod
    return _any([_is_at(port, point, server, is_known=is_known) for port in rule.ports])


@dataclass(frozen=True, slots=True)
class Weighed:
    """A policy that isolates an endpoint (``chosen`` None: perhaps), each rule with whether peer and port meet it."""

    policy: NetworkPolicy
    chosen: bool | None
    rules: tuple[tuple[NetworkRule, bool | None, bool | None], ...]


class Admission:
    """The verdict of all NetworkPolicies on one pair of endpoints at a time."""

    def __init__(
        self,
        policies: Iterable[NetworkPolicy],
        namespaces: Mapping[str, Mapping[str, str]],
        shown: Iterable[str],
        ip_block_matches_pods: bool | None,
    ) -> None:
        """Know the labels of *namespaces* and, by name, of the endpoints that are *shown* as manifests."""
        self._namespaces = namespaces
        self._shown = frozenset(shown)
        self._blocks_match_pods = ip_block_matches_pods
        self._by_namespace: dict[str, list[NetworkPolicy]] = {}
        for policy in policies:
            self._by_namespace.setdefault(policy.namespace, []).append(policy)
        self._chosen: dict[_Pods, tuple[tuple[NetworkPolicy, bool | None], ...]] = {}

    def in_namespace(self, namespace: str) -> Sequence[NetworkPolicy]:
        """Return the policies of *namespace*."""
        return self._by_namespace.get(namespace, ())

    def policies(self, endpoint: Endpoint, direction: str) -> list[NetworkPolicy]:
        """Return the policies that surely isolate *endpoint* in *direction*."""
        return [policy for policy, chosen in self._isolating(direction, endpoint) if chosen]

    def admits(self, endpoint: Endpoint, direction: str, other: Endpoint, point: Point) -> bool | None:
        """Tell whether *endpoint*'s own policies let it accept (Ingress) or open (Egress) the connection."""
        server = endpoint if direction == "Ingress" else other
        is_isolated, verdicts = False, []
        for policy, chosen in self._isolating(direction, endpoint):
            is_isolated = is_isolated or chosen is True
            for rule in policy.rules(direction):
                met = self._covers(rule, point, server)
                if met is not False:
                    met = _all((chosen, self.peers(rule, policy.namespace, other), met))
                if met:
                    return True
                verdicts.append(met)
            if chosen is None:
                verdicts.append(None)
        if not is_isolated:
            return None if verdicts else True
        return _any(verdicts)

    def weighed(self, endpoint: Endpoint, direction: str, other: Endpoint, point: Point) -> Iterator[Weighed]:
        """Yield what `admits` looks at: for whoever wants to know why."""
        server = endpoint if direction == "Ingress" else other
        for policy, chosen in self._isolating(direction, endpoint):
            rules = tuple(
                (rule, self.peers(rule, policy.namespace, other), self._covers(rule, point, server))
                for rule in policy.rules(direction)
            )
            yield Weighed(policy, chosen, rules)

    def peers(self, rule: NetworkRule, namespace: str, other: Endpoint) -> bool | None:
        """Tell whether *rule*, in a policy of *namespace*, means *other*."""
        return True if rule.peers is None else _any([self.peer(one, namespace, other) for one in rule.peers])

    def peer(self, peer: NetworkPeer, namespace: str, other: Endpoint) -> bool | None:
        """Tell whether *peer*, in a policy of *namespace*, means *other*."""
        if peer.cidr:
            return self._block(peer, other)
        if not other.is_pod or (peer.namespaces is None and peer.pods is None):
            return False
        here: bool | None = other.namespace == namespace
        if peer.namespaces is not None:
            is_known = other.namespace in self._namespaces
            here = selects(peer.namespaces, other.namespace_labels, is_partial=not is_known)
        chosen = True if peer.pods is None else selects(peer.pods, other.labels, is_partial=self._is_partial(other))
        return _all((here, chosen))

    def _isolating(self, direction: str, endpoint: Endpoint) -> Iterator[tuple[NetworkPolicy, bool | None]]:
        """Yield the policies that choose *endpoint*, surely or perhaps (None), and speak of *direction*."""
        return (one for one in self._choosing(endpoint) if direction in one[0].types)

    def _choosing(self, endpoint: Endpoint) -> tuple[tuple[NetworkPolicy, bool | None], ...]:
        """Return the policies that may choose *endpoint*: worked out once for all pods of the same labels."""
        is_partial = self._is_partial(endpoint)
        key = (endpoint.namespace, frozenset(endpoint.labels.items()), is_partial)
        if key not in self._chosen:
            candidates = self._by_namespace.get(endpoint.namespace, ())
            weighed = [(one, selects(one.pods, endpoint.labels, is_partial=is_partial)) for one in candidates]
            self._chosen[key] = tuple(one for one in weighed if one[1] is not False)
        return self._chosen[key]

    def _covers(self, rule: NetworkRule, point: Point, server: Endpoint) -> bool | None:
        return covers(rule, point, server, is_shown=not self._is_partial(server))

    def _is_partial(self, endpoint: Endpoint) -> bool:
        """Tell whether *endpoint* has labels that nobody shows; istiod makes a Gateway's pods, and we know theirs."""
        return own_name(endpoint) not in self._shown and _GATEWAY_NAME not in endpoint.labels

    def _block(self, peer: NetworkPeer, other: Endpoint) -> bool | None:
        if other.address:
            return holds(peer.cidr, peer.excluded, other.address)
        if self._blocks_match_pods is False:
            return False
        is_everything = peer.cidr.endswith("/0") and not peer.excluded
        return True if self._blocks_match_pods and is_everything else None


def _is_at(port: NetworkPort, point: Point, server: Endpoint, *, is_known: bool) -> bool | None:
    if port.protocol != point.transport:
        return False
    if not port.name:
        return port.first <= point.number <= port.last
    return server.has_named(port.name, point) if is_known else None


def _any(verdicts: Sequence[bool | None]) -> bool | None:
    """Kleene's or."""
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _all(verdicts: Sequence[bool | None]) -> bool | None:
    """Kleene's and."""
    if False in verdicts:
        return False
    return None if None in verdicts else True
