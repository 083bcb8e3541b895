"""A profile that cannot be read is all that is wrong: what the others need of it is not held against them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.core.errors import InvalidInput
from generator.core.findings import Finding
from generator.intent.profile_types import profile_types
from generator.pipeline import Request, render
from tests.support import put_environments

BREAKS = {"an unknown field": ("spec:", "spec:", "zzz: true"), "no type": ("profile:", "profil:", "")}
"""What is replaced by what at the start of a line, and what is put into it, or below it."""


def _several(folder: str) -> Iterator[tuple[str, Path]]:
    """Yield the type and the path of each file of several profiles, or with one that takes over others."""
    for kind in profile_types().values():
        for path in sorted((kind.folder / folder).glob("*.yaml")):
            text = path.read_text("utf-8")
            if text.count("\nkind: Profile") > 1 or "use:" in text:
                yield kind.name, path


EXAMPLES = list(_several("examples"))
INVALID = [(kind, path) for kind, path in _several("invalid") if "use:" not in path.read_text("utf-8")]


def _broken(text: str, how: str) -> str:
    """Return the profile *text*, at the start of which its kind stands, with one mistake."""
    old, new, more = BREAKS[how]
    lines = text.split("\n")
    number = next(number for number, line in enumerate(lines) if line.startswith(old))
    rest = lines[number].removeprefix(old)
    if more and rest.strip().startswith("{"):
        rest = rest.replace("{", "{" + more + ", ", 1)
    elif more:
        rest += "\n  " + more
    lines[number] = new + rest
    return "\n".join(lines)


def _told(folder: Path) -> list[Finding]:
    with pytest.raises(InvalidInput) as refused:
        render(Request((str(folder),), name="bundle"))
    return list(refused.value.findings)


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize(("kind", "path"), EXAMPLES, ids=[f"{kind}/{path.stem}" for kind, path in EXAMPLES])
def test_one_broken_profile_is_all_that_is_told(kind: str, path: Path, how: str, tmp_path: Path) -> None:
    put_environments(path.parent.parent, tmp_path)
    profiles = path.read_text("utf-8").replace("environments/", "").split("\n---\n")
    for index, text in enumerate(profiles):
        if "\nkind: Profile" not in text:
            continue
        for number, one in enumerate(profiles):
            (tmp_path / f"{number}.yaml").write_text(one if number != index else _broken(text, how), "utf-8")
        for below in path.parent.glob("*/*.yaml"):  # what it takes over, rendered in the same run
            place = tmp_path / below.relative_to(path.parent).name
            place.write_bytes(below.read_bytes())
        found = _told(tmp_path)
        assert {Path(one.place.file).name for one in found if one.place} == {f"{index}.yaml"}, found
        assert {one.code for one in found} <= {"MG011", "MG013"}, found


@pytest.mark.parametrize(("kind", "path"), INVALID, ids=[f"{kind}/{path.stem}" for kind, path in INVALID])
def test_what_is_told_beside_a_broken_profile_stays_when_that_is_mended(kind: str, path: Path, tmp_path: Path) -> None:
    put_environments(path.parent.parent, tmp_path)
    text = path.read_text("utf-8").replace("../examples/environments/", "")
    profiles = [one for one in text.split("\n---\n") if "\nkind: Profile" in one]
    for number, one in enumerate(profiles):
        (tmp_path / f"{number}.yaml").write_text(one, "utf-8")
    whole = set(_told(tmp_path))
    for number, one in enumerate(profiles):
        file = tmp_path / f"{number}.yaml"
        file.write_text(_broken(one, "an unknown field"), "utf-8")
        told = {finding for finding in _told(tmp_path) if finding.place and finding.place.file != str(file)}
        assert told <= whole, told - whole
        file.write_text(one, "utf-8")
