"""PeerAuthentication: every combination of scopes and modes, and what istiod does with competing policies."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from generator.core.places import Document
from generator.manifests.objects import Manifest
from generator.manifests.security import PeerAuthentication, read_peer_authentication
from generator.semantics.mtls import MutualTls
from generator.topology import Endpoint

SERVER = Endpoint("shop/db", "shop", {"app": "db"}, mesh="sidecar")
MODES = (None, "UNSET", "PERMISSIVE", "STRICT", "DISABLE")


def policy(namespace: str, spec: dict[str, Any], name: str = "default", created: str = "") -> PeerAuthentication:
    metadata = {"name": name, "namespace": namespace, **({"creationTimestamp": created} if created else {})}
    data = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": metadata, "spec": spec}
    return read_peer_authentication(Manifest(Document(data, "test", {}, {}), (), data))


@pytest.mark.parametrize(("mesh", "namespace", "workload", "port"), list(itertools.product(MODES, repeat=4)))
def test_the_most_specific_mode_that_is_set_wins(
    mesh: str | None, namespace: str | None, workload: str | None, port: str | None
) -> None:
    """istio 1.30.3 policy_applier.go, ComposePeerAuthentication: port > workload > namespace > mesh > PERMISSIVE."""
    policies = []
    if mesh:
        policies.append(policy("istio-system", {"mtls": {"mode": mesh}}))
    if namespace:
        policies.append(policy("shop", {"mtls": {"mode": namespace}}))
    if workload or port:
        spec: dict[str, Any] = {"selector": {"matchLabels": {"app": "db"}}}
        if workload:
            spec["mtls"] = {"mode": workload}
        if port:
            spec["portLevelMtls"] = {"5432": {"mode": port}}
        policies.append(policy("shop", spec, "db"))
    stated = [mode for mode in (port, workload, namespace, mesh) if mode not in (None, "UNSET")]
    assert MutualTls(policies, "istio-system").mode(SERVER, 5432) == (stated[0] if stated else "PERMISSIVE")
    others = [mode for mode in (workload, namespace, mesh) if mode not in (None, "UNSET")]
    assert MutualTls(policies, "istio-system").mode(SERVER, 9187) == (others[0] if others else "PERMISSIVE")


def test_a_selector_in_the_root_namespace_is_ignored() -> None:
    strict = policy("istio-system", {"selector": {"matchLabels": {"app": "db"}}, "mtls": {"mode": "STRICT"}})
    assert MutualTls([strict], "istio-system").mode(SERVER, 5432) == "PERMISSIVE"


def test_another_namespace_and_other_labels_do_not_matter() -> None:
    policies = [
        policy("pay", {"mtls": {"mode": "STRICT"}}),
        policy("shop", {"selector": {"matchLabels": {"app": "web"}}, "mtls": {"mode": "STRICT"}}, "web"),
    ]
    assert MutualTls(policies, "istio-system").mode(SERVER, 5432) == "PERMISSIVE"


def test_of_two_the_oldest_wins_and_ties_go_by_name() -> None:
    older = policy("shop", {"mtls": {"mode": "PERMISSIVE"}}, "z", "2026-01-01T00:00:00Z")
    newer = policy("shop", {"mtls": {"mode": "STRICT"}}, "a", "2026-01-02T00:00:00Z")
    assert MutualTls([newer, older], "istio-system").mode(SERVER, 80) == "PERMISSIVE"
    same_age = policy("shop", {"mtls": {"mode": "STRICT"}}, "a", "2026-01-01T00:00:00Z")
    assert MutualTls([older, same_age], "istio-system").mode(SERVER, 80) == "STRICT"


def test_without_timestamps_nobody_can_say() -> None:
    first = policy("shop", {"mtls": {"mode": "PERMISSIVE"}}, "a")
    second = policy("shop", {"mtls": {"mode": "STRICT"}}, "b")
    assert MutualTls([first, second], "istio-system").mode(SERVER, 80) is None
    assert MutualTls([first, first], "istio-system").mode(SERVER, 80) == "PERMISSIVE"
