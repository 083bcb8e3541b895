"""A large cluster's YAML, analysed: what no peer here does."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.clock import MESHGEN, Cost, Fresh, medians, run
from tests.bench.cluster import change_one_policy, write_cluster
from tests.bench.results import Plan

_PARSE = """\
import pathlib, sys, yaml
for one in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    list(yaml.load_all(one.read_bytes(), yaml.CSafeLoader))
"""


def cluster(plan: Plan, fresh: Fresh) -> dict[str, Cost]:
    """Time the analysis of a large cluster's YAML, which nobody here rendered, beside parsing it and nothing else."""
    before, after = (str(write_cluster(fresh.work / name, plan.namespaces)) for name in ("cluster", "changed"))
    change_one_policy(Path(after))
    diff = [*MESHGEN, "diff", "--allow-widen", before]
    return medians(
        plan.bulk_rounds,
        {
            "parse": lambda: run([sys.executable, "-c", _PARSE, before]),
            "check": lambda: run([*MESHGEN, "check", before, "--fail-on", "never"]),
            "graph": lambda: run([*MESHGEN, "graph", before, "--format", "json"]),
            "diff same": lambda: run([*diff, before]),
            "diff changed": lambda: run([*diff, after]),
        },
    )
