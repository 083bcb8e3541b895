"""Why NetworkPolicies let a connection through, or not: the rules that admit it, or everything that isolates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.manifests.network import NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule
from generator.semantics.admission import Admission, Weighed
from generator.semantics.cluster import Cluster
from generator.semantics.reasons import EGRESS, INGRESS, Layer, Reason, Verdict
from generator.topology import HBONE, Endpoint, Point, is_tunnelled

_KINDS = {"Egress": EGRESS, "Ingress": INGRESS}


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the question is asked: the cluster, and whose labels are all known."""

    cluster: Cluster
    admission: Admission


def network_layers(scene: Scene, client: Endpoint, server: Endpoint, point: Point) -> tuple[Layer, ...]:
    """Return what the policies of both ends say of *client* connecting to *server* at *point*, and of a waypoint."""
    if point.transport == "TCP" and server.waypoint is not None and client.takes_waypoint_to(server):
        waypoint = server.waypoint.pods(scene.cluster.namespace_labels(server.waypoint.namespace))
        first = f"{waypoint.name} takes the calls of its Service: on the network this is HBONE, port {HBONE}"
        return (
            *_both(scene, client, waypoint, HBONE, Reason(first)),
            *_both(scene, waypoint, server, HBONE, Reason(f"the waypoint passes them on in HBONE, port {HBONE}")),
        )
    if point.transport == "TCP" and is_tunnelled(client, server):
        note = Reason(f"the mesh is ambient there: on the network this is HBONE, port {HBONE}")
        return _both(scene, client, server, HBONE, note)
    return _both(scene, client, server, point, None)


def _both(scene: Scene, client: Endpoint, server: Endpoint, point: Point, note: Reason | None) -> tuple[Layer, Layer]:
    return (
        _layer(scene, "Egress", client, server, point, note),
        _layer(scene, "Ingress", server, client, point, note),
    )


def _layer(
    scene: Scene, direction: str, one: Endpoint, other: Endpoint, point: Point, note: Reason | None = None
) -> Layer:
    """Return the verdict of the policies of *one*, which isolate it in *direction*."""
    cluster, admission = scene.cluster, scene.admission
    kind = _KINDS[direction]
    name, notes = f"{kind} of {one.name}", (note,) if note else ()
    if not one.is_pod:
        reason = Reason(f"{one.name} is no pod: no NetworkPolicy isolates it")
        return Layer(kind, name, Verdict.YES, (reason,))
    if other.is_node and direction == "Ingress" and cluster.environment.cni.kubelet_exempt:
        return Layer(kind, name, Verdict.YES, (Reason("the pod's own node passes every NetworkPolicy"),))
    weighed = list(admission.weighed(one, direction, other, point))
    verdict = Verdict.of(admission.admits(one, direction, other, point))
    if not weighed:
        return Layer(kind, name, verdict, (*notes, Reason("no NetworkPolicy isolates it in this direction")))
    if verdict is Verdict.YES:
        reasons = [_admitting(each.policy, rule) for each in weighed for rule in _met(each)]
    else:
        reasons = [_refusing(each, direction, other, point) for each in weighed]
    missing = _missing(scene, weighed, one, other) if verdict is Verdict.UNKNOWN else ()
    return Layer(kind, name, verdict, (*notes, *reasons), tuple(dict.fromkeys(missing)))


def _met(each: Weighed) -> Iterator[NetworkRule]:
    return (rule for rule, peer, port in each.rules if each.chosen and peer and port)


def _title(policy: NetworkPolicy) -> str:
    return f"NetworkPolicy {policy.namespace}/{policy.name}"


def _admitting(policy: NetworkPolicy, rule: NetworkRule) -> Reason:
    words = f"{rule.route[1]} rule {int(rule.route[2]) + 1}"
    return Reason(f"{_title(policy)}, {words}", rule.place)


def _refusing(each: Weighed, direction: str, other: Endpoint, point: Point) -> Reason:
    """Say that a policy isolates and does not admit; and how near its nearest rule comes."""
    place = each.policy.manifest.place("spec", direction.lower())
    perhaps = [rule for rule, peer, port in each.rules if peer is not False and port is not False]
    if perhaps or each.chosen is None:
        where = perhaps[0].place if perhaps else each.policy.manifest.place("spec", "podSelector")
        return Reason(f"{_title(each.policy)} may admit it", where)
    title = f"{_title(each.policy)}: no {direction.lower()} rule for {other.name} on {point}"
    for rule, peer, _ in each.rules:
        if peer and rule.ports is not None:
            return Reason(f"{title}; the nearest is for {_ports(rule.ports)}", rule.place)
    for rule, _, port in each.rules:
        if port and rule.ports is not None:
            return Reason(f"{title}; that for {_ports(rule.ports)} names other peers", rule.place)
    return Reason(title if each.rules else f"{_title(each.policy)}: no {direction.lower()} rule at all", place)


def _ports(ports: tuple[NetworkPort, ...]) -> str:
    return ", ".join(dict.fromkeys(map(_port, ports)))


def _port(port: NetworkPort) -> str:
    if port.name:
        return f"the port named {port.name}"
    if (port.first, port.last) == (1, 65535):
        return f"every {port.protocol} port"
    numbers = str(port.first) if port.first == port.last else f"{port.first}-{port.last}"
    return f"{numbers}/{port.protocol}"


def _missing(scene: Scene, weighed: list[Weighed], one: Endpoint, other: Endpoint) -> Iterator[str]:
    """Yield the facts that would decide."""
    for each in weighed:
        if each.chosen is None:
            yield f"the labels of {one.name} (NetworkPolicy {each.policy.namespace}/{each.policy.name} selects by them)"
        for rule, peer, port in each.rules:
            if peer is None and port is not False:
                for said in rule.peers or ():
                    if scene.admission.peer(said, each.policy.namespace, other) is None:
                        yield _fact(scene.cluster, said, other)
            elif port is None and peer is not False:
                server = one if rule.route[1] == "ingress" else other
                yield f"the names of the ports of {server.name} (the rule at {rule.place} names its port)"


def _fact(cluster: Cluster, peer: NetworkPeer, other: Endpoint) -> str:
    if peer.cidr:
        return (
            f"whether an ipBlock ({peer.cidr}) means pods on this network plugin (environment: cni.ipBlockMatchesPods)"
        )
    if peer.namespaces is not None and other.namespace not in cluster.namespaces:
        return f"the labels of the namespace {other.namespace}: no Namespace object was read"
    return f"all labels of {other.name}: no manifest shows its pods"
