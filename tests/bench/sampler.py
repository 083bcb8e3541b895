"""Runs meshgen on one core and looks a thousand times a second what it is doing.

python -P sampler.py RESULT ARGUMENTS…    runs `meshgen ARGUMENTS`, and writes seconds by stack to RESULT

It imports nothing that the interpreter has not loaded already, as what meshgen imports is part of the answer.
A look counts as much as the processor time since the last one: a long call into C is not lost, and it does
not matter what else the machine does.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys
import time
from types import FrameType

_INTERVAL_SECONDS = 0.001


class Sampler:
    """Adds up time by the stack of modules at work, outermost first, each named once in a row."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, ...], float] = {}
        self._last = 0.0

    def __enter__(self) -> Sampler:
        """Start looking."""
        self._last = time.process_time()
        _signal.signal(_signal.SIGPROF, self._look)
        _signal.setitimer(_signal.ITIMER_PROF, _INTERVAL_SECONDS, _INTERVAL_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking."""
        _signal.setitimer(_signal.ITIMER_PROF, 0)

    def _look(self, _: int, frame: FrameType | None) -> None:
        names: list[str] = []
        while frame is not None:
            name = frame.f_globals.get("__name__", "?")
            if name == "importlib._bootstrap" and frame.f_code.co_name == "_find_and_load":
                name = f"import {frame.f_locals.get('name')}"
            if not names or names[-1] != name:
                names.append(name)
            frame = frame.f_back
        now = time.process_time()
        stack = tuple(reversed(names))
        self.seconds[stack] = self.seconds.get(stack, 0.0) + now - self._last
        self._last = now


def main(result: str, *arguments: str) -> None:
    """Run `meshgen ARGUMENTS`, and write what was seen to the file *result*."""
    if hasattr(os, "sched_setaffinity"):  # elsewhere meshgen does not fork
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sys.argv = ["meshgen", *arguments]
    sampler = Sampler()
    try:
        with sampler:
            from generator.__main__ import main as meshgen

            meshgen()
    finally:
        lines = [f"{seconds:.6f} {';'.join(stack)}" for stack, seconds in sampler.seconds.items()]
        with open(result, "w", encoding="utf-8") as file:  # noqa: PTH123  (pathlib is not loaded yet)
            file.write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
