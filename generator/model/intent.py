"""Intent: who may talk to whom, and how it is protected; no word of NetworkPolicy or Istio kinds.

Every profile expands to this model, and every layer is projected from it. A *flow* is the
one source: client, server, ports, and for HTTP the requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from generator.core.frozen import dataclass
from generator.core.places import Place
from generator.model.externals import ExternalService
from generator.model.flows import Flow, TokenIssuer
from generator.model.peers import namespaces_of
from generator.model.terms import Isolation, Mtls, Origin
from generator.model.traffic import Traffic
from generator.model.workloads import Namespace, Waypoint, Workload, WorkloadKey


@dataclass(frozen=True, slots=True)
class GatewayLockdown:
    """A gateway whose own pods are to be closed, except for what it is there for.

    With ``is_routed_only`` its proxy answers requests for the hosts of its flows, and no others.
    """

    gateway: str
    origin: Origin
    sources: tuple[str, ...] = ()
    is_routed_only: bool = False


@dataclass(frozen=True, slots=True)
class MeshWide:
    """What holds for the whole mesh, written once in its root namespace."""

    origin: Origin
    mtls: Mtls = Mtls.STRICT
    deny_by_default: bool = False
    gateways: tuple[str, ...] = ()
    access_logs: bool = True
    gateway_places: tuple[Place, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A weakness that a person accepted, with the reason."""

    caveat: str
    reason: str
    profile: str
    place: Place


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything that one bundle is to allow: resolved, merged over all profiles, in canonical order."""

    namespaces: Mapping[str, Namespace]
    workloads: Mapping[WorkloadKey, Workload]
    flows: tuple[Flow, ...]
    tokens: tuple[TokenIssuer, ...] = ()
    externals: tuple[ExternalService, ...] = ()
    gateways: tuple[GatewayLockdown, ...] = ()
    traffic: Traffic = Traffic()
    mesh_wide: MeshWide | None = None
    acceptances: tuple[Acceptance, ...] = ()
    _rendered: dict[str, list[Workload]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _from: dict[str, list[Flow]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _into: dict[str, list[Flow]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for workload in self.workloads.values():
            if workload.is_rendered:
                self._rendered.setdefault(workload.namespace, []).append(workload)
        for flow in self.flows:
            for name in namespaces_of(flow.client):
                self._from.setdefault(name, []).append(flow)
            for name in namespaces_of(flow.server):
                self._into.setdefault(name, []).append(flow)

    def rendered_in(self, namespace: str) -> Sequence[Workload]:
        """Return the workloads of *namespace* that this bundle secures, in order; found without a search."""
        return self._rendered.get(namespace, ())

    def flows_from(self, namespace: str) -> Sequence[Flow]:
        """Return the flows whose client is named in *namespace*, in order; found without a search."""
        return self._from.get(namespace, ())

    def flows_into(self, namespace: str) -> Sequence[Flow]:
        """Return the flows whose server is named in *namespace*, in order; found without a search."""
        return self._into.get(namespace, ())

    @property
    def waypoints(self) -> tuple[Waypoint, ...]:
        """The waypoints whose own pods this bundle secures: those it creates, and those in namespaces it closes."""
        known = [one.waypoint for one in self.namespaces.values()] + [one.waypoint for one in self.workloads.values()]
        found = {}
        for waypoint in known:
            home = self.namespaces.get(waypoint.namespace) if waypoint else None
            if waypoint and home and (waypoint.created or home.isolation is Isolation.NAMESPACE):
                found[waypoint.namespace, waypoint.name] = waypoint
        return tuple(one for _, one in sorted(found.items()))

    def accepts(self, caveat: str, profile: str) -> bool:
        """Tell whether *profile* accepted the weakness *caveat*."""
        return any(one.caveat == caveat and one.profile == profile for one in self.acceptances)
