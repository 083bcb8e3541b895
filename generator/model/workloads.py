"""What a bundle secures: namespaces, the workloads in them, and the waypoints before those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.core.places import Json, Place
from generator.model.terms import Authorization, Isolation, Mesh, Mtls, Origin, Port

WorkloadKey = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Waypoint:
    """The proxy through which ambient clients, and gateways, call Services; ``created`` by this bundle or there."""

    namespace: str
    name: str
    created: bool = False

    @property
    def title(self) -> str:
        """What comments call it."""
        return f"the waypoint {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Namespace:
    """What a namespace that this bundle secures shall be like.

    ``encrypted`` asks for mutual TLS at both ends of every flow from and to its pods, without exception.
    ``consent`` demands that a flow into it from another profile is declared by its own as well.
    No flow may join namespaces of different ``zone``.
    """

    name: str
    origin: Origin
    mesh: Mesh = Mesh.SIDECAR
    waypoint: Waypoint | None = None
    mtls: Mtls = Mtls.STRICT
    authorization: Authorization = Authorization.ENFORCED
    isolation: Isolation = Isolation.NAMESPACE
    directions: tuple[str, ...] = ("Ingress", "Egress")
    create: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    scrape: bool = True
    registry_only: bool = False
    encrypted: bool = False
    consent: bool = False
    zone: str = ""
    quota: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Json] = field(default_factory=dict)
    authorization_place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Workload:
    """A set of pods that shares labels and identities.

    ``is_rendered`` is false for the far end of a flow whose own namespace is secured elsewhere.
    ``directions`` are those in which this bundle isolates its pods. With a ``waypoint``, calls of
    its ``service`` come through that; ``is_enrolled`` says that its namespace's label asks for one,
    whether its pods are ambient or not.
    """

    namespace: str
    name: str
    labels: Mapping[str, str]
    service_accounts: tuple[str, ...]
    ports: tuple[Port, ...]
    origin: Origin
    mesh: Mesh | None = None
    is_rendered: bool = True
    create_accounts: bool = False
    directions: tuple[str, ...] = ("Ingress", "Egress")
    service: str = ""
    waypoint: Waypoint | None = None
    is_enrolled: bool = False

    @property
    def key(self) -> WorkloadKey:
        """Namespace and name."""
        return (self.namespace, self.name)

    @property
    def in_mesh(self) -> bool:
        """Whether its pods are in the mesh."""
        return self.mesh is not None and self.mesh.is_member

    def covers(self, other: Workload) -> bool:
        """Tell whether every pod of *other* is one of this workload's too, by its labels."""
        return self.namespace == other.namespace and self.labels.items() <= other.labels.items()
