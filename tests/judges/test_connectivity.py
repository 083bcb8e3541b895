"""The judge is network-config-analyzer: it reads the policies, we say what they should come to.

For Bank of Anthos the expectation is a table written by hand; for every example it is worked
out from the intent by code of these tests, which knows nothing of how policies are planned.
Both are compared for all pairs of a small cluster with strangers in it, exactly (protocols,
ports, methods, paths and hosts): at layer 3/4, at each end of it alone, at layer 7, and at both.
"""

from __future__ import annotations

import pytest

from tests.judges import analyzer, bank
from tests.judges.bundles import BANK, CONDITIONS, EXAMPLES, every_example, rendered
from tests.judges.topology import ELSEWHERE, build


def test_bank_of_anthos_is_its_table() -> None:
    (answer,) = analyzer.ask(bank.question(), [rendered(BANK).objects])
    assert answer == analyzer.Answer()


@every_example
def test_connectivity_is_what_the_intent_says(example: str) -> None:
    if reason := analyzer.unreadable(rendered(example)):
        pytest.skip(f"the analyzer is not asked: {reason}")
    (answer,) = analyzer.ask(analyzer.question(rendered(example)), [rendered(example).objects])
    assert answer == analyzer.Answer()


def test_conditions_that_the_analyzer_cannot_read_are_known() -> None:
    """It compares them as marks; which examples have them is written down, so that no more come unseen."""
    found = {example: analyzer.conditions(rendered(example).objects) for example in EXAMPLES}
    assert {example: keys for example, keys in found.items() if keys} == CONDITIONS


@every_example
def test_the_cluster_has_strangers_of_every_kind(example: str) -> None:
    """A judge who sees nobody but friends finds nothing."""
    bundle = rendered(example).bundle
    pods = build(bundle.intent, bundle.environment).pods
    owners = {(pod.namespace, pod.owner) for pod in pods}
    assert {(name, "stranger") for name in (*bundle.intent.namespaces, ELSEWHERE)} <= owners
    assert {"dns", "istiod", "gateway-nobody-named"} <= {owner for _, owner in owners}
    assert {f"gateway-{name}" for name in bundle.environment.gateways or ()} <= {owner for _, owner in owners}
    assert any(owner == "prometheus" for _, owner in owners) == (bundle.environment.prometheus is not None)
