"""The judge must be able to fail: every policy of the bank, spoilt in one place at a time, is found out.

Spoiling is deleting: a document, a rule, a peer, a source, one entry of a list, one label of a
selector. Where a list would be left empty its field goes with it, which often widens the rule.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.judges import analyzer, bank
from tests.judges.bundles import BANK, CONDITIONS, Json, Object, rendered

pytestmark = pytest.mark.slow

CASES = {"NetworkPolicy": ("ingress", "egress"), "AuthorizationPolicy": ("mesh",)}
"""The kinds to spoil, and the layers at which it shows. What one end of a connection lets through
by mistake the other end still refuses, so that NetworkPolicies are judged at each end alone."""

_ISOLATED = "allow-dns, allow-istiod and allow-prometheus select every pod too, and so isolate it"
_NO_RULES = "it has no rules in that direction, and default-deny isolates the pods"
EQUIVALENT = {
    "default-deny": _ISOLATED,
    "default-deny: policyTypes.0": _ISOLATED,
    "default-deny: policyTypes.1": _ISOLATED,
    "allow-accounts-db: policyTypes.1": _NO_RULES,
    "allow-ledger-db: policyTypes.1": _NO_RULES,
    "allow-loadgenerator: policyTypes.0": _NO_RULES,
}
"""Mutants that mean the same as the original, with the reason."""

Step = str | int
Route = tuple[Step, ...]
ENOUGH = {"NetworkPolicy": 100, "AuthorizationPolicy": 80}
"""About how many places there are to spoil; a generator that finds few would prove little."""


def mutants(objects: Sequence[Object], kind: str) -> dict[str, list[Object]]:
    """Return the *objects* with one thing missing from one of a *kind*, by what is missing."""
    found: dict[str, list[Object]] = {}
    for index, whole in enumerate(objects):
        if whole["kind"] != kind:
            continue
        name = whole["metadata"]["name"]
        found[name] = [one for one in objects if one is not whole]
        for route in _routes(whole["spec"]):
            spoilt = copy.deepcopy(whole)
            _delete(spoilt["spec"], route)
            text = ".".join(map(str, route))
            found[f"{name}: {text}"] = [*objects[:index], spoilt, *objects[index + 1 :]]
    return found


def _routes(value: Json, route: Route = ()) -> Iterator[Route]:
    """Yield the way to every item of every list, and to every label of every selector."""
    if isinstance(value, dict):
        for key, below in value.items():
            if route[-1:] == ("matchLabels",):
                yield (*route, key)
            elif key != "policyTypes" or len(below) > 1:
                yield from _routes(below, (*route, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield (*route, index)
            # The key and the values of an expression mean nothing apart.
            yield from () if route[-1:] == ("matchExpressions",) else _routes(below, (*route, index))


def _delete(spec: Object, route: Route) -> None:
    """Delete what *route* leads to, and what is empty without it; an empty selector selects everything."""
    if route[0] == "policyTypes":
        spec.pop(str(spec["policyTypes"][route[1]]).lower(), None)
    holders: list[Any] = [spec]
    for step in route[:-1]:
        holders.append(holders[-1][step])
    for holder, step in zip(reversed(holders), reversed(route), strict=True):
        if str(step).endswith("Selector"):
            return
        del holder[step]
        if holder:
            return


def test_the_bank_is_right_before_it_is_spoilt() -> None:
    (answer,) = analyzer.ask(bank.question(), [rendered(BANK).objects])
    assert answer == analyzer.Answer()


@pytest.mark.parametrize("kind", CASES)
def test_every_spoilt_policy_is_found_out(kind: str) -> None:
    whole = bank.question()
    variants = mutants(rendered(BANK).objects, kind)
    assert len(variants) >= ENOUGH[kind]
    layers = {name: whole.layers[name] for name in CASES[kind]}
    asked = analyzer.Question(whole.topology, layers, whole.environment)
    answers = dict(zip(variants, analyzer.ask(asked, variants.values()), strict=True))
    assert {name: one.failed for name, one in answers.items() if one.failed} == {}
    survivors = {name for name, one in answers.items() if not one.differences}
    assert survivors == {name for name in EQUIVALENT if kind == "NetworkPolicy"}


@pytest.mark.parametrize("example", CONDITIONS)
def test_every_lost_condition_is_found_out(example: str) -> None:
    """Conditions are judged as marks: the judge must miss one that is gone, and see one that changed."""
    if rendered(example).is_ambient:
        pytest.skip("the analyzer knows neither HBONE nor waypoints")
    whole, objects = analyzer.question(rendered(example)), rendered(example).objects
    asked = analyzer.Question(whole.topology, {"mesh": whole.layers["mesh"]}, whole.environment)
    variants = dict(_without_conditions(objects))
    assert variants
    answers = dict(zip(variants, analyzer.ask(asked, variants.values()), strict=True))
    assert {name for name, one in answers.items() if one.failed or not one.differences} == set()


def _without_conditions(objects: Sequence[Object]) -> Iterator[tuple[str, list[Object]]]:
    """Yield the *objects* with one condition less, and with one value changed."""
    for name, variant in mutants(objects, "AuthorizationPolicy").items():
        if name.rpartition(".")[0].endswith("when"):
            yield name, variant
    for index, whole in enumerate(objects):
        for number, rule in enumerate(whole["spec"].get("rules", ()) if "spec" in whole else ()):
            for position in range(len(rule.get("when", ()))):
                spoilt = copy.deepcopy(whole)
                spoilt["spec"]["rules"][number]["when"][position]["values"] = ["something-else"]
                name = f"{whole['metadata']['name']}: rules.{number}.when.{position} changed"
                yield name, [*objects[:index], spoilt, *objects[index + 1 :]]
