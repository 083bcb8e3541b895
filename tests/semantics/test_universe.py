"""Selectors as operations on masks choose whom they match one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generator.manifests.network import LabelSelector, read_selector
from generator.semantics.universe import Facts, Universe
from generator.topology import Endpoint
from tests.judges.random_bundles import LABELS, labels, selector

UNHEARD_OF = {"key": "app", "operator": "Near", "values": ["web"]}


@given(
    st.lists(st.tuples(labels(LABELS), labels(LABELS), st.booleans()), max_size=8),
    selector(LABELS) | st.just({"matchExpressions": [UNHEARD_OF]}),
)
def test_masks_of_a_selector_hold_whom_it_matches(
    drawn: list[tuple[dict[str, str], dict[str, str], bool]], written: dict[str, object]
) -> None:
    everybody = [
        Endpoint(f"e{n}", "shop" if pod else "", own, of_space) for n, (own, of_space, pod) in enumerate(drawn)
    ]
    universe, wanted = Universe(everybody, Facts()), read_selector(written)
    pods = [(number, one) for number, one in enumerate(everybody) if one.is_pod]
    assert universe.labelled(wanted) == sum(1 << number for number, one in pods if wanted.matches(one.labels))
    chosen = sum(1 << number for number, one in pods if wanted.matches(one.namespace_labels))
    assert universe.in_namespaces(wanted) == chosen
    assert universe.labelled(LabelSelector()) == universe.in_namespace("shop") == universe.pods
