"""Where the tables stand: a few in `README.md`, all of them in `docs/speed.md`, between marks."""

from __future__ import annotations

from tests.bench import tables
from tests.bench.results import Results


def readme(results: Results) -> dict[str, str]:
    """Return the tables of the README by their mark."""
    parts = (tables.machine(results), tables.goal_table(results), tables.bulk(results))
    return {"bench": "\n".join(parts)}


def speed(results: Results) -> dict[str, str]:
    """Return the tables of `docs/speed.md` by their marks."""
    return {
        "machine": tables.machine(results),
        "goals": tables.goal_table(results),
        "cold": tables.cold(results),
        "bulk": tables.bulk(results),
        "foreign": tables.foreign(results),
        "growth": tables.growth(results),
        "cluster": tables.cluster(results),
        "stages": tables.stages(results.plan, results.stages),
    }
