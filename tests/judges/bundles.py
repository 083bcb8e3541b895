"""Every example of every profile type, rendered once in memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.core.resources import bundled
from generator.model.terms import Mesh
from generator.pipeline import Bundle, Request, render

Json = Any
Object = dict[str, Any]

EXAMPLES = {f"{path.parts[-3]}/{path.stem}": path for path in sorted(bundled("profiles").glob("*/examples/*.yaml"))}
BANK = "app/bank-of-anthos"
CONDITIONS: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("conditions.yaml").read_text("utf-8"))
"""Examples with conditions on headers and tokens, and their keys."""

every_example = pytest.mark.parametrize("example", EXAMPLES)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One example: its bundle, and its objects as data."""

    bundle: Bundle
    objects: tuple[Object, ...]

    @property
    def is_ambient(self) -> bool:
        """Whether connections travel in HBONE, which no policy and no judge sees into."""
        intent = self.bundle.intent
        modes = {one.mesh for one in intent.namespaces.values()} | {one.mesh for one in intent.workloads.values()}
        return Mesh.AMBIENT in modes


@cache
def rendered(example: str) -> Rendered:
    """Render the *example*."""
    bundle = render(Request((str(EXAMPLES[example]),)))
    return Rendered(bundle, tuple(yaml.safe_load_all(bundle.stream)))


def write(bundle: Bundle, folder: Path) -> Path:
    """Write the files of *bundle* below *folder*, and return it."""
    for name, text in bundle.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    return folder


def identity(found: Object) -> tuple[str, str, str, str]:
    """Return what tells objects apart: apiVersion, kind, namespace, name."""
    metadata = found["metadata"]
    return found["apiVersion"], found["kind"], metadata.get("namespace", ""), metadata["name"]
