"""Somebody else who renders: how to get it, what to give it, and what to call."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.tenants import Values

HOME = Path(__file__).resolve().parents[3] / ".bench"
"""Where `make bench` installs peers, each into an environment of its own; git ignores it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool and its port of the bundle.

    Args:
        name: its folder beside this module, and that of its environment.
        title: how the tables call it.
        requirement: what pip installs.
        prepare: writes what the tool reads for some tenants into a new folder; this is not timed.
        command: what is timed; from that folder, and an empty folder for the output.
        is_slow: whether it is given only some of many tenants at once; tables scale up from there.
        note: what a reader of the tables should know.
    """

    name: str
    title: str
    requirement: str
    prepare: Callable[[Path, Sequence[Values]], None]
    command: Callable[[Path, Path], list[str]]
    is_slow: bool
    note: str

    @property
    def home(self) -> Path:
        """The environment that it is installed into."""
        return HOME / self.name

    @property
    def is_installed(self) -> bool:
        """Whether it is there in the wanted version."""
        return self.stamp.exists() and self.stamp.read_text("utf-8") == self.requirement

    @property
    def stamp(self) -> Path:
        """The file that says what is installed."""
        return self.home / "installed"


def program(peer: str, name: str) -> str:
    """Return the program *name* of the environment of *peer*."""
    return str(HOME / peer / "bin" / name)


def port(peer: str) -> Path:
    """Return the folder with the port of *peer*."""
    return Path(__file__).parent / peer


VALUES = "values.json"


def write_values(folder: Path, tenants: Sequence[Values]) -> None:
    """Write the values of *tenants* for a port that is called from Python."""
    (folder / VALUES).write_text(json.dumps(tenants), "utf-8")


def from_python(peer: str) -> Callable[[Path, Path], list[str]]:
    """Return the command of a port that is called from Python, by its `render.py`."""
    return lambda given, output: [
        program(peer, "python"),
        str(port(peer) / "render.py"),
        str(given / VALUES),
        str(output),
    ]
