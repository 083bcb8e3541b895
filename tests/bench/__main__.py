"""How fast meshgen is, in ratios within one run: `make bench`, or `python -m tests.bench [--quick]`.

Every round runs each command once, so that a busy machine slows all of them alike, and the tables
show medians. Goals are met or missed and nothing fails by that; a peer that does not make the same
documents as meshgen does fail, as its time would mean nothing.

A full run keeps what it found in `tests/bench/results.json` and renews the tables in README.md and
docs/speed.md; a quick one only prints.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import page, results
from tests.bench.analysis import cluster
from tests.bench.bulk import bulk
from tests.bench.clock import MESHGEN, Failed, Fresh, run
from tests.bench.cold import cold
from tests.bench.equal import Unequal
from tests.bench.foreign import foreign
from tests.bench.growth import growth
from tests.bench.peers.install import install, missing
from tests.bench.peers.registry import PEERS
from tests.bench.results import FULL, QUICK, Plan, Results
from tests.bench.stages import stages
from tests.bench.tenants import read_documents, write_profiles

_START = time.monotonic()


def measure(plan: Plan, work: Path, skipped: dict[str, str]) -> Results:
    """Measure everything, with all files in the folder *work*; *skipped* says why a peer is not asked.

    Raises:
        Failed: a command failed.
        Unequal: a peer makes other documents than meshgen.
    """
    fresh = Fresh(work)
    peers = [peer for peer in PEERS if peer.name not in skipped]
    kept = fresh()
    cache = {"XDG_CACHE_HOME": str(work / "cache")}
    run([*MESHGEN, "render", str(write_profiles(work / "tenants", plan.tenants)), "-o", str(kept)], **cache)
    wanted = read_documents(kept)
    _say(f"one bundle, {plan.cold_rounds} rounds")
    single = cold(plan, fresh, peers)
    _say(f"{plan.tenants} tenants, {plan.bulk_rounds} rounds")
    many, scaled = bulk(plan, fresh, peers, kept, wanted, single)
    _say("documents of somebody else")
    checked = foreign(plan, fresh, work / "foreign")
    _say(f"{', '.join(map(str, plan.growth))} tenants")
    growing = growth(plan, fresh)
    _say("a large cluster")
    analysed = cluster(plan, fresh)
    _say("where the time goes")
    found = stages(plan, fresh, work / "foreign")
    machine = f"CPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    return Results(machine, plan, single, many, scaled, checked, growing, analysed, found, skipped)


def write(found: Results) -> None:
    """Keep *found*, and renew the tables that are made of it."""
    from tests.refresh import README, SPEED, with_table

    results.save(found, results.FILE)
    for path, tables in ((README, page.readme(found)), (SPEED, page.speed(found))):
        text = path.read_text("utf-8")
        for mark, table in tables.items():
            text = with_table(text, mark, table)
        path.write_text(text, "utf-8")
        _say(f"renewed: {path.name}")


def main() -> int:
    """Install the peers, measure, print; 1 if something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and tenants: to look, not to quote")
    parser.add_argument("--write", action="store_true", help="keep also what a quick run found")
    parser.add_argument("--offline", action="store_true", help="install nothing: ask those peers who are there")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    if not options.offline:
        _say("installing the peers that are not there yet")
    skipped = missing() if options.offline else install()
    for name, reason in skipped.items():
        _say(f"skipped: {name}: {reason}")
    work = Path(tempfile.mkdtemp(prefix="meshgen-bench-"))
    try:
        found = measure(plan, work, skipped)
    except (Failed, Unequal) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print("\n".join(page.speed(found).values()), end="")
    if options.write or not options.quick:
        write(found)
    return 0


def _say(what: str) -> None:
    minutes, seconds = divmod(int(time.monotonic() - _START), 60)
    print(f"bench {minutes}:{seconds:02} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
