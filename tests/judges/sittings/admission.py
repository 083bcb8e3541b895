"""The judge is the API server: does it take what we render, and do we refuse what it refuses?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from generator.core.yaml_reader import read_documents
from generator.manifests import admission, schema
from tests.judges.api_server import ApiServer, running
from tests.judges.bundles import EXAMPLES, Object, rendered
from tests.judges.enforcement.cases import BY_HAND
from tests.judges.installed import find
from tests.judges.results import Result

ROOT = Path(__file__).resolve().parents[3]
MANIFESTS = ROOT / "tests" / "manifests"


def sit() -> Result:
    """Show it every document of every bundle, and every wrong document of ours."""
    missing = [name for name in ("etcd", "kube-apiserver") if find(name) is None]
    if missing:
        return Result(skipped=f"{' and '.join(missing)} not installed")
    with running() as server:
        good = list(right())
        refused = [f"{name}: {reason}" for name, one in good if (reason := server.refusal(one))]
        bad = list(wrong())
        both, ours, unseen = 0, 0, []
        for name, one, is_refused in bad:
            reason = server.refusal(one)
            both += bool(reason) and is_refused
            ours += is_refused and not reason
            if reason and not is_refused:
                unseen.append(f"{name}: the API server refuses it, we do not: {reason}")
        return Result(
            version=f"kube-apiserver {server.version()}",
            counts={
                "documents of bundles, all taken": len(good) - len(refused),
                "wrong documents, refused by both": both,
                "wrong documents that only we refuse (istiod would, or they fail in silence)": ours,
            },
            decisions=len(good) + len(bad),
            open=(*refused, *unseen),
        )


def right() -> Iterator[tuple[str, Object]]:
    """Yield every object that must be taken, with where it is from."""
    for example in EXAMPLES:
        for one in rendered(example).objects:
            yield f"{example}: {one['kind']} {one['metadata'].get('name')}", one
    for path in (*BY_HAND.values(), *sorted((MANIFESTS / "valid").glob("*.yaml"))):
        for one in yaml.safe_load_all(path.read_text("utf-8")):
            if one and one["kind"] != "Kustomization":
                yield f"{path.name}: {one['kind']} {one['metadata'].get('name')}", one


def wrong() -> Iterator[tuple[str, Object, bool]]:
    """Yield every wrong document on file, and whether we refuse it."""
    for path in sorted((MANIFESTS / "invalid").glob("*.yaml")):
        documents, _ = read_documents(path.read_bytes(), path.name)
        for number, document in enumerate(documents):
            if isinstance(document.data, dict) and document.data.get("kind") != "Kustomization":
                refused = bool(schema.check(document) + admission.check(document))
                yield f"{path.name}[{number}]", document.data, refused


__all__ = ["ApiServer", "right", "sit", "wrong"]
