"""A set of objects, indexed by what decides over connections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.core.places import Document
from generator.manifests.network import NetworkPolicy, read_network_policy
from generator.manifests.objects import Manifest, manifests
from generator.manifests.security import (
    AuthorizationPolicy,
    PeerAuthentication,
    RequestAuthentication,
    read_authorization_policy,
    read_peer_authentication,
    read_request_authentication,
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The policies among a set of objects, and everything else by kind."""

    network_policies: tuple[NetworkPolicy, ...] = ()
    peer_authentications: tuple[PeerAuthentication, ...] = ()
    authorization_policies: tuple[AuthorizationPolicy, ...] = ()
    request_authentications: tuple[RequestAuthentication, ...] = ()
    others: Mapping[str, tuple[Manifest, ...]] = field(default_factory=dict)

    def skipped(self) -> Counter[str]:
        """Return how many objects there are of each kind that decides nothing here."""
        return Counter({kind: len(found) for kind, found in self.others.items()})


def read_bundle(documents: Iterable[Document]) -> Bundle:
    """Index the objects of *documents*; unrelated kinds are kept aside."""
    return bundle_of(manifests(documents))


def bundle_of(objects: Iterable[Manifest]) -> Bundle:
    """Index *objects* by kind; unrelated ones are kept aside."""
    by_kind: dict[str, list[Manifest]] = {}
    for one in objects:
        by_kind.setdefault(_key(one), []).append(one)
    return Bundle(
        network_policies=tuple(map(read_network_policy, by_kind.pop("networking.k8s.io/NetworkPolicy", []))),
        peer_authentications=tuple(
            map(read_peer_authentication, by_kind.pop("security.istio.io/PeerAuthentication", []))
        ),
        authorization_policies=tuple(
            map(read_authorization_policy, by_kind.pop("security.istio.io/AuthorizationPolicy", []))
        ),
        request_authentications=tuple(
            map(read_request_authentication, by_kind.pop("security.istio.io/RequestAuthentication", []))
        ),
        others=_without_groups(by_kind),
    )


def _without_groups(by_kind: Mapping[str, list[Manifest]]) -> dict[str, tuple[Manifest, ...]]:
    """Index by kind alone; a kind that several groups have (Gateway, Service) keeps the objects of all of them."""
    found: dict[str, tuple[Manifest, ...]] = {}
    for key, some in by_kind.items():
        kind = key.rpartition("/")[2]
        found[kind] = (*found.get(kind, ()), *some)
    return found


def _key(manifest: Manifest) -> str:
    return f"{manifest.group}/{manifest.kind}"
