"""The corpus of istiod's analyzers: for each of their messages about our kinds a bundle, and what we say of it.

Each file of `analyzers/` begins with the code of istiod, and with ours or the reason why we have none.
`elsewhere.yaml` has the codes that no object of ours could bring up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from generator.checking.check import CheckRequest, check
from tests.judges.bundles import Object
from tests.judges.installed import MESSAGES

FOLDER = Path(__file__).with_name("analyzers")
ELSEWHERE = Path(__file__).with_name("elsewhere.yaml")
_HEAD = re.compile(r"# istiod: (?P<theirs>IST\d{4})\n# (?:meshgen: (?P<ours>MG\d{3})|not ours: (?P<reason>.+))\n")


@dataclass(frozen=True)
class Analyzed:
    """One bundle: istiod's code for what is wrong with it, and ours, or the ``reason`` why we have none."""

    path: Path

    @cached_property
    def _head(self) -> re.Match[str]:
        found = _HEAD.match(self.path.read_text("utf-8"))
        assert found, f"{self.path.name} does not begin with what istiod and meshgen say"
        return found

    @property
    def theirs(self) -> str:
        return self._head["theirs"]

    @property
    def ours(self) -> str | None:
        return self._head["ours"]

    @property
    def reason(self) -> str | None:
        return self._head["reason"]

    @cached_property
    def objects(self) -> tuple[Object, ...]:
        """What is wrong, as data."""
        return tuple(yaml.safe_load_all(self.path.read_text("utf-8")))

    def found(self) -> set[str]:
        """Return the codes of all that we find in it, taken for the whole cluster."""
        request = CheckRequest(paths=(str(self.path),), environment="kind", is_complete=True)
        return {one.code for one in check(request).findings}


def corpus() -> list[Analyzed]:
    """Return every bundle of the corpus."""
    return [Analyzed(path) for path in sorted(FOLDER.glob("*.yaml"))]


def elsewhere() -> dict[str, str]:
    """Return the reason why there is no bundle for it, for each such code."""
    listed: dict[str, list[str]] = yaml.safe_load(ELSEWHERE.read_text("utf-8"))
    return {code: reason for reason, codes in listed.items() for code in codes}


def unheard_of() -> list[str]:
    """Return the codes of the installed istiod that neither a bundle nor a reason is about."""
    known = {one.theirs for one in corpus()} | elsewhere().keys()
    return sorted({one["code"] for one in yaml.safe_load(MESSAGES.read_text("utf-8"))["messages"]} - known)
