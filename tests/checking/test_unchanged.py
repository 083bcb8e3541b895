"""Whoever looks at documents leaves them as they are: what recurs in them is one value in memory."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from generator.checking.check import CheckRequest, check
from generator.core import yaml_lines

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("folder", ["tests/rules/cases/MG105", "tests/rules/cases/MG305", "out/app", "out/tenant"])
def test_checking_changes_no_document(folder: str) -> None:
    yaml_lines._known.clear()
    check(CheckRequest(paths=(str(ROOT / folder),), environment="kind", is_complete=True))
    lines = deepcopy(yaml_lines._known)
    assert any(line and isinstance(line[4], dict | list) for line in lines.values())
    yaml_lines._known.clear()
    for text, line in lines.items():
        understood = yaml_lines._understood(text)
        assert understood == line or (understood and line and understood[4] is yaml_lines._OPEN)
