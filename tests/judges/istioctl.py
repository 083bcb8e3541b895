"""What istiod says of documents: its webhook, by istioctl, and its analyzers, by the program of `tests/judges/istiod`.

`istioctl analyze` without a cluster silently leaves out every analyzer that looks at namespaces, pods or services.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.judges.bundles import Object
from tests.judges.installed import ISTIOD, find

AT_ONCE = 2
PARTS = 8
LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Message:
    """What an analyzer says."""

    code: str
    level: str
    text: str
    origin: str


ANY_FILTER = "EnvoyFilter exposes internal implementation details"
"""What it warns of every EnvoyFilter, whatever stands in it."""


def refusals(documents: Iterable[Object]) -> list[str]:
    """Return what istiod's webhook has against each of *documents*; empty where it has nothing.

    It is shown many at once, and asked again about ever fewer where it has something against one of them.
    """
    asked = list(documents)
    said = _refusal(asked) if asked else ""
    if not said or len(asked) == 1:
        return [said] * len(asked)
    size = max(1, len(asked) // PARTS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = [asked[first : first + size] for first in range(0, len(asked), size)]
        return [one for found in pool.map(refusals, parts) for one in found]


def _refusal(documents: Sequence[Object]) -> str:
    program = find("istioctl")
    assert program
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "documents.yaml"
        file.write_text(yaml.safe_dump_all(documents), "utf-8")
        command = [program, "validate", "-f", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line.strip(" \t*") for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    said = [line for line in lines if "is valid" not in line and not line.endswith("has warnings:")]
    kept = [line for line in said if ANY_FILTER not in line]
    return " ".join(kept) or ("refused" if done.returncode else "")


def messages(bundles: Sequence[Iterable[Object]]) -> list[list[Message]]:
    """Return what all of the analyzers say of each of the *bundles*."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        question = json.dumps([yaml.safe_dump_all(one) for one in bundles])
        command = [str(ISTIOD), "analyze", str(answer)]
        done = subprocess.run(command, input=question, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-LENGTH:]
        return [[Message(**said) for said in one] for one in json.loads(answer.read_text("utf-8"))]
