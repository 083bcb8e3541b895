"""The rules behind an edge come from another engine than the edge: both must say the same of every pair."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.algebra.ternary import members
from generator.questions.material import Asked, read_material
from generator.semantics.cluster import Cluster
from generator.semantics.graph import Graph
from generator.semantics.graph_rules import RulesBehind
from generator.semantics.reasons import EGRESS, INGRESS, Verdict, all_of
from tests.support import ROOT

MANIFESTS = (
    *sorted((ROOT / "tests" / "why").glob("*/*.yaml")),
    *sorted((ROOT / "tests" / "diff").glob("*/new.yaml")),
    *sorted((ROOT / "profiles").glob("*/examples/*.yaml")),
)


def graph_of(path: Path) -> Graph:
    one = read_material([str(path)], Asked())
    return Graph(Cluster(one.documents, one.environment, one.endpoints))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_rules_say_what_the_edge_says(path: Path) -> None:
    graph = graph_of(path)
    behind = RulesBehind(graph)
    for edge in graph.edges:
        rules = behind.rules(edge)
        ends = {graph.endpoints[one].name for one in members(edge.client_classes | edge.server_classes)}
        if ends - graph.shown and any(one.verdict is Verdict.UNKNOWN for one in rules):
            continue  # of pods that policies alone speak of, masks know no labels but those that are asked for
        network = all_of(one.verdict for one in rules if one.kind in (EGRESS, INGRESS))
        assert network is edge.network, (edge, rules)
        assert all_of(one.verdict for one in rules) is edge.verdict, (edge, rules)
        for one in rules:
            assert one.verdict is not Verdict.NO
            assert one.reasons, (edge, one)
            assert bool(one.missing) is (one.verdict is Verdict.UNKNOWN), (edge, one)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_matrix_holds_every_pair_of_every_edge_once(path: Path) -> None:
    graph = graph_of(path)
    for parties, masks in (
        (graph.clients(), [one.client_classes for one in graph.edges]),
        (graph.servers(), [one.server_classes for one in graph.edges]),
    ):
        seen = [number for one in parties for number in members(one.classes)]
        assert len(seen) == len(set(seen))
        assert {number for mask in masks for number in members(mask)} <= set(seen)
        for mask in masks:  # an edge holds all of a row or nothing of it, so a cell says the truth of everybody in it
            assert all(one.classes & mask in (0, one.classes) for one in parties if not one.is_own)
