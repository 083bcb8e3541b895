"""A plugin of pytest that puts a mutant in the place of one module; nothing on disk is touched.

`MESHGEN_MUTANT=generator.rules.mg101_any_peer=/tmp/mutant.py` names the module and the file to take instead.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

VARIABLE = "MESHGEN_MUTANT"


class Planted(importlib.abc.MetaPathFinder):
    """Finds one module elsewhere."""

    def __init__(self, name: str, file: str) -> None:
        """Find the module *name* in *file*."""
        self._name = name
        self._file = file

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where the planted module is; None for every other one."""
        del path, target  # where a package looks, and what is reloaded, does not matter
        return importlib.util.spec_from_file_location(fullname, self._file) if fullname == self._name else None


if VARIABLE in os.environ:
    module, _, file = os.environ[VARIABLE].partition("=")
    assert module not in sys.modules, f"{module} was loaded before its mutant"
    sys.meta_path.insert(0, Planted(module, file))
