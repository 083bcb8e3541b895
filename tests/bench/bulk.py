"""Very many tenants in one call: meshgen, its peers, and a naive render."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.bench.clock import MESHGEN, Cost, Fresh, medians, run
from tests.bench.equal import must_be_equal, only_of
from tests.bench.kubeconform import validate
from tests.bench.peers.peer import Peer
from tests.bench.results import Plan
from tests.bench.tenants import Documents, values, write_documents, write_profiles


def bulk(
    plan: Plan, fresh: Fresh, peers: Sequence[Peer], kept: Path, wanted: Documents, single: Mapping[str, Cost]
) -> tuple[dict[str, Cost], dict[str, int]]:
    """Time one call for many tenants; who is slow gets fewer, and the time is scaled up.

    Args:
        plan: how many.
        fresh: folders for the output.
        peers: those who are installed.
        kept: where the bundle of all tenants lies already.
        wanted: its documents.
        single: what one tenant costs everybody; most of that is starting up, which is not scaled.

    Returns:
        The costs, and the number of tenants where that was scaled up.

    Raises:
        Unequal: a peer makes other documents than meshgen.
    """
    profiles = fresh.work / "tenants"
    few = write_profiles(fresh.work / "few", plan.naive_tenants)
    unlike = write_profiles(fresh.work / "unlike", plan.tenants, are_alike=False)
    cache = {"XDG_CACHE_HOME": str(fresh.work / "cache")}
    render = [*MESHGEN, "render", str(profiles), "-o"]
    naive = [sys.executable, "-m", "tests.bench.naive", str(few)]
    commands: dict[str, Callable[[], Cost]] = {
        "render": lambda: run([*render, str(fresh())], **cache),
        "unlike": lambda: run([*MESHGEN, "render", str(unlike), "-o", str(fresh())], **cache),
        "check": lambda: run([*render, str(kept), "--check"], **cache),
        "naive": lambda: run([*naive, str(fresh())]),
        "naive plan": lambda: run([*naive, "-"]),
    }
    scaled = {"naive": plan.naive_tenants}
    for peer in peers:
        count = plan.slow_tenants if peer.is_slow else plan.tenants
        given = [values(number, profiles.name) for number in range(count)]
        commands[peer.name] = must_be_equal(peer, given, only_of(wanted, given), fresh)
        if count < plan.tenants:
            scaled[peer.name] = count
    commands |= validate(fresh, write_documents(fresh.work / "foreign", wanted))
    costs = medians(plan.bulk_rounds, commands)
    costs["naive"] = costs["naive"] - costs.pop("naive plan")
    for name, count in scaled.items():
        costs[name] = scaled_up(costs[name], count, plan.tenants, single.get(name))
    return costs, scaled


def scaled_up(cost: Cost, count: int, tenants: int, single: Cost | None) -> Cost:
    """Return what so many *tenants* cost whom *count* of them cost so much, and one alone *single*.

    None is what did not have to start up: then *cost* is the work alone.
    """
    if single is None:
        return cost.scaled(tenants / count)
    return single + (cost - single).scaled((tenants - 1) / (count - 1))
