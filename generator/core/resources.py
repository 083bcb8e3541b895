"""Where the bundled templates and profile types live, in a checkout and in an installed wheel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

_PACKAGE = Path(__file__).resolve().parent.parent


def bundled(kind: Literal["templates", "profiles"]) -> Path:
    """Return the folder of the bundled *kind*: inside the package when installed, beside it in a checkout."""
    installed = _PACKAGE / "_data" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def package_file(*parts: str) -> Path:
    """Return a data file that lies inside the package itself, such as a JSON Schema."""
    return _PACKAGE.joinpath(*parts)


def json_file(*parts: str) -> dict[str, Any]:
    """Return the JSON object in a data file of the package."""
    data: dict[str, Any] = json.loads(package_file(*parts).read_text("utf-8"))
    return data
