"""Whether ten times the tenants take ten times as long, and how much memory."""

from __future__ import annotations

from tests.bench.clock import MESHGEN, Cost, Fresh, medians, run
from tests.bench.results import Plan
from tests.bench.tenants import write_profiles

_MANY = 1000
"""From here on one round is enough: what a machine does beside it hardly matters."""


def growth(plan: Plan, fresh: Fresh) -> dict[int, Cost]:
    """Time one render of each number of tenants; the median where that is quick."""
    return {count: _render(count, plan, fresh) for count in plan.growth}


def _render(count: int, plan: Plan, fresh: Fresh) -> Cost:
    profiles = write_profiles(fresh.work / f"of-{count}", count)
    command = [*MESHGEN, "render", str(profiles), "-o"]
    cache = str(fresh.work / "cache")
    rounds = 1 if count >= _MANY else plan.bulk_rounds
    costs = medians(rounds, {"render": lambda: run([*command, str(fresh())], XDG_CACHE_HOME=cache)})
    return costs["render"]
