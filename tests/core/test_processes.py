"""Work that is shared between processes ends like a plain loop, whatever happens to a process."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from generator.core import processes
from generator.core.processes import each

HERE = os.getpid()
needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="meshgen forks on Linux alone")


@pytest.fixture(autouse=True)
def _three_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_processors", lambda: 3)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 100])
def test_results_come_in_order(count: int) -> None:
    assert each(lambda number: number * 2, range(count), at_least=1) == [number * 2 for number in range(count)]


@needs_fork
def test_every_process_works() -> None:
    assert len(set(each(lambda _: os.getpid(), range(9), at_least=9))) == 3


def test_few_items_stay_here() -> None:
    assert set(each(lambda _: os.getpid(), range(9), at_least=10)) == {HERE}


def test_nobody_forks_beside_a_thread() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert set(each(lambda _: os.getpid(), range(9), at_least=1)) == {HERE}
    finally:
        done.set()
        thread.join()


def test_on_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert set(each(lambda _: os.getpid(), range(9), at_least=1)) == {HERE}


def test_no_more_processes_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", fork, raising=False)
    assert set(each(lambda _: os.getpid(), range(9), at_least=1)) == {HERE}


def _killed(number: int) -> int:
    if os.getpid() != HERE:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def _not_picklable(number: int) -> object:
    return (lambda: number) if os.getpid() != HERE else number


@needs_fork
@pytest.mark.parametrize("work", [_killed, _not_picklable])
def test_what_a_process_fails_at_is_done_here(work: object) -> None:
    assert callable(work)
    assert each(work, range(9), at_least=1) == list(range(9))


class _Refused(Exception):
    def __init__(self, first: int, second: str) -> None:
        self.first = first
        super().__init__(second)


def _refuse_five(number: int) -> int:
    if number == 5:
        raise _Refused(number, "an exception that pickle cannot rebuild")
    return number


@needs_fork
def test_an_exception_is_that_of_the_loop() -> None:
    with pytest.raises(_Refused) as refused:
        each(_refuse_five, range(9), at_least=1)
    assert refused.value.first == 5


@needs_fork
def test_no_process_is_left_behind() -> None:
    with pytest.raises(ZeroDivisionError):
        each(lambda number: 1 // number, range(9), at_least=1)  # 0 is done here, while the others still work
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_no_more_files_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def memfd_create(_: str) -> int:
        raise OSError

    monkeypatch.setattr(os, "memfd_create", memfd_create, raising=False)
    assert set(each(lambda _: os.getpid(), range(9), at_least=1)) == {HERE}


@needs_fork
def test_large_results() -> None:
    assert each(lambda number: "x" * 300_000 + str(number), range(9), at_least=1)[8].endswith("x8")
