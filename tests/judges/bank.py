"""The connections of Bank of Anthos as its edge table tells them: nothing here reads an intent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from tests.judges.analyzer import Question
from tests.judges.bundles import BANK, Json, rendered
from tests.judges.grants import ALL, EVERYTHING, TCP, Grant, Grants, meet
from tests.judges.topology import Endpoint, Pod, Topology, build

TABLE: Json = yaml.safe_load(Path(__file__).with_name("bank-of-anthos.edges.yaml").read_text("utf-8"))
NAMESPACE: str = TABLE["namespace"]
LOOKALIKES = ("looks-like-", "runs-as-")


def question() -> Question:
    """Return the question whether the bank's policies allow what the table says at each layer, and no more."""
    bundle = rendered(BANK).bundle
    whole = build(bundle.intent, bundle.environment)
    # The table goes by name; pods that only one layer takes for another are judged with the intent.
    topology = replace(whole, pods=tuple(pod for pod in whole.pods if not pod.owner.startswith(LOOKALIKES)))
    rows = [*TABLE["edges"], *TABLE["plumbing"]]
    pairs = _pairs(topology)
    allowed = {pair: _allowed(pair, rows, reads_requests=False) for pair in pairs}
    ingress = {pair: allowed[pair] if _is_ours(pair[1]) else EVERYTHING for pair in pairs}
    egress = {pair: allowed[pair] if _is_ours(pair[0]) else EVERYTHING for pair in pairs}
    network = {pair: meet(egress[pair], ingress[pair]) for pair in pairs}
    mesh = {pair: _requests(pair) for pair in pairs if _is_ours(pair[1])}
    both = {pair: meet(grants, network[pair]) for pair, grants in mesh.items()}
    layers = {"network": network, "ingress": ingress, "egress": egress, "mesh": mesh, "both": both}
    return Question(topology, layers, bundle.environment)


def _pairs(topology: Topology) -> list[tuple[Endpoint, Endpoint]]:
    endpoints = topology.endpoints
    pairs = [(source, target) for source in endpoints for target in endpoints if source != target]
    return [(source, target) for source, target in pairs if isinstance(source, Pod) or isinstance(target, Pod)]


def _requests(pair: tuple[Endpoint, Endpoint]) -> Grants:
    return frozenset({Grant(ALL - TCP)}) | _allowed(pair, TABLE["edges"], reads_requests=True)


def _is_ours(endpoint: Endpoint) -> bool:
    return isinstance(endpoint, Pod) and endpoint.namespace == NAMESPACE


def _allowed(pair: tuple[Endpoint, Endpoint], rows: Json, *, reads_requests: bool) -> Grants:
    source, target = pair
    return frozenset(
        _grant(row, reads_requests=reads_requests)
        for row in rows
        if _is_named(source, row["clients"]) and _is_named(target, row["server"])
    )


def _grant(row: Json, *, reads_requests: bool) -> Grant:
    ports = Grant(frozenset(row.get("protocols", TCP)), (row["port"], row["port"]))
    methods, paths, hosts = (tuple(row[key]) if key in row else None for key in ("methods", "paths", "hosts"))
    return replace(ports, methods=methods, paths=paths, hosts=hosts) if reads_requests else ports


def _is_named(endpoint: Endpoint, names: str | list[str]) -> bool:
    if not isinstance(endpoint, Pod):
        return False
    if names == "every pod":
        return endpoint.namespace == NAMESPACE
    listed = [names] if isinstance(names, str) else names
    return (endpoint.namespace, endpoint.owner) in [_place(name) for name in listed]


def _place(name: str) -> tuple[str, str]:
    namespace, _, owner = name.rpartition("/")
    return namespace or NAMESPACE, owner
