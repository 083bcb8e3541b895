"""netpol-analyzer about the bundles: who gets through each end of a connection, and through both.

What the copy that it reads changes: ranges of IPv6 are left out, since it refuses them, and no
address of IPv6 is asked about. What a bundle lets through is compared at every port around
those that the intent names, in every transport, for each pair of a small cluster with strangers in it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from generator.algebra.ternary import members
from generator.topology import Point
from tests.judges.analyzer import ENDS, one_end
from tests.judges.analyzer import Question as Expected
from tests.judges.bundles import Object, Rendered
from tests.judges.grants import by_target
from tests.judges.limits import is_network
from tests.judges.questions import NETWORK, Asked, Question
from tests.judges.readers.netpol_analyzer import NetpolAnalyzer
from tests.judges.topology import Address, Endpoint, Pod

TRANSPORTS = ("TCP", "UDP", "SCTP")
LAYERS = ("network", *ENDS)
PORTS = {1, 9999, 65535}
"""Ports that are asked about whatever the intent says."""


def unreadable(example: Rendered) -> str:
    """Return why nobody is asked about *example*; empty if somebody is."""
    intent = example.bundle.intent
    has_waypoints = any(one.waypoint for one in intent.workloads.values())
    return "the cluster that is asked about has no waypoints" if has_waypoints else ""


def differences(expected: Expected, objects: Sequence[Object], command: str) -> tuple[int, list[str]]:
    """Return how many decisions *command* was asked for about *objects*, and where it differs from the intent."""
    asked = _asked(expected)
    decisions, found = 0, []
    for layer in LAYERS:
        ours = _intended(expected, layer, asked)
        theirs = _answers(expected, objects, command, layer, asked)
        known = {server: _known(expected, asked, server) for server in asked.clients}
        for question, their, our in zip(asked.questions, theirs, ours, strict=True):
            decisions += known[question.server].bit_count()
            for number in members((our ^ their) & known[question.server]):
                word = "it lets through what was not intended" if their >> number & 1 else "it blocks what was intended"
                found.append(f"{layer}: {asked.clients[number]} -> {question.server}:{question.point}: {word}")
    return decisions, found


def _answers(expected: Expected, objects: Iterable[Object], command: str, layer: str, asked: Asked) -> list[int]:
    policies = [one for one in objects if is_network(one)]
    shown = [_without_six(one) for one in (one_end(policies, ENDS[layer]) if layer in ENDS else policies)]
    with tempfile.TemporaryDirectory() as folder:
        return NetpolAnalyzer(Path(folder), command).answers([*_cluster(expected), *shown], asked)


def _asked(expected: Expected) -> Asked:
    grants = {one for layer in LAYERS for granted in expected.layers[layer].values() for one in granted}
    edges = {number + step for one in grants for number in one.ports for step in (-1, 0, 1)}
    points = [Point(one, number) for one in TRANSPORTS for number in sorted(edges | PORTS) if 0 < number <= 65535]
    names = tuple(map(_name, _endpoints(expected)))
    return Asked(names, tuple(Question(NETWORK, server, point) for server in names for point in points))


def _endpoints(expected: Expected) -> list[Endpoint]:
    """Return everybody once, and workloads twice: pods of one workload may talk to each other."""
    return [one for one in expected.topology.endpoints if isinstance(one, Address) or one.replica == 1 or one.workload]


def _name(one: Endpoint) -> str:
    return one.name if isinstance(one, Pod) else one.name.partition("/")[0]


def _known(expected: Expected, asked: Asked, server: str) -> int:
    """Return the clients that are asked about: not the server itself, no address about another, none of IPv6."""
    names = {_name(one) for one in _endpoints(expected) if isinstance(one, Pod) or "/" in server}
    return 0 if ":" in server else asked.mask({one for one in names - {server} if ":" not in one})


def _intended(expected: Expected, layer: str, asked: Asked) -> list[int]:
    """Return whom the intent lets through, for each question."""
    masks: dict[tuple[str, Point], int] = {}
    points = {one.point for one in asked.questions}
    for (target, grants), sources in by_target(expected.layers[layer]).items():
        clients = asked.mask(set(map(_name, sources)))
        for point in points:
            if any(point.transport in one.protocols and one.ports[0] <= point.number <= one.ports[1] for one in grants):
                masks[_name(target), point] = masks.get((_name(target), point), 0) | clients
    return [masks.get((one.server, one.point), 0) for one in asked.questions]


def _cluster(expected: Expected) -> Iterator[Object]:
    """Yield the namespaces, and each pod by itself, under the name that the questions use."""
    yield from (one for one in expected.topology.documents() if one["kind"] == "Namespace")
    for pod in _endpoints(expected):
        if isinstance(pod, Address):
            continue
        name = pod.name.partition("/")[2]
        metadata = {"name": name, "namespace": pod.namespace, "labels": dict(pod.labels)}
        spec = {"containers": [{"name": "main", "image": "example.com/main"}]}
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _without_six(policy: Object) -> Object:
    """Return *policy* without ranges of IPv6; a rule that had no other peers goes with them."""
    spec = dict(policy["spec"])
    for section, peers in (("ingress", "from"), ("egress", "to")):
        if section in spec:
            rules = [_rule(one, peers) for one in spec[section]]
            spec[section] = [
                new for old, new in zip(spec[section], rules, strict=True) if new.get(peers, True) or not old[peers]
            ]
    return {**policy, "spec": spec}


def _rule(rule: dict[str, Any], peers: str) -> dict[str, Any]:
    if peers not in rule:
        return rule
    return {**rule, peers: [one for one in rule[peers] if ":" not in (one.get("ipBlock") or {}).get("cidr", "")]}
