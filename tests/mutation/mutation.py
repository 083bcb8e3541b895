"""Would a test notice? `make mutation` puts small mistakes into what decides, and runs the tests that should.

The score is of the tests, not of the code: a mutant that survives is a missing assertion, or code that does nothing.
A sample, the same for the same seed; tests near the module come first, all that use it only for what survives those.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.plant import VARIABLE
from tests.support import ROOT

PACKAGES = ("generator/semantics", "generator/rules")
HANGS_AFTER = 600
"""Seconds after which a mutant counts as noticed: it does not come to an end."""
_RULE = re.compile(r"mg(\d{3})_")
_WIDER = (
    *("tests/rules", "tests/semantics", "tests/test_sessions.py", "tests/verify/test_proof.py", "tests/checking"),
    *(
        "tests/report",
        "tests/judges/test_connectivity.py",
        "tests/judges/test_closure.py",
        "tests/judges/test_agreement.py",
    ),
)


def selections(mutant: Mutant) -> tuple[tuple[str, ...], ...]:
    """Return which tests to run on *mutant*, the likeliest to notice it first."""
    if rule := _RULE.match(mutant.path.name):
        return (("tests/rules", "-k", f"MG{rule[1]}"),)  # a rule has cases of its own: they must notice
    if mutant.path.parent.name == "rules":
        return ("tests/rules/test_rules.py",), _WIDER
    return ("tests/semantics", "tests/test_sessions.py"), _WIDER


def is_noticed(mutant: Mutant) -> bool:
    """Tell whether some test fails with *mutant* in the place of its module."""
    with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as file:
        file.write(mutant.text())
        file.flush()
        return any(_fails(mutant, file.name, tests) for tests in selections(mutant))


def _fails(mutant: Mutant, file: str, tests: Sequence[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-p", "tests.mutation.plant", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, VARIABLE: f"{mutant.module}={file}"}
    try:
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=HANGS_AFTER, check=False)
    except subprocess.TimeoutExpired:
        return True
    return run.returncode != 0


def _told(mutant: Mutant, is_killed: bool) -> str:
    line, changed = mutant.difference()
    place = f"{mutant.path.relative_to(ROOT)}:{line}"
    return f"{'killed' if is_killed else 'SURVIVED'} {place} {mutant.operator}\n{changed}"


def main() -> int:
    """Try a sample of mutants and print the score; the exit code says only whether the run itself went well."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.mutation", description=__doc__)
    parser.add_argument("--number", type=int, default=100, help="mutants to try; 0 tries all of them")
    parser.add_argument("--seed", type=int, default=None, help="what the sample follows from; another one every time")
    parser.add_argument("--only", default="", help="modules whose path holds this word")
    options = parser.parse_args()
    start = secrets.randbelow(10**6) if options.seed is None else options.seed
    modules = [
        path for package in PACKAGES for path in sorted((ROOT / package).glob("*.py")) if options.only in str(path)
    ]
    every = [one for path in modules for one in mutants(path)]
    random.Random(start).shuffle(every)  # noqa: S311  (a sample, not a secret)
    sample = sorted(islice((one for one in every if one.is_another_program()), options.number or None))
    print(f"seed {start}: {len(sample)} of {len(every)} mutants of {len(modules)} modules", flush=True)
    killed = 0
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        running = {workers.submit(is_noticed, one): one for one in sample}
        for done in as_completed(running):
            killed += done.result()
            print(_told(running[done], done.result()), flush=True)
    print(
        f"killed {killed}, survived {len(sample) - killed}: {100 * killed // max(1, len(sample))} % of them are noticed"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
