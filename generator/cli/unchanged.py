"""`meshgen render` where nothing has changed: answered from memory, and by nothing else.

Reads a plain command line by itself: loading the option table of the verb takes longer
than comparing a whole bundle. What is not plain here, or was never answered before, goes
the usual way. Tests hold the words equal to the table, and what is read to what Typer reads.
"""

from __future__ import annotations

import sys

from generator.output.proven import recall

SWITCHES = {"--check": "check", "--dry-run": "dry_run", "--force": "force"}
VALUES = {
    "-o": "output",
    "--output": "output",
    "--env": "env",
    "--set": "overrides",
    "--layer": "layer",
    "--name": "name",
    "--profiles": "profile_folders",
    "--templates": "template_folders",
    "--schemas": "schemas",
    "--format": "output_format",
    "--depfile": "depfile",
}
MANY = frozenset({"profiles", "overrides", "profile_folders", "template_folders", "schemas"})
PATHS = frozenset({"profile_folders", "template_folders", "schemas", "depfile"})
_NOT_ASKED = frozenset({"check", "dry_run"})
"""Whether to write: the same question, as nothing is written where nothing has changed."""
_STREAM = "-"
"""Standard input, and standard output."""
_USUAL = {"layer": "all", "output_format": "text"}


def answered(words: list[str]) -> bool:
    """Tell whether `render` with *words* has nothing to do, and say so to the user."""
    given = read(words)
    if given is None or any(_has_stream(value) for value in given.values()):
        return False
    is_comparison = bool(_NOT_ASKED & given.keys())
    if is_comparison and "depfile" in given:  # an error
        return False
    found = recall(question(given))
    if found is None:
        return False
    folder, files = found
    sys.stderr.write(f"{folder}: up to date\n" if is_comparison else f"{folder}: {files} files, unchanged\n")
    return True


def question(given: dict[str, object]) -> str:
    """Return the one spelling of a command line, from the values of its parameters; what is as usual does not count."""
    asked = []
    for name in sorted(given.keys() - _NOT_ASKED):
        value = given[name]
        if value is not None and value != _USUAL.get(name, False):
            parts = value if isinstance(value, list) else [value]
            asked.append((name, [_plain(str(part)) if name in PATHS else str(part) for part in parts]))
    return repr(asked)


def read(words: list[str]) -> dict[str, object] | None:
    """Return what *words* say for the parameters of `render`, as text; None where that is not plain."""
    given: dict[str, object] = {}
    rest = iter(words)
    for word in rest:
        if word in SWITCHES:
            given[SWITCHES[word]] = True
            continue
        name = VALUES.get(word, "profiles")
        value = next(rest, "--") if word in VALUES else word
        if value.startswith("-") and value != _STREAM:
            return None
        if name in MANY:
            given.setdefault(name, []).append(value)  # type: ignore[attr-defined]
        else:
            given[name] = value
    return given if "profiles" in given else None


def _has_stream(value: object) -> bool:
    return _STREAM in (value if isinstance(value, list) else [value])


def _plain(path: str) -> str:
    """Spell *path* as pathlib does."""
    steps = "/".join(step for step in path.split("/") if step not in ("", "."))
    return f"/{steps}" if path.startswith("/") else steps or "."
