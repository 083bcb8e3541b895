"""The same work for many items, by as many processes as there are processors.

A fork starts with everything that is prepared (templates compiled, schemas read), and leaves
its results for this process to read. Whatever goes wrong there, the work is done here instead:
so results, their order and every exception are those of a plain loop.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_MOST = 8
"""More processes gain little: one of them writes the files."""


def each(work: Callable[[_Item], _Result], items: Sequence[_Item], at_least: int) -> list[_Result]:
    """Return what *work* makes of each of *items*, in their order; alone where there are fewer than *at_least*.

    *work* must not change anything that is read later; its results are pickled.
    """
    count = min(_processors(), _MOST) if len(items) >= at_least and _can_fork() else 1
    parts = [items[number::count] for number in range(count)]
    forks = [_Fork(work, part) for part in parts[1:]]
    try:
        done = [[work(item) for item in parts[0]], *(fork.results() for fork in forks)]
    finally:
        for fork in forks:
            fork.stop()
    return [done[number % count][number // count] for number in range(len(items))]


def _processors() -> int:
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _can_fork() -> bool:
    """Only Linux has forks that all libraries survive, and files in memory; and nobody forks beside threads."""
    return sys.platform == "linux" and threading.active_count() == 1


class _Fork:
    """A process that works on its part; its death is no news, as its part can be done here.

    It leaves its results in a file in memory: a pipe would have to be emptied while there is work to do.
    """

    def __init__(self, work: Callable[[Any], Any], items: Sequence[Any]) -> None:
        self._work = work
        self._items = items
        self._process: int | None = None
        self._file: int | None = None
        with suppress(OSError):  # no more processes are allowed, or files
            self._file = os.memfd_create("meshgen")
            self._process = os.fork()
        if self._process == 0:
            self._run()

    def _run(self) -> None:
        try:
            assert self._file is not None  # noqa: S101  (made before the process)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a word
            with os.fdopen(self._file, "wb") as file:
                for item in self._items:
                    pickle.dump(self._work(item), file, pickle.HIGHEST_PROTOCOL)
        except BaseException:
            os._exit(1)  # the parent meets the same exception, and reports it
        os._exit(0)

    def results(self) -> list[Any]:
        if self._process is not None and self._file is not None:
            _, status = os.waitpid(self._process, 0)
            self._process = None
            if status == 0:
                os.lseek(self._file, 0, os.SEEK_SET)
                with os.fdopen(self._file, "rb", closefd=False) as file:
                    return [pickle.load(file) for _ in self._items]  # noqa: S301  (our own process wrote it)
        return [self._work(item) for item in self._items]

    def stop(self) -> None:
        if self._file is not None:
            os.close(self._file)
        if self._process:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self._process, 0)
