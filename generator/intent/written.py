"""Peers and ports as an intent document writes them: some are known only when all profiles are."""

from __future__ import annotations

from collections.abc import Callable

from generator.core.frozen import dataclass
from generator.core.places import Json, Place, Route
from generator.model.peers import (
    AddressesPeer,
    AnyonePeer,
    ApiServerPeer,
    CloudCredentialsPeer,
    GatewayPeer,
    NamespacesPeer,
    Peer,
    PrometheusPeer,
    WorkloadPeer,
)
from generator.model.terms import Port


@dataclass(frozen=True, slots=True)
class ServicePeer:
    """A workload named by the profile that declares it, or all namespaces of that profile; found later."""

    profile: str
    service: str
    profile_place: Place
    service_place: Place


@dataclass(frozen=True, slots=True)
class SecuredNamespaces:
    """Namespaces that some profile of the run must declare, each with the place of its name."""

    peer: NamespacesPeer
    places: tuple[tuple[str, Place], ...]


@dataclass(frozen=True, slots=True)
class ZonePeer:
    """Every namespace of the run that lies in a zone."""

    zone: str
    place: Place


@dataclass(frozen=True, slots=True)
class ClusterWorkload:
    """A workload of another cluster of the mesh, which some profile of the run declares."""

    cluster: str
    namespace: str
    workload: str
    cluster_place: Place


WrittenPeer = Peer | ClusterWorkload | ServicePeer | SecuredNamespaces | ZonePeer


def read_peer(data: Json, route: Route, placed: Callable[[Route], Place]) -> WrittenPeer:
    """Return the peer that stands at *route*; *placed* tells where a value was written."""
    if "profile" in data:
        where, service = placed((*route, "profile")), placed((*route, "service"))
        return ServicePeer(data["profile"], data.get("service", ""), where, service)
    if "cluster" in data:
        return ClusterWorkload(data["cluster"], data["namespace"], data["workload"], placed((*route, "cluster")))
    if "zone" in data:
        return ZonePeer(data["zone"], placed((*route, "zone")))
    peer = _peer(data)
    if isinstance(peer, NamespacesPeer) and data.get("secured"):
        names = enumerate(data["namespaces"])
        return SecuredNamespaces(peer, tuple((name, placed((*route, "namespaces", index))) for index, name in names))
    return peer


def read_port(value: Json) -> int | str | Port:
    """Return a port as written: a number, a name, or all of it."""
    if isinstance(value, dict):
        return Port(value["number"], value["protocol"], value.get("name", ""), value.get("end"))
    port: int | str = value
    return port


def _peer(data: Json) -> Peer:
    if "workload" in data:
        return WorkloadPeer(data["namespace"], data["workload"])
    if "namespaces" in data:
        return NamespacesPeer(tuple(sorted(data["namespaces"])), tuple(sorted(data.get("labels", {}).items())))
    if "gateway" in data:
        return GatewayPeer(data["gateway"])
    if "cidrs" in data or "public" in data:
        return AddressesPeer(tuple(sorted(data.get("cidrs", ()))), is_public="public" in data)
    singular: dict[str, Peer] = {
        "prometheus": PrometheusPeer(),
        "apiServer": ApiServerPeer(),
        "cloudCredentials": CloudCredentialsPeer(),
        "anyone": AnyonePeer(),
    }
    return singular[data.get("platform") or next(iter(data))]
