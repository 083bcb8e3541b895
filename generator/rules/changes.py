"""What rules about a change need: the same pods before and after, and where it is written what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from generator.core.places import Place
from generator.manifests.objects import Manifest
from generator.rules.base import Context
from generator.rules.layers import HBONE, application_ports
from generator.rules.subjects import peer_pods, workloads
from generator.rules.written import written_in
from generator.semantics.cluster import Cluster
from generator.semantics.difference import Difference, compare
from generator.semantics.reasons import AUTHORIZATION, EGRESS, INGRESS, MTLS
from generator.semantics.rows import Change
from generator.semantics.union import unite
from generator.topology import Endpoint, Point

Identity = tuple[str, str, str, str]
"""Group, kind, namespace and name of an object: what stays when its text changes."""


def identity(manifest: Manifest) -> Identity:
    """Return what *manifest* is, whatever it says."""
    return manifest.group, manifest.kind, manifest.namespace, manifest.name


@lru_cache(maxsize=1)
def difference(old: Cluster, new: Cluster) -> Difference:
    """Return the connections that changed."""
    return compare(old, new)


@lru_cache(maxsize=1)
def known_to_both(old: Cluster, new: Cluster) -> Mapping[str, Endpoint]:
    """Return by name everybody whom the difference may speak of, as they are afterwards."""
    return {one.name: one for one in unite(old, new).new.endpoints}


def ports_of(pod: Endpoint) -> Sequence[int]:
    """Return the ports of *pod* to look at; 0, which no exception names, where none is known."""
    return application_ports(pod) or [0]


def pairs(context: Context, previous: Context) -> Iterator[tuple[Endpoint, Endpoint]]:
    """Yield the workloads that are shown before and after, as they were and as they are."""
    before = {one.name: one for _, one in workloads(previous)}
    for _, pod in workloads(context):
        if pod.name in before:
            yield before[pod.name], pod


def let_in(context: Context, pod: Endpoint, port: int) -> list[Endpoint]:
    """Return the callers that NetworkPolicies of *pod* name for *port*, one by one: a whole namespace is no name."""
    found: dict[str, Endpoint] = {}
    for policy in context.cluster.admission.policies(pod, "Ingress"):
        for rule in written_in(policy, "Ingress"):
            for peer in rule.peers:
                if peer.pods is not None and not peer.pods.is_empty:
                    for caller in peer_pods(context, policy, peer):
                        if context.cluster.admission.admits(pod, "Ingress", caller, Point("TCP", port)):
                            found[caller.name] = caller
    return list(found.values())


def place_of(context: Context, previous: Context, row: Change) -> Place | None:
    """Return where it is written that *row* gets through: what lets it in now, else what is gone or was changed."""
    known = known_to_both(previous.cluster, context.cluster)
    client = next((known[name] for name in row.clients if name in known), None)
    server = next((known[name] for name in row.servers if name in known), None)
    if client is None or server is None:
        return None
    transport, ports = row.open_ports[0]
    points = [Point(transport, ports.parts[0][0])]
    points += [HBONE] if server.mesh == "ambient" and client.has_identity else []
    for layer in row.layers:
        for point in points:
            for one, is_now in ((context, True), (previous, False)):
                if place := _decides(one, layer, client, server, point, is_now):
                    return place
    return None


def _decides(
    context: Context, layer: str, client: Endpoint, server: Endpoint, point: Point, is_now: bool
) -> Place | None:
    if layer in (INGRESS, EGRESS):
        return _of_network(context, layer, client, server, point, is_now)
    if layer == MTLS:
        policy = context.cluster.mtls.deciding(server, point.number)
        return policy.manifest.place("spec") if policy else None
    if layer == AUTHORIZATION and is_now:
        found = next(context.cluster.access.allowing(server, client, point), None)
        return found[1].place if found else None
    if layer == AUTHORIZATION:
        return next((one.manifest.place("spec") for one in context.cluster.access.policies(server)), None)
    return None


def _of_network(
    context: Context, layer: str, client: Endpoint, server: Endpoint, point: Point, is_now: bool
) -> Place | None:
    """Return the rule that admits, or of what was: the first policy that isolated."""
    own, other, direction = (server, client, "Ingress") if layer == INGRESS else (client, server, "Egress")
    if not own.is_pod:
        return None
    for weighed in context.cluster.admission.weighed(own, direction, other, point):
        if not is_now:
            return weighed.policy.manifest.place("spec", direction.lower())
        for rule, peer, port in weighed.rules:
            if peer is not False and port is not False:
                return rule.place
    return None
