"""Damaged input for everything that reads any: `make fuzz-input` feeds thousands, `make test` a few.

What breaks a target is made as small as possible, printed, and kept in build/fuzz/; once it is
mended, the file goes into tests/fuzz/regressions/TARGET/.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.damage import damaged
from tests.fuzz.targets import TARGETS, Target
from tests.support import ROOT

KEPT = ROOT / "build" / "fuzz"
HANGS_AFTER = 120
"""Seconds after which a target that has not answered is taken to hang; the slowest answer takes a few."""
MOST_MEMORY = 3 << 30
"""Bytes of address space of the whole run; with more, something grows without bound."""


class Hangs(BaseException):
    """A target did not come to an end. No Exception, so that nobody catches it on the way."""


@dataclass(frozen=True)
class Broken:
    """What broke a target, as small as it was found, and how."""

    text: str
    how: str


def run(target: Target, number: int, start: int | None = None) -> Broken | None:
    """Feed *target* with *number* texts: the same ones each time, or those that follow from the seed *start*."""
    last = [""]

    @settings(
        max_examples=number,
        derandomize=start is None,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(damaged(target.seeds))
    def fed(text: str) -> None:
        last[0] = text
        with bounded():
            target.feed(text)

    try:
        (fed if start is None else seed(start)(fed))()
    except (Exception, Hangs):  # whatever it is, it is what we look for; hypothesis ran the smallest last
        return Broken(last[0], traceback.format_exc())
    return None


@contextmanager
def bounded() -> Iterator[None]:
    """Raise Hangs in here when it takes longer than anything that works."""

    def stop(_: int, __: FrameType | None) -> None:
        raise Hangs(f"no answer after {HANGS_AFTER} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANGS_AFTER)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _keep(target: Target, broken: Broken) -> str:
    name = hashlib.sha256(broken.text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    path = KEPT / target.name / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(broken.text.encode("utf-8", "surrogatepass"))
    return str(path.relative_to(ROOT))


def main() -> int:
    """Feed each target with as many texts as asked for; exit 1 if one of them broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.fuzz", description=__doc__)
    parser.add_argument("--number", type=int, default=2000, help="texts for each target")
    parser.add_argument("--seed", type=int, default=None, help="what the texts follow from; another one every time")
    parser.add_argument("--target", choices=sorted(TARGETS), action="append", help="one target alone; may be repeated")
    options = parser.parse_args()
    start = secrets.randbelow(10**6) if options.seed is None else options.seed
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    print(f"seed {start}")
    is_broken = False
    for name in options.target or TARGETS:
        begun = time.monotonic()
        broken = run(TARGETS[name], options.number, start)
        took = f"{time.monotonic() - begun:.0f} s"
        if broken is None:
            print(f"{name}: {options.number} texts, none broke it ({took})", flush=True)
        else:
            is_broken = True
            print(
                f"{name}: broken after {took}, by {_keep(TARGETS[name], broken)}:\n{broken.text}\n{broken.how}",
                flush=True,
            )
    return 1 if is_broken else 0


if __name__ == "__main__":
    sys.exit(main())
