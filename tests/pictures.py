"""Pictures and pages that are held as files, byte for byte; python -m tests.refresh renews them."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support import ROOT, meshgen

BANK = "profiles/app/examples/bank-of-anthos.yaml"
PICTURES: dict[str, tuple[str, ...]] = {
    "docs/bank-of-anthos.svg": (BANK, "--format", "svg"),
    "tests/graph/pages/bank-of-anthos.html": (BANK, "--format", "html"),
    "tests/graph/pages/everything.svg": (BANK, "--format", "svg", "--hide", "nothing"),
    "tests/graph/pages/foreign.svg": ("tests/why/shop/shop.yaml", "--format", "svg"),
    "tests/graph/pages/foreign.html": ("tests/why/shop/shop.yaml", "--format", "html"),
    "tests/graph/pages/inside.svg": ("tests/why/shop/shop.yaml", "--format", "svg", "--hide", "outside"),
    "tests/graph/pages/long-names.svg": ("tests/graph/pages/long-names.yaml", "--format", "svg"),
    "tests/graph/pages/tenants.svg": ("profiles/tenant/examples/two-tenants.yaml", "--format", "svg"),
    "tests/graph/hostile/names.svg": ("tests/graph/hostile/names.yaml", "--format", "svg"),
    "tests/graph/hostile/names.html": ("tests/graph/hostile/names.yaml", "--format", "html"),
}
"""File to the arguments of `meshgen graph` that make it, in the project's folder."""


def drawn(name: str) -> str:
    """Return what the file *name* should hold."""
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        run = meshgen("graph", *PICTURES[name])
    finally:
        os.chdir(before)
    assert run.code == 0, run.err
    return run.out
