"""The judge is kubeconform, with schemas that take no unknown field: what does it say of right and wrong documents?"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from tests.judges import closed
from tests.judges.bundles import Object
from tests.judges.installed import CRDS, SWAGGER, find, version
from tests.judges.results import Result
from tests.judges.sittings.admission import right, wrong


def sit() -> Result:
    """Show it every document of every bundle, and every wrong document of ours."""
    program = find("kubeconform")
    if program is None or not CRDS.exists() or not SWAGGER.exists():
        return Result(skipped="kubeconform, CRDs or OpenAPI definitions not installed")
    good, bad = list(right()), list(wrong())
    reasons = refusals(program, [*(one for _, one in good), *(one for _, one, _ in bad)])
    of_good, of_bad = reasons[: len(good)], reasons[len(good) :]
    refused = [f"{name}: {reason}" for (name, _), reason in zip(good, of_good, strict=True) if reason]
    unseen = [
        f"{name}: kubeconform refuses it, we do not: {reason}"
        for (name, _, is_refused), reason in zip(bad, of_bad, strict=True)
        if reason and not is_refused
    ]
    both = sum(bool(reason) and one[2] for one, reason in zip(bad, of_bad, strict=True))
    return Result(
        version=f"kubeconform {version('kubeconform')}",
        counts={
            "documents of bundles, all taken": len(good) - len(refused),
            "wrong documents, refused by both": both,
            "wrong documents that no JSON schema can tell": len(bad) - both - len(unseen),
        },
        decisions=len(reasons),
        open=(*refused, *unseen),
    )


def refusals(program: str, documents: Sequence[Object]) -> list[str]:
    """Return what kubeconform has against each of *documents*; empty where it has nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder, schemas = Path(name) / "documents", Path(name) / "schemas"
        folder.mkdir()
        schemas.mkdir()
        files = [folder / f"{number:05}.yaml" for number in range(len(documents))]
        for file, one in zip(files, documents, strict=True):
            file.write_text(yaml.safe_dump(one), "utf-8")
        place = closed.write(schemas, map(_kind, documents))
        command = [program, "-strict", "-verbose", "-output", "json", "-schema-location", place, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = {one["filename"]: one for one in json.loads(done.stdout)["resources"]}
    assert len(said) == len(documents), done.stderr
    return ["" if said[str(file)]["status"] == "statusValid" else said[str(file)]["msg"] for file in files]


def _kind(document: Object) -> closed.Kind:
    group, _, version_ = str(document.get("apiVersion")).rpartition("/")
    return group, version_, str(document.get("kind"))
