"""Reading a plain command line without Typer, whose loading makes every render a fifth slower.

Only what needs no interpretation is read here; help, mistakes, abbreviations and everything
else is left to Typer. A test holds that both read the same. Measured: one `render` takes 23
times as long as `python -c pass` by way of Typer, and 19 times this way.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from generator.cli.options import Parameter

_COMPLETION = "_MESHGEN_COMPLETE"


def plain_arguments(verb: Callable[..., Any], words: Sequence[str]) -> dict[str, Any] | None:
    """Return what *words* say for the parameters of *verb*, None where they are not plain."""
    if os.name == "nt" or _COMPLETION in os.environ:  # there, Typer expands patterns; and completes
        return None
    slots = {
        name: _Slot(name, hint) for name, hint in get_type_hints(verb, include_extras=True).items() if name != "return"
    }
    by_flag = {flag: slot for slot in slots.values() for flag in slot.flags}
    argument = next(slot for slot in slots.values() if not slot.flags)
    rest = iter(words)
    for word in rest:
        slot = by_flag.get(word) if _is_option(word) else argument
        if slot is None or not slot.take(word, rest):
            return None
    if not argument.values:
        return None
    defaults = {name: one.default for name, one in inspect.signature(verb).parameters.items()}
    return {name: slot.result(defaults[name]) for name, slot in slots.items()}


def _is_option(word: str) -> bool:
    return word.startswith("-") and word != "-"


class _Slot:
    """One parameter, and what was given for it so far."""

    def __init__(self, name: str, hint: Any) -> None:
        self.name = name
        described: Parameter = hint.__metadata__[0]
        self.flags = described.flags
        kinds = [kind for kind in get_args(hint.__origin__) if kind is not NoneType]
        kind = hint.__origin__ if get_origin(hint.__origin__) is list or not kinds else kinds[0]
        self._is_list = get_origin(kind) is list
        self._type = get_args(kind)[0] if self._is_list else kind
        self.values: list[Any] = []

    def take(self, word: str, rest: Iterator[str]) -> bool:
        """Take *word*, or what follows it; False when that is not plainly a value."""
        if self._type is bool:
            self.values.append(True)
            return True
        value = next(rest, "--") if self.flags else word
        self.values.append(self._type(value))
        return not _is_option(value)

    def result(self, default: Any) -> Any:
        """Return the last value given, or all of a list."""
        if not self.values:
            return default
        return self.values if self._is_list else self.values[-1]
