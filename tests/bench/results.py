"""What one run of the benchmark found, and the file that keeps it: tables are made of this alone."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from tests.bench.clock import Cost

FILE = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rounds and tenants: enough to trust, or few to look."""

    cold_rounds: int
    bulk_rounds: int
    tenants: int
    naive_tenants: int
    slow_tenants: int
    growth: tuple[int, ...]
    namespaces: int
    sampled: int

    @property
    def is_quick(self) -> bool:
        """Whether it is only good to look at."""
        return self != FULL


FULL = Plan(
    cold_rounds=11,
    bulk_rounds=3,
    tenants=1000,
    naive_tenants=5,
    slow_tenants=50,
    growth=(10, 100, 1000, 10_000),
    namespaces=300,
    sampled=20,
)
QUICK = Plan(
    cold_rounds=3,
    bulk_rounds=1,
    tenants=100,
    naive_tenants=2,
    slow_tenants=10,
    growth=(10, 100),
    namespaces=30,
    sampled=3,
)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that was measured, by the names that `tests.bench.tables` gives titles to.

    ``scaled`` holds the number of tenants of those in ``bulk`` that were given fewer than the others;
    their time is scaled up. ``stages`` are seconds by command and stage. ``skipped`` says why a peer could not be had.
    """

    machine: str
    plan: Plan
    cold: dict[str, Cost]
    bulk: dict[str, Cost]
    scaled: dict[str, int]
    foreign: dict[str, Cost]
    growth: dict[int, Cost]
    cluster: dict[str, Cost]
    stages: dict[str, dict[str, float]]
    skipped: dict[str, str]


def save(results: Results, path: Path = FILE) -> None:
    """Write *results* to *path*."""
    path.write_text(json.dumps(dataclasses.asdict(results), indent=1) + "\n", "utf-8")


def load(path: Path = FILE) -> Results:
    """Return what is kept at *path*."""
    data = json.loads(path.read_text("utf-8"))

    def costs(name: str) -> dict[str, Cost]:
        return {key: Cost(**cost) for key, cost in data[name].items()}

    return Results(
        machine=data["machine"],
        plan=Plan(**{**data["plan"], "growth": tuple(data["plan"]["growth"])}),
        cold=costs("cold"),
        bulk=costs("bulk"),
        scaled=data["scaled"],
        foreign=costs("foreign"),
        growth={int(count): cost for count, cost in costs("growth").items()},
        cluster=costs("cluster"),
        stages=data["stages"],
        skipped=data["skipped"],
    )
