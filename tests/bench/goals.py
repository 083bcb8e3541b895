"""What we want to be as fast as: ratios within one run, each with what was measured. A missed goal fails nothing."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.clock import Cost
from tests.bench.kubeconform import KUBECONFORM
from tests.bench.results import Plan, Results
from tests.bench.tenants import OBJECTS


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit on a number that a run yields, or would yield if what it compares with were installed."""

    text: str
    limit: float
    unit: str
    measured: float | None

    @property
    def verdict(self) -> str:
        """Whether it is met."""
        if self.measured is None:
            return "not measured"
        return "met" if round(self.measured, 2) <= self.limit else "**missed**"


_COLD: tuple[tuple[str, str, float], ...] = (
    ("`meshgen --version`, over a bare interpreter", "version", 1.15),
    ("`meshgen --help` into a pipe, over a bare interpreter", "help", 2.5),
    ("one cold render, checked and proven, over a bare interpreter", "render", 12),
    ("the same when nothing changed", "unchanged", 1.5),
)
MOST_MEGABYTES = 500
MOST_GROWTH = 1.1
"""What a tenant of the largest number may take, over one of the number before it, and still be called linear."""


def goals(results: Results) -> list[Goal]:
    """Return every goal with what *results* have to say."""
    plan, bulk, foreign = results.plan, results.bulk, results.foreign
    many = f"{plan.tenants:,} tenants"
    pipeline = _sum(bulk, "helm", KUBECONFORM)
    found = [Goal(text, limit, "x", _over(results.cold, name, "bare")) for text, name, limit in _COLD]
    found.append(
        Goal(
            f"{many} rendered, checked and proven, over the Helm engine and kubeconform rendering and checking them",
            1,
            "x",
            bulk["render"].seconds / pipeline.seconds if pipeline else None,
        )
    )
    most = max(results.growth)
    found.append(
        Goal(f"time of a tenant among {most:,}, over one among {_before(plan):,}", MOST_GROWTH, "x", _growth(results))
    )
    found.append(
        Goal(f"memory of the largest process, {most:,} tenants", MOST_MEGABYTES, " MB", results.growth[most].megabytes)
    )
    found.append(Goal(f"`meshgen render --check` of {many}, nothing changed", 0.5, " s", bulk["check"].seconds))
    found.append(
        Goal(
            f"`meshgen check` of {OBJECTS * plan.tenants:,} foreign documents, over kubeconform",
            0.5,
            "x",
            _over(foreign, "check", KUBECONFORM),
        )
    )
    return found


def _over(costs: dict[str, Cost], name: str, other: str) -> float | None:
    return costs[name].seconds / costs[other].seconds if other in costs else None


def _sum(costs: dict[str, Cost], *names: str) -> Cost | None:
    return sum((costs[name] for name in names), Cost(0, 0, 0)) if all(name in costs for name in names) else None


def _before(plan: Plan) -> int:
    return sorted(plan.growth)[-2]


def _growth(results: Results) -> float:
    most, before = max(results.growth), _before(results.plan)
    return results.growth[most].seconds / most / (results.growth[before].seconds / before)
