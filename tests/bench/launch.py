"""Runs a command and tells what it took: python -I -S launch.py COMMAND…

What a process used at most counts from before it became another program, so whoever starts one
must be small itself: this is, and the benchmark, with its documents in memory, is not.
Prints the exit status, seconds, seconds of processor time, and the peak memory of the largest process.
"""

from __future__ import annotations

import os
import sys
import time


def main(*command: str) -> None:
    """Run *command* without its output, and print what it took."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    megabytes = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    print(os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, megabytes)


if __name__ == "__main__":
    main(*sys.argv[1:])
