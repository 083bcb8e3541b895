"""The wheel away from the checkout: its tests with the newest or the oldest dependencies, and what it consists of.

python -m tests.packaging.elsewhere newest [PYTEST…]    the tests on the wheel, dependencies as a user gets them today
python -m tests.packaging.elsewhere oldest [PYTEST…]    the same with the oldest that pyproject.toml allows
python -m tests.packaging.elsewhere sbom                a CycloneDX bill of materials and the licences, into dist/
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

from generator import __version__

ROOT = Path(__file__).resolve().parent.parent.parent
DIST = ROOT / "dist"
TESTS = ("tests/core", "tests/cli", "tests/profiles", "tests/templating", "tests/manifests", "tests/environment")
"""What touches a dependency or an installed file; the rest is the same code again."""
_LEFT_OUT = (".git", ".venv", "build", "dist", "generator", "__pycache__", ".*_cache", ".hypothesis")


def main(arguments: list[str]) -> int:
    """Do what *arguments* say; return the exit code of the tests."""
    what, *pytest = arguments or ["newest"]
    with tempfile.TemporaryDirectory(prefix="meshgen-") as name:
        folder = Path(name)
        python = _environment(folder / "venv", oldest=what == "oldest")
        if what == "sbom":
            _bill_of_materials(python)
            return 0
        if what == "oldest" and (newer := _newer_than_allowed(python)):
            print("not the oldest that pyproject.toml allows:", *newer, sep="\n")
            return 1
        _test_requirements(python, folder)
        _run("uv", "pip", "list", "--python", python)
        shutil.copytree(ROOT, folder / "tree", ignore=shutil.ignore_patterns(*_LEFT_OUT))
        command = [str(python), "-m", "pytest", "-p", "no:cacheprovider", *(pytest or TESTS)]
        return subprocess.run(command, cwd=folder / "tree", check=False).returncode


def _environment(folder: Path, *, oldest: bool) -> Path:
    """Make a virtual environment with the wheel in ``dist/`` and nothing else; return its Python."""
    (wheel,) = DIST.glob("*.whl")
    _run("uv", "venv", "--quiet", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    # What pyproject.toml names is direct only if it is given beside the wheel: seen through it, it would be the newest.
    lowest = ["--resolution", "lowest-direct", "--requirement", str(ROOT / "pyproject.toml")] if oldest else []
    _run("uv", "pip", "install", "--quiet", "--python", python, *lowest, wheel)
    return python


def _test_requirements(python: Path, folder: Path) -> None:
    """Install what tests need, without touching the versions that are to be tested."""
    wanted = [str(one) for one in _settings()["dependency-groups"]["test"]]
    held = [f"{name}=={version}\n" for name, version in _installed(python).items()]
    (folder / "held.txt").write_text("".join(held), "utf-8")
    _run("uv", "pip", "install", "--quiet", "--python", python, "--constraint", folder / "held.txt", *wanted)


def _newer_than_allowed(python: Path) -> list[str]:
    """Return the dependencies of which the environment of *python* has another version than the oldest allowed."""
    found = []
    for wanted in map(Requirement, _settings()["project"]["dependencies"]):
        (oldest,) = (one.version for one in wanted.specifier if one.operator == ">=")
        installed = _installed(python)[wanted.name.replace(".", "-")]
        if Version(installed) != Version(oldest):
            found.append(f"{wanted}: {installed} is installed")
    return found


def _settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _installed(python: Path) -> dict[str, str]:
    """Return what the package index delivered into the environment of *python*, each name with its version."""
    command = ["uv", "pip", "freeze", "--python", str(python)]
    frozen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(line.split("==") for line in frozen.splitlines() if "==" in line)


def _bill_of_materials(python: Path) -> None:
    sbom = DIST / "meshgen.cdx.json"
    options = ("--pyproject", ROOT / "pyproject.toml", "--output-reproducible", "--of", "JSON", "--validate")
    _run(sys.executable, "-m", "cyclonedx_py", "environment", *options, "-o", sbom, python)
    bill = json.loads(sbom.read_text("utf-8"))
    bill["metadata"]["component"]["version"] = __version__  # pyproject.toml only says where it is written
    sbom.write_text(json.dumps(bill, indent=2) + "\n", "utf-8")
    licences = DIST / "licences.md"
    _run("pip-licenses", f"--python={python}", "--format=markdown", "--with-urls", f"--output-file={licences}")
    print(licences.read_text("utf-8"))


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
