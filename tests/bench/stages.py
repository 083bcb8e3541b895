"""Where the time of a command goes: `make profile`, or `python -m tests.bench.stages [--quick]`.

The command runs under `tests.bench.sampler` on one core, so that nothing hides in another process,
and what it was doing is told by the layers of the import contract: a stage is a row of modules that
call each other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import tables
from tests.bench.clock import BARE, MESHGEN, Fresh, medians, run
from tests.bench.results import FULL, QUICK, Plan
from tests.bench.tenants import read_documents, write_documents, write_profiles

SAMPLER = Path(__file__).with_name("sampler.py")
Stages = dict[str, float]
"""Seconds of processor time by stage."""

START, IMPORTS = "the interpreter itself", "imports"
SHORT = ("help", "cold", "unchanged")
"""Commands of which one run is too short to see much."""
_BUSY = ("dataclasses", "enum", "json", "re", "typing")
ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (IMPORTS, ("import ",)),
    ("profiles read", ("generator.intent.profile",)),
    ("environment read", ("generator.environment.load",)),
    ("expanded by their types' templates", ("generator.intent", "generator.templating.engine")),
    ("intent read back from what they print", ("generator.intent", "generator.core.yaml")),
    ("intent checked and merged", ("generator.intent",)),
    ("objects planned", ("generator.plan",)),
    ("objects rendered", ("generator.render.render",)),
    ("rendered text read back", ("generator.render.verify", "generator.core.yaml")),
    ("schema", ("generator.render.verify", "generator.manifests.schema")),
    ("admission rules", ("generator.render.verify",)),
    ("rendered text read back", ("generator.pipeline.rendering", "generator.core.yaml")),
    ("parts of one shape found", ("generator.verify.shapes",)),
    ("proof: what the YAML means", ("generator.verify", "generator.manifests")),
    ("proof: what the YAML means", ("generator.verify", "generator.semantics")),
    ("proof: what was meant, and the comparison", ("generator.verify",)),
    ("written, or compared with the disk", ("generator.output",)),
    ("foreign YAML read", ("generator.checking", "generator.core.yaml")),
    ("schema", ("generator.checking", "generator.manifests.schema")),
    ("admission rules", ("generator.checking", "generator.manifests.admission")),
    ("objects understood", ("generator.checking", "generator.manifests")),
    ("rules", ("generator.rules",)),
    ("rules", ("generator.semantics",)),
    ("findings sorted out", ("generator.checking",)),
    ("reported", ("generator.report",)),
    ("the command line", ("generator.__main__", "typer")),
)


def stage_of(stack: str) -> str:
    """Return the stage of a *stack* of modules, outermost first: that of the first row which it holds in order.

    Where no row fits it is the name of our package that is at work.
    """
    modules = stack.split(";")
    for stage, row in ROWS:
        rest = iter(modules)
        if all(any(module.startswith(wanted) for module in rest) for wanted in row):
            return stage
    own = [module for module in modules if module.partition(".")[0] == "generator"]
    return f"`{'.'.join(own[-1].split('.')[:2])}`" if own else START


def imported(stack: str) -> str:
    """Return whose import a *stack* is at: the outermost package that is not ours, or what our own is busy with."""
    modules = stack.split(";")
    names = [name.removeprefix("import ").partition(".")[0] for name in modules if name.startswith("import ")]
    other = next((name for name in names if name != "generator"), None)
    if other:
        return other
    busy = modules[-1].partition(".")[0]
    return f"generator: {busy}" if busy in _BUSY else "generator"


def sampled(arguments: list[str], fresh: Fresh, **settings: str) -> dict[str, float]:
    """Run `meshgen` with *arguments* on one core; return its seconds by stack."""
    result = fresh().with_suffix(".stacks")
    run([sys.executable, "-P", str(SAMPLER), str(result), *arguments], **settings)
    found = {}
    for line in result.read_text("utf-8").splitlines():
        seconds, _, stack = line.partition(" ")
        found[stack] = float(seconds)
    return found


def stages(plan: Plan, fresh: Fresh, documents: Path) -> dict[str, Stages]:
    """Return seconds by stage of every command that has a goal; the foreign YAML lies in the folder *documents*.

    ``NAME imports`` parts the imports of a short command by who is imported.
    """
    cache = str(fresh.work / "cache")
    one = ["render", str(write_profiles(fresh.work / "sampled-one", 1) / "tenant-00000.yaml"), "-o"]
    many = ["render", str(write_profiles(fresh.work / "sampled", plan.tenants)), "-o"]
    kept_one, kept_many = str(fresh()), str(fresh())
    run([*MESHGEN, *one, kept_one], XDG_CACHE_HOME=cache)
    run([*MESHGEN, *many, kept_many], XDG_CACHE_HOME=cache)
    bare = medians(plan.sampled, {"bare": lambda: run(BARE)})["bare"].processor
    commands: dict[str, Callable[[], list[str]]] = {
        "help": lambda: ["--help"],
        "cold": lambda: [*one, str(fresh())],
        "unchanged": lambda: [*one, kept_one],
        "bulk": lambda: [*many, str(fresh())],
        "bulk check": lambda: [*many, kept_many, "--check"],
        "check": lambda: ["check", str(documents), "--fail-on", "never"],
    }
    found: dict[str, Stages] = {}
    for name, command in commands.items():
        rounds = plan.sampled if name in SHORT else 1
        found[name] = {START: bare}
        imports: Stages = {}
        for _ in range(rounds):
            for stack, seconds in sampled(command(), fresh, XDG_CACHE_HOME=cache).items():
                _add(found[name], stage_of(stack), seconds / rounds)
                if stage_of(stack) == IMPORTS:
                    _add(imports, imported(stack), seconds / rounds)
        if name in SHORT:
            found[f"{name} imports"] = imports
    return found


def _add(found: Stages, stage: str, seconds: float) -> None:
    found[stage] = found.get(stage, 0.0) + seconds


def main() -> None:
    """Print the tables of the stages."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.stages", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer tenants and rounds: to look, not to quote")
    plan = QUICK if parser.parse_args().quick else FULL
    with tempfile.TemporaryDirectory(prefix="meshgen-bench-") as work:
        fresh = Fresh(Path(work))
        kept = fresh()
        run([*MESHGEN, "render", str(write_profiles(fresh.work / "tenants", plan.tenants)), "-o", str(kept)])
        documents = write_documents(fresh.work / "foreign", read_documents(kept))
        print(tables.stages(plan, stages(plan, fresh, documents)), end="")


if __name__ == "__main__":
    main()
