"""Questions about a random cluster, and what meshgen's own semantics answer.

A question names a server, a port and perhaps a request; its answer is who gets through, as a
mask over the clients. Three ways lead to our answers, one for each kind of verb, and all
have to agree with whoever judges: `verify` takes every endpoint and every port by itself,
`diff` and `graph` look at one of each class, `why` at one pair at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from generator.algebra.patterns import matches
from generator.algebra.ternary import Ternary
from generator.core.yaml_quick import read_quickly
from generator.environment.load import load_environment
from generator.environment.model import Environment
from generator.semantics.classes import alike, port_classes, refine, representatives
from generator.semantics.cluster import Cluster
from generator.semantics.effect import Effect
from generator.semantics.explain import Asked as AskedRequest
from generator.semantics.explain import explain
from generator.semantics.network import NetworkReach
from generator.semantics.reasons import Verdict
from generator.semantics.requests import HOST, METHOD, PATH, Request, patterns_of, requests_of
from generator.semantics.union import unite
from generator.topology import Endpoint, Point
from tests.judges.random_bundles import ADDRESSES, HOSTS, METHODS, PATHS, PORTS, ROOT, TRUST_DOMAIN

Object = dict[str, Any]
NETWORK, MESH = "network", "mesh"
_NEIGHBOURS = sorted(
    {number for port in (*PORTS, 79, 81) for number in (port - 1, port, port + 1)} & set(range(1, 65536))
)
_FIELDS = {METHOD: ("methods", METHODS), PATH: ("paths", PATHS), HOST: ("hosts", HOSTS)}


@dataclass(frozen=True, slots=True)
class Question:
    """Who reaches *server* at *point*, as far as one layer decides it?"""

    layer: str
    server: str
    point: Point
    request: Request | None = None

    def __str__(self) -> str:
        return f"{self.layer}: {self.server}:{self.point}{f' {self.request}' if self.request else ''}"


@dataclass(frozen=True, slots=True)
class Asked:
    """All questions about one cluster; client *n* is element *n* of every answer."""

    clients: tuple[str, ...]
    questions: tuple[Question, ...]

    @property
    def pods(self) -> int:
        """The clients that are pods."""
        return self.mask({name for name in self.clients if "/" in name})

    def mask(self, names: set[str]) -> int:
        """Return the clients among *names*."""
        return sum(1 << number for number, name in enumerate(self.clients) if name in names)


def questions(objects: Sequence[Object]) -> Asked:
    """Return what there is to ask about *objects*: every pair, the ports around those of the pool, its requests."""
    pods = tuple(f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in objects if one["kind"] == "Pod")
    clients = (*pods, *ADDRESSES)
    points = [Point("TCP", number) for number in _NEIGHBOURS]
    points += [Point(transport, number) for transport in ("UDP", "SCTP") for number in PORTS]
    network = [Question(NETWORK, server, point) for server in clients for point in points]
    at_proxies = [*(Point("TCP", number) for number in (*PORTS, 81)), Point("UDP", 53)]
    requests = list(_requests(objects))
    mesh = [Question(MESH, server, point, one) for server in pods for point in at_proxies for one in requests]
    return Asked(clients, (*network, *mesh))


def _requests(objects: Sequence[Object]) -> Iterator[Request]:
    """Yield requests that differ in what the policies speak of."""
    text = repr([one["spec"] for one in objects if one["kind"] == "AuthorizationPolicy"]).lower()
    choices = [
        [(dimension, value) for value in (pool if field in text else pool[:1])]
        for dimension, (field, pool) in _FIELDS.items()
    ]
    yield from (Request(tuple(sorted(chosen))) for chosen in product(*choices))


@cache
def environment() -> Environment:
    """Return a cluster as judges take it: an ipBlock means no pods, and the names of the mesh are theirs."""
    generic = load_environment("generic", Path())
    istio = replace(generic.istio, root_namespace=ROOT, trust_domain=TRUST_DOMAIN)
    return replace(generic, istio=istio, cni=replace(generic.cni, ip_block_matches_pods=False))


Answers = list[Ternary]


def our_answers(text: str, asked: Asked) -> dict[str, Answers]:
    """Return the answers of each way to read the YAML *text*."""
    documents, findings = read_quickly(text, "bundle.yaml")
    assert not findings, findings
    outside = [Endpoint(name, address=name) for name in ADDRESSES]
    cluster = Cluster(documents, environment(), outside)
    return {
        "verify": _one_by_one(cluster, asked),
        "diff": _by_class(cluster, asked),
        "why": _pair_by_pair(cluster, asked),
    }


def _one_by_one(cluster: Cluster, asked: Asked) -> Answers:
    universe, number_of = cluster.universe, cluster.index()
    points = list(dict.fromkeys(one.point for one in asked.questions))
    network, authorization = NetworkReach(cluster.bundle.network_policies, universe, points), cluster.authorization
    clients = [number_of[name] for name in asked.clients]

    def reached(server: int, position: int) -> Ternary:
        into = network.admitted(server, "Ingress")[position]
        sure = possible = 0
        for bit, client in enumerate(clients):
            out = network.admitted(client, "Egress")[position]
            sure |= (into.sure >> client & out.sure >> server & 1) << bit
            possible |= (into.possible >> client & out.possible >> server & 1) << bit
        return Ternary(sure, possible)

    known: dict[object, Ternary] = {}
    found, place = [], {point: number for number, point in enumerate(points)}
    for one in asked.questions:
        server = number_of[one.server]
        if one.layer == NETWORK:
            found.append(reached(server, place[one.point]))
            continue
        key = (server, authorization.class_of(server, one.point), one.request)
        if key not in known:
            known[key] = _seen(authorization.admitted(server, one.point, one.request), clients)
        found.append(known[key])
    return found


def _seen(verdict: Ternary, clients: Sequence[int]) -> Ternary:
    """Return *verdict* over the clients that are asked about."""
    sure = sum(1 << bit for bit, number in enumerate(clients) if verdict.sure >> number & 1)
    return Ternary(sure, sum(1 << bit for bit, number in enumerate(clients) if verdict.possible >> number & 1))


def _by_class(cluster: Cluster, asked: Asked) -> Answers:
    """Ask about one endpoint, one port and one request of each class alone."""
    classes = port_classes([cluster])
    points, union = tuple(classes), unite(cluster, cluster)
    side, everybody = union.new, union.new.endpoints
    whole = Effect(cluster, everybody, points, union.shown, side.namespaces)
    blocks = refine((1 << len(everybody)) - 1, [*whole.told_apart(), *alike(everybody)])
    effect = Effect(cluster, representatives(blocks, everybody), points, union.shown, side.namespaces)
    class_of = {one.name: n for n, block in enumerate(blocks) for one in _of(everybody, block)}
    clients = [class_of[name] for name in asked.clients]
    position = {
        point: n for n, (first, all_of_it) in enumerate(classes.items()) for point in _all(asked, first, all_of_it)
    }
    requests = _Requests(effect)

    @cache
    def verdict(layer: str, server: int, position: int, request: Request | None) -> Ternary:
        if layer == NETWORK:
            return _seen(effect.ingress(server, position) & effect.egress(server, position), clients)
        return _seen(effect.admitted(server, points[position], request), clients)

    found = []
    for one in asked.questions:
        server = class_of[one.server]
        request = requests.like(server, one.request) if one.request else None
        found.append(verdict(one.layer, server, position[one.point], request))
    return found


def _of(everybody: Sequence[Endpoint], block: int) -> Iterator[Endpoint]:
    return (one for number, one in enumerate(everybody) if block >> number & 1)


def _all(asked: Asked, first: Point, numbers: Any) -> Iterator[Point]:
    points = {one.point for one in asked.questions}
    return (point for point in points if point.transport == first.transport and point.number in numbers)


class _Requests:
    """The one request of each class that stands for all that no policy tells apart."""

    def __init__(self, effect: Effect) -> None:
        self._effect = effect
        self._known: dict[int, tuple[dict[str, set[str]], dict[object, Request]]] = {}

    def like(self, server: int, request: Request) -> Request:
        """Return the request that stands for *request* at *server*.

        Raises:
            KeyError: nothing does; then something was overlooked.
        """
        if server not in self._known:
            patterns = patterns_of(self._effect.mesh.policies(server))
            by_class = {self._class_of(patterns, one): one for one in requests_of(patterns)}
            self._known[server] = (patterns, by_class)
        patterns, by_class = self._known[server]
        return by_class[self._class_of(patterns, request)]

    @staticmethod
    def _class_of(patterns: Mapping[str, set[str]], request: Request) -> object:
        pairs = ((dimension, one) for dimension in sorted(patterns) for one in sorted(patterns[dimension]))
        return tuple(matches(pattern, request.get(dimension) or "") for dimension, pattern in pairs)


_VERDICTS = {True: Ternary(1, 1), False: Ternary(), None: Ternary(0, 1)}


def _pair_by_pair(cluster: Cluster, asked: Asked) -> Answers:
    """Ask `why` about NetworkPolicies for every pair; for requests, see `whole_answers`."""
    known = {one.name: one for one in cluster.endpoints}
    admits = cluster.admission.admits

    def reached(server: str, point: Point) -> Ternary:
        found = Ternary()
        for bit, client in enumerate(asked.clients):
            into = _way(known[server], "Ingress", known[client], point, admits)
            verdict = into & _way(known[client], "Egress", known[server], point, admits)
            found |= Ternary(verdict.sure << bit, verdict.possible << bit)
        return found

    return [reached(one.server, one.point) for one in asked.questions if one.layer == NETWORK]


def _way(one: Endpoint, direction: str, other: Endpoint, point: Point, admits: Callable[..., bool | None]) -> Ternary:
    """Addresses have no policies of their own."""
    return _VERDICTS[admits(one, direction, other, point)] if one.is_pod else _VERDICTS[True]


def whole_answers(text: str, asked: Asked, chosen: Sequence[tuple[Question, int]]) -> list[Ternary]:
    """Return what `why` says in the end, of each of the *chosen* questions about a request and its client."""
    documents, _ = read_quickly(text, "bundle.yaml")
    cluster = Cluster(documents, environment())
    found = []
    for one, client in chosen:
        request = one.request or Request(())
        wanted = AskedRequest(request.get(METHOD), request.get(PATH), {"host": request.get(HOST) or ""})
        told = explain(cluster, asked.clients[client], f"{one.server}:{one.point}", wanted)
        found.append(_WORDS[told.verdict])
    return found


_WORDS = {Verdict.YES: _VERDICTS[True], Verdict.NO: _VERDICTS[False], Verdict.UNKNOWN: _VERDICTS[None]}
