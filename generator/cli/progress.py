"""Telling whoever waits at a terminal that work goes on, and with what; everybody else sees nothing of it.

One line on standard error, drawn when work takes longer than people notice, gone when it is done. It comes by
a timer's signal: beside a thread no process may be forked, and the work uses forks.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE = 0.5
"""Seconds of work before anything is shown."""
_EVERY = 1.0


@contextmanager
def at_work(what: str) -> Iterator[None]:
    """Show *what* is being done, and for how long, while the block takes its time."""
    if not _is_watched():
        yield
        return
    begun, shown = time.monotonic(), [""]

    def draw(_: int, __: FrameType | None) -> None:
        shown[0] = f"meshgen: {what}, {time.monotonic() - begun:.0f} s"
        _write(f"\r{shown[0]}")

    before = signal.signal(signal.SIGALRM, draw)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE, _EVERY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if shown[0]:
            _write(f"\r{' ' * len(shown[0])}\r")


def _is_watched() -> bool:
    """Tell whether a person looks at standard error, at a terminal that can take a line back."""
    return (
        sys.stderr is not None
        and sys.stderr.isatty()
        and hasattr(signal, "setitimer")
        and os.environ.get("TERM", "dumb") != "dumb"
        and not os.environ.get("CI")
    )


def _write(text: str) -> None:
    """Write past the buffer: a signal may come in the middle of somebody's print."""
    os.write(sys.stderr.fileno(), text.encode("ascii", "replace"))
