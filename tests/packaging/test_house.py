"""What the house rules of CONTRIBUTING say of the tree itself, and no linter looks at."""

from __future__ import annotations

import re

from tests.support import ROOT

FOLDERS = ("generator", "tests")
RULE = re.search(r"^- Modules up to (\d+) lines", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
"""The rule as contributors read it: the one place of the number."""


def test_no_module_is_longer_than_the_house_allows() -> None:
    assert RULE, "CONTRIBUTING.md says how long a module may be: '- Modules up to NUMBER lines'"
    limit = int(RULE[1])
    modules = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(modules) > 2 * len(FOLDERS)
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in modules}
    too_long = [f"{path.relative_to(ROOT)}: {length} lines" for path, length in lengths.items() if length > limit]
    assert not too_long, (
        f"A module does one job in at most {limit} lines. Move a part with a name of its own into a module beside it "
        f"(what is imported together, tested together); do not squeeze lines: {', '.join(too_long)}"
    )
