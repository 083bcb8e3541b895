"""Profile types: folders of data, the bundled ones and a platform team's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from generator.core.errors import MeshgenError
from generator.core.frozen import dataclass
from generator.core.json_schema import schema_problem
from generator.core.resources import bundled
from generator.intent.profile import envelope_schema

SCHEMA_FILE = "schema.json"
TEMPLATE_FILE = "intent.yaml.j2"
_COMMON_FILE = "common.schema.json"


@dataclass(frozen=True, slots=True)
class ProfileType:
    """One kind of intent: a folder with a schema, a template to intent, a README and examples."""

    name: str
    folder: Path

    @property
    def summary(self) -> str:
        """The first sentence of its README, below the title."""
        lines = self.readme().splitlines()
        described = str(self.spec_schema().get("description", ""))
        return next((line for line in lines if line and not line.startswith("#")), described)

    @property
    def template(self) -> str:
        """Name of the template that turns its profiles into intent."""
        return f"{self.name}/{TEMPLATE_FILE}"

    def readme(self) -> str:
        """Return its documentation (Markdown), empty when its author wrote none."""
        path = self.folder / "README.md"
        return path.read_text("utf-8") if path.is_file() else ""

    def spec_schema(self) -> dict[str, Any]:
        """Return the schema of ``spec`` as the type's author wrote it.

        Raises:
            MeshgenError: the file is no JSON object.
        """
        path = self.folder / SCHEMA_FILE
        try:
            schema = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise MeshgenError(f"{path}: not valid JSON: {error}") from error
        if not isinstance(schema, dict):
            raise MeshgenError(f"{path}: a JSON Schema is an object")
        return schema

    def schema(self) -> dict[str, Any]:
        """Return the complete schema of a profile of this type, self-contained, for editors too.

        Raises:
            MeshgenError: the author's file is no JSON Schema.
        """
        spec = self.spec_schema()
        definitions = {**common_definitions(), **spec.pop("$defs", {})}
        for key in ("$schema", "$id"):
            spec.pop(key, None)
        envelope, summary = envelope_schema(), self.summary
        envelope["properties"]["profile"] = {"const": self.name, "description": summary}
        envelope["properties"]["spec"] = {"description": summary, **spec}
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"https://meshgen.dev/schemas/v1alpha1/{self.name}.json",
            "title": f"meshgen profile: {self.name}",
            **envelope,
            "$defs": definitions,
        }
        is_own = self.folder.parent != bundled("profiles")  # those that come with meshgen are tested
        if is_own and (problem := schema_problem(schema)):
            raise MeshgenError(f"{self.folder / SCHEMA_FILE}: not a valid JSON Schema: {problem}")
        return schema

    def examples(self) -> list[Path]:
        """Return its example profiles."""
        return sorted((self.folder / "examples").glob("*.yaml"))


@cache
def _common_file() -> dict[str, Any]:
    definitions: dict[str, Any] = json.loads((bundled("profiles") / _COMMON_FILE).read_text("utf-8"))["$defs"]
    return definitions


def common_definitions() -> dict[str, Any]:
    """Return the definitions that every profile type's schema may refer to as ``#/$defs/NAME``."""
    return dict(_common_file())


def profile_folders(own: Sequence[Path]) -> list[Path]:
    """Return the folders that hold profile types; a user's folder wins over the bundled one.

    Raises:
        MeshgenError: a given folder does not exist.
    """
    for folder in own:
        if not folder.is_dir():
            raise MeshgenError(f"{folder}: there is no such folder of profile types")
    return [*own, bundled("profiles")]


def profile_types(own: Sequence[Path] = ()) -> dict[str, ProfileType]:
    """Return every known profile type by name, in alphabetical order."""
    found: dict[str, ProfileType] = {}
    for folder in profile_folders(own):
        for path in sorted(folder.iterdir()):
            if (path / SCHEMA_FILE).is_file() and (path / TEMPLATE_FILE).is_file():
                found.setdefault(path.name, ProfileType(path.name, path))
    return dict(sorted(found.items()))
