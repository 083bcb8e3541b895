"""How fast meshgen is, in ratios within one run: `make bench`, or `python -m tests.bench [--quick]`.

Every round runs each command once, so that a busy machine slows all of them alike, and
the table shows medians. Nothing here can fail: people read and compare it, no test does.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

from generator import pipeline
from generator.environment.model import Environment
from generator.intent.profile_types import profile_types
from generator.model.intent import Intent
from generator.verify.proof import Proof, prove_bundle
from tests.bench_cluster import change_one_policy, write_cluster

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "profiles" / "app" / "examples" / "bank-of-anthos.yaml"
SCRIPT = Path(sys.executable).with_name("meshgen")
MESHGEN = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "generator"]
TENANT = """\
# Tenant {number}: three workloads; the web in front of an API, and its database.
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {{name: tenant-{number:05}}}
profile: app
environment: kind
spec:
  namespace: tenant-{number:05}
  workloads:
    web:
      port: 8080
      protocol: http
      expose: {{gateway: public, hosts: [tenant-{number}.example.com], methods: [GET, POST]}}
    api: {{port: {port}, protocol: http}}
    db: {{port: 5432, protocol: tcp}}
  flows:
    - {{from: web, to: api, methods: [GET, POST], paths: [/v1/*]}}
    - {{from: api, to: db}}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took; memory is that of the largest of its processes."""

    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rounds and tenants: enough to trust, or few to look."""

    cold_rounds: int
    bulk_rounds: int
    tenants: int
    naive_tenants: int


FULL = Plan(cold_rounds=21, bulk_rounds=3, tenants=1000, naive_tenants=10)
QUICK = Plan(cold_rounds=5, bulk_rounds=1, tenants=200, naive_tenants=3)


def write_tenants(folder: Path, count: int) -> Path:
    """Write *count* profiles into a new *folder*, the same bytes every time."""
    folder.mkdir(parents=True)
    for number in range(count):
        text = TENANT.format(number=number, port=9000 + number % 7)
        (folder / f"tenant-{number:05}.yaml").write_text(text, "utf-8")
    return folder


def run(command: list[str], **settings: str) -> Cost:
    """Run *command* to its end, with *settings* in its environment.

    Raises:
        SystemExit: it failed, so there is nothing to measure.
    """
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)}\n{errors.read().decode()}")
    return Cost(seconds, usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024))


def medians(rounds: int, commands: Mapping[str, Callable[[], Cost]]) -> dict[str, Cost]:
    """Run every command once per round, and return the median cost of each."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            costs[name].append(command())
    return {
        name: Cost(median(one.seconds for one in taken), max(one.megabytes for one in taken))
        for name, taken in costs.items()
    }


class Fresh:
    """Output folders, each used once, all removed in the end.

    Removing many files and then creating many is slow on ext4: it must not happen between rounds.
    """

    def __init__(self, work: Path) -> None:
        self.work = work
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return str(self.work / f"out-{self._count}")


def cold(plan: Plan, fresh: Fresh) -> list[str]:
    """Time single commands against the bare interpreter."""
    cache = {"XDG_CACHE_HOME": str(fresh.work / "cache")}
    kept = fresh()
    render = [*MESHGEN, "render", str(EXAMPLE), "-o"]
    run([*render, kept], **cache)
    bare = "`python -c pass`"
    costs = medians(
        plan.cold_rounds,
        {
            bare: lambda: run([sys.executable, "-c", "pass"]),
            "`meshgen --version`": lambda: run([*MESHGEN, "--version"]),
            "`meshgen --help`": lambda: run([*MESHGEN, "--help"]),
            "`meshgen render`, one profile": lambda: run([*render, fresh()], **cache),
            "the same, nothing changed": lambda: run([*render, kept], **cache),
            "the same, no template compiled yet": lambda: run([*render, fresh()], XDG_CACHE_HOME=fresh()),
        },
    )
    rows = [
        f"| {name} | {cost.seconds * 1000:.0f} ms | {cost.seconds / costs[bare].seconds:.1f}x |"
        for name, cost in costs.items()
    ]
    files = sum(1 for path in Path(kept).rglob("*.yaml"))
    title = f"One process, median of {plan.cold_rounds} rounds; the profile is {EXAMPLE.stem}, {files} files"
    return [f"| {title} | time | over the bare interpreter |", "|---|---:|---:|", *rows]


def bulk(plan: Plan, fresh: Fresh) -> list[str]:
    """Time one call for many tenants, beside a naive render of a few that is scaled up.

    The naive program runs twice, with and without its work: the difference is what it costs.
    """
    profiles = write_tenants(fresh.work / "tenants", plan.tenants)
    few = write_tenants(fresh.work / "few", plan.naive_tenants)
    cache = {"XDG_CACHE_HOME": str(fresh.work / "cache")}
    kept = fresh()
    render = [*MESHGEN, "render", str(profiles), "-o"]
    naive = [sys.executable, "-m", "tests.bench_naive", str(few)]
    run([*render, kept], **cache)
    once = medians(
        plan.bulk_rounds,
        {
            "render": lambda: run([*render, fresh()], **cache),
            "check": lambda: run([*render, kept, "--check"], **cache),
            "naive": lambda: run([*naive, fresh()]),
            "without": lambda: run([*naive, "-"]),
        },
    )
    slow = (once["naive"].seconds - once["without"].seconds) / plan.naive_tenants * plan.tenants
    files = sum(1 for path in Path(kept).rglob("*.yaml"))
    title = f"{plan.tenants:,} tenants in one call, {files:,} files; median of {plan.bulk_rounds} rounds"
    lines = [f"| {title} | time | naive takes | peak memory |", "|---|---:|---:|---:|"]
    for name, words in (("render", "`meshgen render`"), ("check", "`meshgen render --check`, nothing changed")):
        cost = once[name]
        lines.append(f"| {words} | {cost.seconds:.1f} s | {slow / cost.seconds:.0f}x | {cost.megabytes:.0f} MB |")
    sample = f"scaled up from {plan.naive_tenants} tenants"
    return [*lines, f"| a naive render, without any proof ({sample}) | {slow:.0f} s | 1x | |"]


def analysis(plan: Plan, fresh: Fresh) -> list[str]:
    """Time the analysis of a large cluster's YAML, which nobody here rendered, beside parsing it and nothing else."""
    cluster, changed = (str(write_cluster(fresh.work / name)) for name in ("cluster", "changed"))
    change_one_policy(Path(changed))
    diff = [*MESHGEN, "diff", "--allow-widen", cluster]
    parse = "import pathlib, sys, yaml\nfor one in sorted(pathlib.Path(sys.argv[1]).iterdir()):"
    parse += "\n    list(yaml.load_all(one.read_bytes(), yaml.CSafeLoader))"
    parsing = "parsing alone (PyYAML with libyaml)"
    costs = medians(
        plan.bulk_rounds,
        {
            parsing: lambda: run([sys.executable, "-c", parse, cluster]),
            "`meshgen check`, every rule": lambda: run([*MESHGEN, "check", cluster, "--fail-on", "never"]),
            "`meshgen graph`, who reaches whom": lambda: run([*MESHGEN, "graph", cluster, "--format", "json"]),
            "`meshgen diff`, both sides the same": lambda: run([*diff, cluster]),
            "`meshgen diff`, one policy changed": lambda: run([*diff, changed]),
        },
    )
    title = "3,000 workloads in 300 namespaces, 2,000 NetworkPolicies, 500 AuthorizationPolicies"
    lines = [
        f"| {title}; median of {plan.bulk_rounds} rounds | time | over parsing | peak memory |",
        "|---|---:|---:|---:|",
    ]
    return lines + [
        f"| {name} | {cost.seconds:.1f} s | {cost.seconds / costs[parsing].seconds:.1f}x | {cost.megabytes:.0f} MB |"
        for name, cost in costs.items()
    ]


def proof(plan: Plan) -> list[str]:
    """Time the proof within the render of every example, in this process and with everything warm."""
    examples = [str(path) for kind in profile_types().values() for path in kind.examples()]
    taken: list[float] = []

    def timed(intent: Intent, environment: Environment, texts: Mapping[str, str]) -> Proof:
        start = time.perf_counter()
        found = prove_bundle(intent, environment, texts)
        taken.append(time.perf_counter() - start)
        return found

    rounds: list[tuple[float, float]] = []
    with patch.object(pipeline, "prove_bundle", timed):
        for _ in range(plan.bulk_rounds + 1):
            taken.clear()
            start = time.perf_counter()
            for path in examples:
                pipeline.render(pipeline.Request((path,)))
            rounds.append((sum(taken), time.perf_counter() - start - sum(taken)))
    proving, rest = (median(column) for column in zip(*rounds[1:], strict=True))
    title = f"Every example by itself, {len(examples)} bundles in one process; median of {plan.bulk_rounds} rounds"
    return [
        f"| {title} | time | over the render |",
        "|---|---:|---:|",
        f"| render, without the proof | {rest:.1f} s | 1.0x |",
        f"| the proof (`meshgen verify`) | {proving:.1f} s | {proving / rest:.1f}x |",
    ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and tenants: to look, not to quote")
    plan = QUICK if parser.parse_args().quick else FULL
    work = Path(tempfile.mkdtemp(prefix="meshgen-bench-"))
    fresh = Fresh(work)
    try:
        machine = f"CPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
        tables = (cold(plan, fresh), bulk(plan, fresh), analysis(plan, fresh), proof(plan))
        sys.stdout.write("\n".join([machine, *(line for table in tables for line in ("", *table)), ""]))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
