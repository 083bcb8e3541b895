"""`why`, `diff` and `graph` answer what is written beside the YAML they are asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sessions import played, sessions


@pytest.mark.parametrize("path", sessions(), ids=lambda path: f"{path.parent.parent.name}/{path.parent.name}")
def test_answers_are_as_written(path: Path) -> None:
    assert played(path) == path.read_text("utf-8"), "`make refresh` renews it; review the difference"
