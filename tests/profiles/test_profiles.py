"""Every profile type is complete, its examples render, and its wrong examples say exactly what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.core.errors import InvalidInput
from generator.intent.profile_types import ProfileType, profile_types
from generator.pipeline import Request, render

TYPES = profile_types()
EXAMPLES = [(kind.name, path) for kind in TYPES.values() for path in kind.examples()]
INVALID = [(kind.name, path) for kind in TYPES.values() for path in sorted((kind.folder / "invalid").glob("*.yaml"))]
SECTIONS = ("What it grants", "Why", "Minimal example", "Objects emitted", "Options", "Guarantees", "Limits")


def expected(path: Path) -> list[str]:
    """The leading comments `# expect: CODE @ line:column` of a wrong example."""
    return re.findall(r"^# expect: (MG\d{3} @ \d+:\d+)$", path.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
def test_type_is_complete(kind: ProfileType) -> None:
    readme = kind.readme()
    assert [f"## {section}" for section in SECTIONS] == re.findall(r"^## .*", readme, re.MULTILINE)
    assert kind.summary
    assert len(kind.examples()) >= 2
    assert len(list((kind.folder / "invalid").glob("*.yaml"))) >= 3


@pytest.mark.parametrize(("kind", "path"), EXAMPLES, ids=[f"{kind}/{path.stem}" for kind, path in EXAMPLES])
def test_example_renders(kind: str, path: Path) -> None:
    bundle = render(Request((str(path),)))
    assert bundle.resources
    assert (
        bundle.extras
        or any(origin.profile_type == kind for one in bundle.resources for origin in one.origins)
        or kind.startswith("migration-phase")
    )


@pytest.mark.parametrize(("kind", "path"), INVALID, ids=[f"{kind}/{path.stem}" for kind, path in INVALID])
def test_wrong_example_is_refused_at_its_place(kind: str, path: Path) -> None:
    assert expected(path), "a wrong example starts with `# expect: CODE @ line:column`"
    with pytest.raises(InvalidInput) as refused:
        render(Request((str(path),)))
    found = [f"{one.code} @ {one.place.line}:{one.place.column}" for one in refused.value.findings if one.place]
    assert found == expected(path)
    assert all(finding.fix for finding in refused.value.findings), "every error names its cure"
