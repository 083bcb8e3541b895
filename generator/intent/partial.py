"""What can be said of an intent that lacks a part: only what the missing part could not take back.

A profile that cannot be read is missing, and so is a flow whose server nobody declares. The rest
is looked at all the same, so that one run tells as much as can be told. What comes of a mistake,
and is none itself, stays unsaid until that one is mended:

- *Absence proves nothing.* A finding that something is not there (`Finding.is_absence`: no such
  workload, no flow that asks for the token) may be answered by what is missing.
- *A namespace is judged by whoever declares it.* Where the profiles that could be read name only
  some workloads of it, or none, the missing one may say how it takes part in the mesh.
- *Who is moved is not judged where he stood.* A file that a broken one names may be meant for
  another phase of its move into the mesh (`use`).
- *No facts without the environment.* While nobody knows which cluster is meant, only what
  profiles say of each other counts.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from generator.core.findings import Finding
from generator.core.places import Place
from generator.environment.model import Environment
from generator.intent.profile import SourceFile
from generator.model.externals import ExternalService
from generator.model.intent import Intent, MeshWide
from generator.model.peers import Peer, RemotePeer, WorkloadPeer
from generator.model.terms import Isolation, Mesh
from generator.model.traffic import Traffic
from generator.model.workloads import WorkloadKey

OF_PROFILES = frozenset({"MG020", "MG021", "MG024", "MG025", "MG031"})
"""Codes of what `compose` finds by holding profiles against each other; all others rest on facts of the cluster."""


def certain(findings: Iterable[Finding]) -> list[Finding]:
    """Return those of *findings* that hold whatever else is declared."""
    return [one for one in findings if not one.is_absence]


def between_profiles(findings: Iterable[Finding]) -> list[Finding]:
    """Return those of *findings* that hold in any environment."""
    return [one for one in findings if one.code in OF_PROFILES]


def named_in_broken(files: Sequence[SourceFile], findings: Iterable[Finding]) -> frozenset[str]:
    """Return the names of the files that some file with mistakes names: by `use`, or by what was meant for it."""
    wrong = {one.place.file for one in findings if one.place}
    broken = [one for one in files if one.name in wrong]
    names = {one.name: PurePath(one.name).name.encode() for one in files}
    return frozenset(
        name for name, short in names.items() if any(short in other.content for other in broken if other.name != name)
    )


def closed(intent: Intent, environment: Environment) -> Intent:
    """Return *intent* without whatever names a gateway, a cluster or a workload that does not exist."""
    gateways = environment.gateways or {}
    homes = intent.namespaces
    workloads = {key: one for key, one in intent.workloads.items() if not one.is_rendered or one.namespace in homes}

    def is_known(peer: Peer) -> bool:
        if isinstance(peer, RemotePeer):
            return peer.cluster in (environment.clusters or {})
        return not isinstance(peer, WorkloadPeer) or peer.key in workloads

    return replace(
        intent,
        workloads=workloads,
        flows=tuple(one for one in intent.flows if is_known(one.client) and is_known(one.server)),
        tokens=tuple(one for one in intent.tokens if (one.namespace, one.workload) in workloads),
        externals=tuple(one for one in intent.externals if not one.through or _is_known(one, gateways, workloads)),
        gateways=tuple(one for one in intent.gateways if one.gateway in gateways),
        traffic=_closed_traffic(intent.traffic, gateways, workloads),
        mesh_wide=_closed_mesh_wide(intent.mesh_wide, gateways),
    )


def _is_known(external: ExternalService, gateways: Container[str], workloads: Container[WorkloadKey]) -> bool:
    clients = ((external.namespace, name) for name in external.clients)
    return external.through in gateways and all(client in workloads for client in clients)


def _closed_traffic(traffic: Traffic, gateways: Container[str], workloads: Container[WorkloadKey]) -> Traffic:
    limits = traffic.rate_limits
    return replace(
        traffic,
        guards=tuple(one for one in traffic.guards if one.gateway in gateways),
        rate_limits=tuple(
            one for one in limits if one.gateway in gateways or (one.namespace, one.workload) in workloads
        ),
    )


def _closed_mesh_wide(wanted: MeshWide | None, gateways: Container[str]) -> MeshWide | None:
    if wanted is None:
        return None
    known = [pair for pair in zip(wanted.gateways, wanted.gateway_places, strict=True) if pair[0] in gateways]
    return replace(wanted, gateways=tuple(name for name, _ in known), gateway_places=tuple(place for _, place in known))


def settled(intent: Intent) -> Intent:
    """Return *intent* without the flows of workloads whose namespace a missing profile may say more of."""

    def is_settled(peer: Peer) -> bool:
        if not isinstance(peer, WorkloadPeer):
            return True
        home = intent.namespaces.get(peer.namespace)
        if home is None:  # in the mesh unless somebody says otherwise
            return intent.workloads[peer.key].mesh is not Mesh.SIDECAR
        return home.isolation is Isolation.NAMESPACE

    flows = tuple(one for one in intent.flows if is_settled(one.client) and is_settled(one.server))
    return replace(intent, flows=flows)


def without(intent: Intent, findings: Iterable[Finding]) -> Intent:
    """Return *intent* without what one of *findings* is about: it is refused, and nothing can be planned for it."""
    refused = {one.place for one in findings}
    if not refused:
        return intent

    def is_right(*places: Place | None) -> bool:
        return not any(place in refused for place in places if place)

    return replace(
        intent,
        flows=tuple(one for one in intent.flows if is_right(one.origin.place, one.request_place)),
        tokens=tuple(one for one in intent.tokens if is_right(one.origin.place)),
        externals=tuple(
            one
            for one in intent.externals
            if is_right(one.origin.place, one.through_place, *(one.client_place(name) for name in one.clients))
        ),
        gateways=tuple(one for one in intent.gateways if is_right(one.origin.place)),
        traffic=replace(
            intent.traffic,
            guards=tuple(one for one in intent.traffic.guards if is_right(one.origin.place)),
            rate_limits=tuple(one for one in intent.traffic.rate_limits if is_right(one.origin.place)),
        ),
    )
