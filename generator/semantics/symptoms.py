"""What a client sees when it is refused, and which layer makes it see that.

NetworkPolicy drops packets: the client waits. Mutual TLS breaks the connection off. A
proxy that says no answers 403. What answers 503 is mostly not analysed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.errors import MeshgenError
from generator.manifests.destinations import read_destination_rule
from generator.semantics.cluster import Cluster
from generator.semantics.explain import Explanation
from generator.semantics.reasons import AUTHORIZATION, EGRESS, INGRESS, MTLS, Layer, Reason, Verdict
from generator.topology import Endpoint

CLIENT_TLS = "the client's TLS"
WAYPOINT = "waypoint"

_CAUSES: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "403": (
        (AUTHORIZATION, "an AuthorizationPolicy refuses the request (RBAC: access denied)", ("MG305",)),
        (MTLS, "without mutual TLS a caller has no identity, and rules that name one refuse it", ("MG222",)),
    ),
    "timeout": (
        (EGRESS, "a NetworkPolicy of the client drops the connection", ("MG109", "MG105")),
        (INGRESS, "a NetworkPolicy of the server drops the connection", ("MG302", "MG113")),
    ),
    "reset": (
        (MTLS, "the server takes mutual TLS alone and breaks plaintext off", ("MG222",)),
        (CLIENT_TLS, "a DestinationRule makes the client speak plaintext, or TLS of another kind", ("MG221",)),
        (AUTHORIZATION, "on a port without HTTP an AuthorizationPolicy closes the connection", ("MG205",)),
    ),
    "503": (
        (CLIENT_TLS, "a DestinationRule contradicts what the server accepts", ("MG221",)),
        (WAYPOINT, "the waypoint cannot be reached, or does not know the way", ("MG230",)),
        (MTLS, "the server takes mutual TLS alone and the client's proxy sends none", ("MG222",)),
        (INGRESS, "a NetworkPolicy drops the connection, and the client's proxy gives up", ("MG305",)),
        (EGRESS, "a NetworkPolicy drops the connection, and the client's proxy gives up", ("MG305",)),
    ),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One possible cause. ``standing``: whether what was read shows it, excludes it, or cannot tell."""

    standing: str
    layer: str
    text: str
    reasons: tuple[Reason, ...]
    codes: tuple[str, ...]


_STANDING = {Verdict.NO: "found", Verdict.UNKNOWN: "possible", Verdict.YES: "ruled out"}
NOT_ANALYSED = "not analysed"
_RANK = ("found", "possible", NOT_ANALYSED, "ruled out")


def is_symptom(symptom: str) -> None:
    """Check that *symptom* is one that has causes here.

    Raises:
        MeshgenError: it has not; the message lists those that have.
    """
    if symptom not in _CAUSES:
        raise MeshgenError(f"{symptom!r} is no symptom that can be explained: choose {', '.join(_CAUSES)}")


def causes(cluster: Cluster, explanation: Explanation, symptom: str) -> tuple[Cause, ...]:
    """Return the causes of *symptom*, those that were found first, then those that nobody can exclude."""
    is_symptom(symptom)
    found = []
    for kind, text, codes in _CAUSES[symptom]:
        if kind in (CLIENT_TLS, WAYPOINT):
            found.append(Cause(NOT_ANALYSED, kind, text, tuple(_unread(cluster, explanation, kind)), codes))
        else:
            layer = _worst(explanation, kind)
            found.append(Cause(_STANDING[layer.verdict], kind, text, _why(layer), codes))
    return tuple(sorted(found, key=lambda one: _RANK.index(one.standing)))


def _worst(explanation: Explanation, kind: str) -> Layer:
    order = (Verdict.NO, Verdict.UNKNOWN, Verdict.YES)
    layers = (one for answer in explanation.answers for one in answer.layers if one.kind == kind)
    return min(layers, key=lambda one: order.index(one.verdict))


def _why(layer: Layer) -> tuple[Reason, ...]:
    return (*layer.reasons, *(Reason(f"missing: {fact}") for fact in layer.missing))


def _unread(cluster: Cluster, explanation: Explanation, kind: str) -> Iterator[Reason]:
    """Yield the objects that may be the cause and that nobody has analysed."""
    servers = {one.server.name: one.server for one in explanation.answers}
    for server in servers.values():
        if kind == CLIENT_TLS:
            yield from _destination_rules(cluster, server)
        elif server.waypoint is not None:
            yield Reason(f"callers of {server.name} are sent through {server.waypoint.title}")


def _destination_rules(cluster: Cluster, server: Endpoint) -> Iterator[Reason]:
    services = [
        one
        for one in cluster.services
        if one.namespace == server.namespace and one.selector and one.selector.items() <= server.labels.items()
    ]
    for manifest in cluster.others("DestinationRule"):
        rule = read_destination_rule(manifest)
        if any(rule.names(one.name, one.namespace) for one in services):
            title = f"DestinationRule {manifest.namespace}/{manifest.name} for the host {rule.host}"
            yield Reason(title, manifest.place("spec", "host"))
