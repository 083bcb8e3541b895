"""The judge is kubernetes-validate: are our Kubernetes objects right in every release of it that is in use?"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from tests.judges.bundles import EXAMPLES, Object, rendered
from tests.judges.installed import find, version
from tests.judges.results import Result

RELEASES = tuple(f"1.{minor}" for minor in range(25, 38))
AT_ONCE = 2
CUSTOM = ("istio.io", "gateway.networking.k8s.io")
"""Groups of custom resources, which no release of Kubernetes has a schema for."""


def sit() -> Result:
    """Show it every Kubernetes object of every bundle, once for each release, strict about fields."""
    program = find("kubernetes-validate")
    if program is None:
        return Result(skipped="kubernetes-validate not installed")
    objects = _known([one for example in EXAMPLES for one in rendered(example).objects])
    found = wrong(program, objects, RELEASES)
    package = next((one for one in version("pypi").split() if one.startswith("kubernetes-validate")), "")
    counts = {"documents": len(objects), f"releases, {RELEASES[0]} to {RELEASES[-1]}": len(RELEASES)}
    return Result(package.replace("==", " "), counts, len(objects) * len(RELEASES), tuple(found))


def wrong(program: str, objects: Sequence[Object], releases: Sequence[str]) -> list[str]:
    """Return what *program* has against the Kubernetes objects among *objects*, in each of the *releases*."""
    shown = _known(objects)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        file = Path(folder) / "documents.yaml"
        file.write_text(yaml.safe_dump_all(shown), "utf-8")
        commands = ([program, "-k", release, "--strict", str(file)] for release in releases)
        said = pool.map(lambda command: subprocess.run(command, capture_output=True, text=True, check=False), commands)
        lines = [line for one in said for line in (one.stdout + one.stderr).splitlines()]
    passed, wanted = sum(" passed for resource " in line for line in lines), len(shown) * len(releases)
    found = [line for line in lines if line.startswith(("ERROR", "WARN"))]
    return found + ([f"{passed} of {wanted} passed"] if passed != wanted else [])


def _known(objects: Sequence[Object]) -> list[Object]:
    return [one for one in objects if not any(group in one["apiVersion"] for group in CUSTOM)]
