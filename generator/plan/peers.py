"""How a peer of the intent is named in a NetworkPolicy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from generator.algebra.addresses import as_network, is_inside
from generator.core.findings import Finding
from generator.core.places import Place
from generator.environment.model import Environment, Pods
from generator.model.crossings import is_flat, other_cluster, own_doors
from generator.model.intent import Intent
from generator.model.peers import (
    AddressesPeer,
    AnyonePeer,
    ApiServerPeer,
    CloudCredentialsPeer,
    GatewayPeer,
    NamespacesPeer,
    Peer,
    PrometheusPeer,
    RemotePeer,
    WorkloadPeer,
)
from generator.model.workloads import Waypoint
from generator.plan.views.network_policy import PeerView
from generator.plan.views.selection import Selector, labelled

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The one namespace label that Kubernetes sets itself and nobody can change (1.22)."""

PRIVATE_RANGES = {
    "IPv4": ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    "IPv6": ("fc00::/7", "fe80::/10"),
}
"""What "the internet" leaves out: RFC 1918, RFC 6598, loopback, link-local with cloud metadata, RFC 4193."""

_Platform = GatewayPeer | PrometheusPeer | Waypoint
_Known = WorkloadPeer | NamespacesPeer | AddressesPeer | ApiServerPeer | CloudCredentialsPeer | _Platform

_EVERYWHERE = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}


