"""Where the published schemas lie, beside the project; tests that need them are skipped without them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from generator.core.yaml_reader import read_documents

SHARED = Path(__file__).parents[2].parent / "shared"
CRDS = SHARED / "upstream" / "istio" / "crds-1.30.3.yaml"
GATEWAY_API = SHARED / "upstream" / "gateway-api"
OPENAPI = SHARED / "upstream" / "kubernetes" / "openapi-subset-1.36.json"
needs_upstream = pytest.mark.skipif(not CRDS.is_file(), reason="the published schemas are not beside the project")

Schema = dict[str, Any]


@cache
def crd_schemas() -> dict[tuple[str, str], Schema]:
    """Return the CRD schemas of Istio and of the Gateway API by (apiVersion, kind)."""
    files = [CRDS, *sorted(GATEWAY_API.glob("*.yaml"))]
    documents = [one for file in files for one in read_documents(file.read_bytes(), "", allow_ambiguous=True)[0]]
    schemas: dict[tuple[str, str], Schema] = {}
    for document in documents:
        spec = document.data["spec"]
        if document.data["kind"] != "CustomResourceDefinition":
            continue
        for version in spec["versions"]:
            identity = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            schemas[identity] = version["schema"]["openAPIV3Schema"]
    return schemas


@cache
def openapi_definitions() -> dict[str, Schema]:
    """Return the Kubernetes OpenAPI definitions by name."""
    definitions: dict[str, Schema] = json.loads(OPENAPI.read_text(encoding="utf-8"))["definitions"]
    return definitions
