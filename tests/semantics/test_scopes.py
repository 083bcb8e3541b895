"""Policies by namespace: exactly those that a look at each single one finds, in the order they were given."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from generator.manifests.security import Scope
from generator.semantics.scopes import Scopes
from generator.topology import Endpoint

_NAMESPACES = st.sampled_from(["istio-system", "shop", "bank"])
_LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["web", "db"]))


@dataclass(frozen=True)
class _Policy:
    scope: Scope


_POLICIES = st.lists(st.builds(Scope, _NAMESPACES, _LABELS, st.just(False)).map(_Policy), max_size=8)


@given(_POLICIES, _NAMESPACES, _LABELS)
def test_what_speaks_for_a_workload(policies: list[_Policy], namespace: str, labels: dict[str, str]) -> None:
    server = Endpoint("web", namespace, labels)
    expected = [
        one
        for one in policies
        if one.scope.namespace in (namespace, "istio-system") and one.scope.labels.items() <= labels.items()
    ]
    found = Scopes(policies, "istio-system").of(server)
    assert [id(one) for one in found] == [id(one) for one in expected]
