"""What judges said: kept as data, so that the page and what quotes it cannot tell two stories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = Path(__file__).with_name("judged.json")


@dataclass(frozen=True, slots=True)
class Result:
    """One judge's session: in which version, over what, how many decisions, and what nobody has settled.

    ``open`` are disagreements that no entry of `settled.yaml` explains. ``skipped`` is why it did not sit.
    """

    version: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    decisions: int = 0
    open: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    skipped: str = ""


def load() -> dict[str, Result]:
    """Return the last result of every judge."""
    found = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    return {
        name: Result(**{**one, "open": tuple(one["open"]), "remarks": tuple(one["remarks"])})
        for name, one in found.items()
    }


def save(results: Mapping[str, Result]) -> None:
    """Write all *results* down."""
    data = {name: asdict(one) for name, one in sorted(results.items())}
    FILE.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
