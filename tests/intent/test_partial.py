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


def _examples() -> Iterator[tuple[str, Path]]:
    for kind in profile_types().values():
        for path in kind.examples():
            text = path.read_text("utf-8")
            if text.count("\nkind: Profile") > 1 or "use:" in text:
                yield kind.name, path


EXAMPLES = list(_examples())


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
