"""Whatever anybody feeds us: a result or findings, never a traceback. What once broke something stays tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.fuzz import bounded, run
from tests.fuzz.targets import TARGETS

NUMBER = {"manifests": 15, "profile": 40, "function": 30, "profile-type": 40, "environment": 20}
REGRESSIONS = Path(__file__).parent / "regressions"
FILES = sorted(REGRESSIONS.glob("*/*"))


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_input(name: str) -> None:
    broken = run(TARGETS[name], NUMBER.get(name, 60))
    assert broken is None, f"{broken.text}\n{broken.how}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_once_broke_something(path: Path) -> None:
    with bounded():
        TARGETS[path.parent.name].feed(path.read_bytes().decode("utf-8", "surrogatepass"))
