"""Documents that somebody else made, checked: meshgen analyses them, kubeconform looks at their structure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.bench.clock import MESHGEN, Cost, Fresh, medians, run
from tests.bench.kubeconform import validate
from tests.bench.results import Plan


def foreign(plan: Plan, fresh: Fresh, documents: Path) -> dict[str, Cost]:
    """Time the check of all YAML in the folder *documents*."""
    commands: dict[str, Callable[[], Cost]] = {
        "check": lambda: run([*MESHGEN, "check", str(documents), "--fail-on", "never"]),
        **validate(fresh, documents),
    }
    return medians(plan.bulk_rounds, commands)