class PeerNamer:
    """Names peers as seen from a namespace, by the facts of the environment."""

    def __init__(self, intent: Intent, environment: Environment) -> None:
        """Facts that turn out to be unknown collect in ``findings``."""
        self._intent = intent
        self._environment = environment
        self.findings: list[Finding] = []
        self._holes = cache(self._excluded)

    def views(
        self, peer: Peer | Waypoint, seen_from: str, comment: str, place: Place, *, is_server: bool = False
    ) -> tuple[PeerView, ...] | None:
        """Return the items that admit *peer* in a policy of the namespace *seen_from*; None for anyone.

        An empty tuple means that the peer cannot be named; the reason is in ``findings``.
        Workloads of other clusters look different from here as servers than as clients.
        """
        if isinstance(peer, AnyonePeer):
            return None
        if isinstance(peer, RemotePeer):
            return self._remote(peer, seen_from, comment, is_server=is_server)
        return self._own(peer, seen_from, comment, place)

    def _own(
        self,
        peer: _Known,
        seen_from: str,
        comment: str,
        place: Place,
    ) -> tuple[PeerView, ...]:
        if isinstance(peer, WorkloadPeer):
            labels = self._intent.workloads[peer.namespace, peer.workload].labels
            return (self.pods(Pods(peer.namespace, labels), seen_from, comment),)
        if isinstance(peer, NamespacesPeer):
            return (PeerView(comment, _namespaces(peer), Selector()),)
        if isinstance(peer, AddressesPeer):
            return self._public(comment) if peer.is_public else tuple(self._block(cidr, comment) for cidr in peer.cidrs)
        if isinstance(peer, ApiServerPeer | CloudCredentialsPeer):
            return self._at_addresses(peer, comment, place)
        return self._platform(peer, seen_from, comment, place)

    def pods(self, pods: Pods, seen_from: str, comment: str) -> PeerView:
        """Return the item for *pods*: by label alone in the same namespace, with the namespace's name otherwise.

        Pods of elsewhere are selected by expressions: Kustomize's commonLabels writes into
        every matchLabels, and would ask of foreign pods a label that they do not have.
        """
        if pods.namespace == seen_from:
            return PeerView(comment, pods=labelled(pods.labels))
        return PeerView(comment, labelled({NAMESPACE_NAME: pods.namespace}), self.foreign(pods.labels))

    def foreign(self, labels: Mapping[str, str]) -> Selector:
        """Return a selector for pods that are not part of this namespace's kustomization."""
        if not self._environment.cni.match_expressions:
            return labelled(labels)
        return Selector(expressions=tuple((key, "In", (value,)) for key, value in sorted(labels.items())))

    def waypoint(self, waypoint: Waypoint) -> Selector:
        """Return the selector of a waypoint's pods, which istiod labels (istio 1.30.3 files/waypoint.yaml)."""
        return self.foreign({"gateway.networking.k8s.io/gateway-name": waypoint.name})

    def _platform(self, peer: _Platform, seen_from: str, comment: str, place: Place) -> tuple[PeerView, ...]:
        if isinstance(peer, Waypoint):
            home = None if peer.namespace == seen_from else labelled({NAMESPACE_NAME: peer.namespace})
            return (PeerView(comment, home, self.waypoint(peer)),)
        if isinstance(peer, GatewayPeer):
            gateways = self._environment.gateways or {}
            return (self.pods(gateways[peer.gateway].pods, seen_from, comment),)
        if self._environment.has_prometheus is False:
            message = f"the environment {self._environment.name!r} says that there is no Prometheus"
            fix = "do not ask for its access, or describe the scraper in an environment file of your own"
            self.findings.append(Finding("MG029", message, place, fix))
            return ()
        if self._environment.prometheus is None:
            self.unknown("prometheus", "metrics are to be scraped", place, "; if there is none, set it to none")
            return ()
        return (self.pods(self._environment.prometheus.pods, seen_from, comment),)

    def _at_addresses(
        self, peer: ApiServerPeer | CloudCredentialsPeer, comment: str, place: Place
    ) -> tuple[PeerView, ...]:
        """Return what stands at addresses of its own, which are opened as they are; that there are any is known."""
        credentials, addresses = self._environment.cloud_credentials, self._environment.addresses.api_server
        if isinstance(peer, CloudCredentialsPeer):
            addresses = credentials.addresses if credentials else ()
        if addresses is None:
            self.unknown("addresses.apiServer", "the API server is no pod that a policy could select", place)
            return ()
        return tuple(PeerView(comment, cidr=cidr) for cidr in addresses)

    def _remote(self, peer: RemotePeer, seen_from: str, comment: str, *, is_server: bool) -> tuple[PeerView, ...]:
        """Return where connections of another cluster come from, or go to; that this is known was checked."""
        cluster = other_cluster(peer, self._environment)
        if is_flat(peer, self._environment):
            return tuple(PeerView(comment, cidr=cidr) for cidr in cluster.pods or ())
        if is_server:
            words = f"{comment}, by its east-west gateway"
            return tuple(PeerView(words, cidr=cidr) for cidr in cluster.door.addresses) if cluster.door else ()
        doors = own_doors(self._environment)
        return tuple(self.pods(one.pods, seen_from, f"{comment}, by the gateway {one.name}") for one in doors)

    def unknown(self, fact: str, because: str, place: Place, alternative: str = "") -> None:
        """Note that the render needs *fact* and the environment does not know it."""
        message = f"the environment {self._environment.name!r} does not say {fact}: {because}"
        fix = f"write {fact} into an environment file of your own (`meshgen env --help`){alternative}"
        self.findings.append(Finding("MG029", message, place, fix))

    def _public(self, comment: str) -> tuple[PeerView, ...]:
        api_server = self._environment.addresses.api_server
        return tuple(self._block(_EVERYWHERE[family], comment, api_server) for family in self._environment.ip_families)

    def _block(self, cidr: str, comment: str, beside: tuple[str, ...] | None = None) -> PeerView:
        """Return *cidr* without the private and cluster ranges inside it, and those *beside*.

        A range asked for exactly stays. The API server is left out of the internet alone: a
        range of nodes that somebody names may hold it, and is meant.
        """
        return PeerView(comment, cidr=cidr, excluded=self._holes(cidr, beside))

    def _excluded(self, cidr: str, beside: tuple[str, ...] | None) -> tuple[str, ...]:
        block = as_network(cidr)
        ranges = [*PRIVATE_RANGES[f"IPv{block.version}"], *self._environment.addresses.metadata]
        for known in (
            self._environment.addresses.pods,
            self._environment.addresses.nodes,
            self._environment.addresses.services,
            beside,
        ):
            ranges += known or ()
        inside = {one for one in map(as_network, ranges) if one != block and is_inside(one, block)}
        excluded = sorted(
            (one for one in inside if not any(one != other and is_inside(one, other) for other in inside)),
            key=lambda one: (int(one.network_address), one.prefixlen),
        )
        return tuple(map(str, excluded))


def _namespaces(peer: NamespacesPeer) -> Selector:
    if peer.labels:
        return labelled(dict(peer.labels))
    if len(peer.names) == 1:
        return labelled({NAMESPACE_NAME: peer.names[0]})
    return Selector(expressions=((NAMESPACE_NAME, "In", peer.names),))
