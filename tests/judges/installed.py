"""Where `make judges` puts the judges, and which of them are there in which version."""

from __future__ import annotations

import shutil
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".judges"
BIN = HOME / "bin"
CRDS = HOME / "crds"
MESSAGES = HOME / "definitions" / "messages.yaml"
"""Every message of istiod's analyzers."""
BRANCH = HOME / "definitions" / "istio-version"
"""The release branch that the installed Istio is of, as its own module says."""
SWAGGER = HOME / "definitions" / "swagger.json"
"""The objects of Kubernetes, as OpenAPI."""
ISTIOD = BIN / "istiod"


def find(name: str) -> str | None:
    """Return the program *name*: of `make judges`, else of the machine; None if there is none."""
    own = [folder / name for folder in (BIN, HOME / "venv" / "bin")]
    return next((str(one) for one in own if one.exists()), shutil.which(name))


def version(judge: str) -> str:
    """Return the version of *judge* that `make judges` installed; empty if it did not."""
    stamp = _stamp(judge)
    return stamp.read_text("utf-8") if stamp.exists() else ""


def istio(judge: str) -> str:
    """Return which Istio the *judge* is made of: its branch, and the version that Go knows it by."""
    branch = BRANCH.read_text("utf-8").strip() if BRANCH.exists() else ""
    return f"Istio {branch} ({version(judge).partition(' ')[0]})"


def remember(judge: str, wanted: str) -> None:
    """Write down that *judge* is there in the version that was *wanted*."""
    _stamp(judge).parent.mkdir(parents=True, exist_ok=True)
    _stamp(judge).write_text(wanted, "utf-8")


def _stamp(judge: str) -> Path:
    return HOME / "stamps" / judge
