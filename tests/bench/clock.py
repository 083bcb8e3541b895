"""What a command takes: time and memory, the median of rounds in which everybody has a turn."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(sys.executable).with_name("meshgen")
MESHGEN = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "generator"]
LAUNCH = Path(__file__).with_name("launch.py")
BARE = [sys.executable, "-c", "pass"]


class Failed(Exception):
    """A command did not do its work, so there is nothing to measure; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: time, processor time of all its processes, and memory of the largest of them."""

    seconds: float
    processor: float
    megabytes: float

    def __add__(self, other: Cost) -> Cost:
        """Return the cost of one after the other."""
        return Cost(
            self.seconds + other.seconds, self.processor + other.processor, max(self.megabytes, other.megabytes)
        )

    def __sub__(self, other: Cost) -> Cost:
        """Return what the one costs beyond the *other*; the memory stays what it was."""
        return Cost(self.seconds - other.seconds, self.processor - other.processor, self.megabytes)

    def scaled(self, factor: float) -> Cost:
        """Return the cost of *factor* times the work; what memory that takes is not known from it."""
        return Cost(self.seconds * factor, self.processor * factor, self.megabytes)


def run(command: list[str], **settings: str) -> Cost:
    """Run *command* to its end, with *settings* in its environment.

    Raises:
        Failed: its exit status is not 0.
    """
    launched = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCH), *command],
        cwd=ROOT,
        env={**_environment(), **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if launched.returncode != 0:
        raise Failed(f"{' '.join(command)}: it does not start\n{launched.stderr}")
    status, seconds, processor, megabytes = launched.stdout.split()
    if status != "0":
        raise Failed(f"{' '.join(command)}: status {status}\n{launched.stderr}")
    return Cost(float(seconds), float(processor), float(megabytes))


def _environment() -> dict[str, str]:
    """Return the environment of this process, but modules are compiled once, as on every machine of a user."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def medians(rounds: int, commands: Mapping[str, Callable[[], Cost]]) -> dict[str, Cost]:
    """Run every command once per round, and return the median times and the largest memory of each."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            costs[name].append(command())
    return {
        name: Cost(
            median(one.seconds for one in taken),
            median(one.processor for one in taken),
            max(one.megabytes for one in taken),
        )
        for name, taken in costs.items()
    }


class Fresh:
    """Output folders, each used once, all removed in the end.

    Removing many files and then creating many is slow on ext4: it must not happen between rounds.
    """

    def __init__(self, work: Path) -> None:
        self.work = work
        self._count = 0

    def __call__(self) -> Path:
        self._count += 1
        return self.work / f"out-{self._count}"
