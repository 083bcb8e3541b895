"""One bundle, one process: what starting up costs, for meshgen and for its peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.bench.clock import BARE, MESHGEN, Cost, Fresh, medians, run
from tests.bench.equal import must_be_equal
from tests.bench.peers.peer import Peer
from tests.bench.results import Plan
from tests.bench.tenants import read_documents, values, write_profiles


def cold(plan: Plan, fresh: Fresh, peers: Sequence[Peer]) -> dict[str, Cost]:
    """Time single commands beside the bare interpreter.

    Raises:
        Unequal: a peer makes other documents than meshgen.
    """
    cache = {"XDG_CACHE_HOME": str(fresh.work / "cache")}
    profile = write_profiles(fresh.work / "one", 1) / "tenant-00000.yaml"
    kept = fresh()
    render = [*MESHGEN, "render", str(profile), "-o"]
    run([*render, str(kept)], **cache)
    commands: dict[str, Callable[[], Cost]] = {
        "bare": lambda: run(BARE),
        "version": lambda: run([*MESHGEN, "--version"]),
        "help": lambda: run([*MESHGEN, "--help"]),
        "render": lambda: run([*render, str(fresh())], **cache),
        "unchanged": lambda: run([*render, str(kept)], **cache),
        "first": lambda: run([*render, str(fresh())], XDG_CACHE_HOME=str(fresh())),
    }
    wanted, given = read_documents(kept), [values(0, "tenant-00000")]
    for peer in peers:
        commands[peer.name] = must_be_equal(peer, given, wanted, fresh)
    return medians(plan.cold_rounds, commands)
