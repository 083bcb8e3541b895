"""PeerAuthentication: every combination of scopes and modes, and what istiod does with competing policies."""

from __future__ import annotations

import pytest

from generator.semantics.mtls import MutualTls
from tests.semantics.precedence import COMBINATIONS, PORT, ROOT, TABLE, policies, policy, server, table, ztunnel

SERVER = server("sidecar")
_Combination = tuple[str | None, str | None, str | None, str | None]


def test_the_table_is_what_it_says() -> None:
    assert table() == TABLE.read_text("utf-8"), "python -m tests.refresh renews it; review the difference"


@pytest.mark.parametrize("modes", COMBINATIONS)
def test_the_most_specific_mode_that_is_set_wins_at_a_sidecar(modes: _Combination) -> None:
    """istio 1.30.3 policy_applier.go, ComposePeerAuthentication: port > workload > namespace > mesh > PERMISSIVE."""
    mesh, namespace, workload, port = modes
    stated = [mode for mode in (port, workload, namespace, mesh) if mode not in (None, "UNSET")]
    about = MutualTls(policies(*modes), ROOT)
    assert about.mode(SERVER, PORT) == (stated[0] if stated else "PERMISSIVE")
    others = [mode for mode in (workload, namespace, mesh) if mode not in (None, "UNSET")]
    assert about.mode(SERVER, 9187) == (others[0] if others else "PERMISSIVE")


@pytest.mark.parametrize("modes", COMBINATIONS)
def test_ambient_is_what_istiod_makes_of_it_for_ztunnel(modes: _Combination) -> None:
    """Where one half of istiod attaches a policy that the other half does not make, nobody can tell."""
    mode = MutualTls(policies(*modes), ROOT).mode(server("ambient"), PORT)
    refuses = ztunnel(*modes)
    if refuses is None:
        assert mode == (None if modes[3] == "STRICT" else "PERMISSIVE")
    else:
        assert mode == ("STRICT" if refuses else "PERMISSIVE")


def test_in_ambient_a_plaintext_port_counts_only_beside_a_mode_or_another_that_is_permissive() -> None:
    """istio 1.30.3 ambient/authorization.go, the branch for a workload without a mode."""
    strict = policy("shop", {"mtls": {"mode": "STRICT"}})
    ports = {"5432": {"mode": "DISABLE"}, "9187": {"mode": "PERMISSIVE"}}
    chosen = {"selector": {"matchLabels": {"app": "db"}}, "portLevelMtls": ports}
    about = MutualTls([strict, policy("shop", chosen, "db")], ROOT)
    assert [about.mode(server("ambient"), port) for port in (5432, 9187, 80)] == ["PERMISSIVE", "PERMISSIVE", "STRICT"]


def test_in_ambient_a_namespace_without_a_mode_stands_between_the_mesh_and_other_ports() -> None:
    """istiod attaches a policy for the exception there and never makes it: of other ports nobody can tell."""
    mesh = policy(ROOT, {"mtls": {"mode": "STRICT"}})
    chosen = {"selector": {"matchLabels": {"app": "db"}}, "portLevelMtls": {"9187": {"mode": "PERMISSIVE"}}}
    policies = [mesh, policy("shop", chosen, "db")]
    about, between = (
        MutualTls(policies, ROOT),
        MutualTls([*policies, policy("shop", {"mtls": {"mode": "UNSET"}})], ROOT),
    )
    assert [about.mode(server("ambient"), port) for port in (9187, 80)] == ["PERMISSIVE", "STRICT"]
    assert [between.mode(server("ambient"), port) for port in (9187, 80)] == ["PERMISSIVE", None]


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
