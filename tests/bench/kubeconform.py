"""kubeconform: what others check documents with, given the very schemas that meshgen checks with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from generator.manifests.schema import schema_of
from tests.bench.clock import Cost, Fresh, run
from tests.judges.installed import find

KUBECONFORM = "kubeconform"
_KINDS = {
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "security.istio.io/v1": ("AuthorizationPolicy", "PeerAuthentication"),
    "networking.istio.io/v1": ("ServiceEntry", "Sidecar"),
}
_LOOKAHEAD = re.compile(r"\(\?=[^)]*\)")
"""Go's regular expressions have none: without ours (a length within a label's key) they take a little more."""


def validate(fresh: Fresh, documents: Path) -> dict[str, Callable[[], Cost]]:
    """Return what times kubeconform on the folder *documents*, by its name; nothing where it is not installed.

    A document without a schema makes it fail, so it cannot be quick by skipping.
    """
    found = find(KUBECONFORM)
    if not found:
        return {}
    schemas = fresh()
    schemas.mkdir()
    for version, kinds in _KINDS.items():
        for kind in kinds:
            name = f"{kind.lower()}-{version.partition('/')[0]}-{version.rpartition('/')[2]}.json"
            (schemas / name).write_text(_LOOKAHEAD.sub("", json.dumps(schema_of(kind, version))), "utf-8")
    location = f"{schemas}/{{{{ .ResourceKind }}}}-{{{{ .Group }}}}-{{{{ .ResourceAPIVersion }}}}.json"
    command = [found, "-strict", "-schema-location", location, str(documents)]
    return {KUBECONFORM: lambda: run(command)}
