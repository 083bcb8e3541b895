"""istioctl without a cluster: istiod's webhook validation, and the analyzers."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.judges.bundles import Object
from tests.judges.installed import find

AT_ONCE = 4


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
    """Return what istiod's webhook has against each of *documents*; empty where it has nothing."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(_refusal, documents))


def _refusal(document: Object) -> str:
    done = _run("validate", [document])
    lines = [line.strip(" \t*") for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    said = [line for line in lines if "is valid" not in line and not line.endswith("has warnings:")]
    kept = [line for line in said if ANY_FILTER not in line]
    return " ".join(kept) or ("refused" if done.returncode else "")


def messages(documents: Iterable[Object], level: str = "Warning") -> list[Message]:
    """Return what the analyzers say of *documents* together, at *level* or above."""
    done = _run("analyze", documents, "-A", "--use-kube=false", "-o", "json", "--output-threshold", level)
    assert done.stdout.strip(), done.stderr
    found = json.loads(done.stdout) or []
    return [Message(one["code"], one["level"], one["message"], one.get("origin", "")) for one in found]


def _run(verb: str, documents: Iterable[Object], *options: str) -> subprocess.CompletedProcess[str]:
    program = find("istioctl")
    assert program
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "documents.yaml"
        file.write_text(yaml.safe_dump_all(documents), "utf-8")
        named = ["-f", str(file)] if verb == "validate" else [str(file)]
        return subprocess.run([program, verb, *options, *named], capture_output=True, text=True, check=False)
