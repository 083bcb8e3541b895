"""Rules about policies that anybody wrote: one rule, one module, one list."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import cast

from generator.rules.base import RuleModule


@cache
def registry() -> tuple[RuleModule, ...]:
    """Return every rule module of this package, sorted by code.

    Modules are named ``mgNNN_slug``; a test holds names, codes and slugs together.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith("mg"))
    return tuple(cast("RuleModule", importlib.import_module(f"{__name__}.{name}")) for name in names)
