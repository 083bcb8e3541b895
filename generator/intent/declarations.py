"""What one profile declares: values, each with the place where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.core.places import Json, Place
from generator.intent.written import WrittenPeer
from generator.model.externals import ExternalService
from generator.model.flows import GatewayRoute, Request, TokenIssuer
from generator.model.intent import Acceptance, GatewayLockdown, MeshWide
from generator.model.terms import Origin, Port
from generator.model.traffic import Traffic
from generator.model.workloads import WorkloadKey


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one profile says of a namespace or workload: only the fields it names, and where.

    The namespace of another cluster is called CLUSTER/NAMESPACE in the ``key``: it is not the one of that name here.
    """

    key: WorkloadKey
    fields: Mapping[str, Json]
    places: Mapping[str, Place]
    origin: Origin


@dataclass(frozen=True, slots=True)
class FlowDeclaration:
    """A flow as written: ports may be names, peers may be of other profiles."""

    client: WrittenPeer
    server: WrittenPeer
    ports: tuple[int | str | Port, ...] | None
    ports_given: bool
    origin: Origin
    client_place: Place
    server_place: Place
    ports_place: Place
    purpose: str
    request: Request | None
    request_place: Place
    plaintext: str
    token: str
    tolerated: str = ""
    route: GatewayRoute | None = None
    host: str = ""


@dataclass(frozen=True, slots=True)
class PortException:
    """A port that stays open to callers without an identity when everything else is closed to them."""

    workload: str
    port: int
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class PlaintextClient:
    """A caller that has no identity yet, and the date by which it shall have one."""

    key: WorkloadKey
    until: str
    place: Place


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the namespaces that a profile took over have moved into the mesh; ``place`` is where it says so."""

    place: Place
    mesh: str
    mtls: str
    authorization: str
    create: bool
    waypoint: Json
    exceptions: tuple[PortException, ...]
    plaintext_clients: tuple[PlaintextClient, ...]


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything one profile declares."""

    origin: Origin
    namespaces: tuple[Declaration, ...] = ()
    workloads: tuple[Declaration, ...] = ()
    flows: tuple[FlowDeclaration, ...] = ()
    tokens: tuple[TokenIssuer, ...] = ()
    externals: tuple[ExternalService, ...] = ()
    gateways: tuple[GatewayLockdown, ...] = ()
    traffic: Traffic = Traffic()
    mesh_wide: MeshWide | None = None
    acceptances: tuple[Acceptance, ...] = ()
    use: tuple[tuple[str, Place], ...] = ()
    rollout: Rollout | None = field(default=None)
