"""Modules that are imported at the start, by libraries or by us, and that a render which goes well never uses.

They are loaded when somebody first asks them for something. `tempfile` imports `shutil`, `inspect`
imports `tokenize`, importing any part of Jinja or ruamel.yaml imports all of it: each loads many others.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

POSTPONED = (
    "decimal",
    "difflib",
    "jinja2",
    "linecache",
    "pickle",
    "ruamel.yaml",
    "shutil",
    "signal",
    "textwrap",
    "tokenize",
    "traceback",
)
"""Of use where it is ``import name`` that everybody says: ``from name import …`` asks at once."""


def postpone() -> None:
    """Let everybody import `POSTPONED` without loading it; for the start of a command, before other imports."""
    for name in POSTPONED:
        if name not in sys.modules:
            _postpone(name)


def _postpone(name: str) -> None:
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        return
    module, load = module_from_spec(spec), spec.loader.exec_module

    def ask(attribute: str) -> Any:
        below = f"{name}.{attribute}"
        if spec.submodule_search_locations and find_spec(below):
            return import_module(below)
        del module.__getattr__
        load(module)
        return getattr(module, attribute)

    module.__getattr__ = ask  # type: ignore[method-assign]
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
