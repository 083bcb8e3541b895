"""What was rendered is read back through the same door as a stranger's YAML, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.core.findings import Finding, Severity
from generator.core.places import Document, Place
from generator.core.yaml_quick import read_quickly
from generator.manifests import admission, schema
from generator.plan.resources import Resource


def check_rendered(
    text: str, path: str, resource: Resource, schemas: Mapping[tuple[str, str], dict[str, Any]]
) -> tuple[Document | None, list[Finding]]:
    """Return the rendered *text* of *resource* as it is read, if it is one document, and what is wrong with it.

    MG002 to MG008 (not the YAML that every reader understands), MG601 (schema), MG602
    (what the API server or istiod would refuse), MG605 (not the object that was planned).
    """
    documents, findings = read_quickly(text, path)
    if findings:
        return None, findings
    if len(documents) != 1:
        message = f"the template printed {len(documents)} documents; it must print exactly one"
        return None, [Finding("MG605", message, Place(path, 1, 1))]
    document = documents[0]
    found = [*_identity(document, resource), *schema.check(document, schemas), *admission.check(document)]
    return document, [finding for finding in found if finding.severity is not Severity.INFO]


def _identity(document: Document, resource: Resource) -> list[Finding]:
    """An overriding template may change how an object looks, not which object it is."""
    if resource.kind == "Kustomization" or not isinstance(document.data, dict):
        return []
    metadata = document.data.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    namespace = None if resource.is_cluster_scoped else resource.namespace
    wanted = (resource.api_version, resource.kind, resource.name, namespace)
    printed = (
        document.data.get("apiVersion"), document.data.get("kind"), metadata.get("name"), metadata.get("namespace")
    )  # fmt: skip
    if printed == wanted:
        return []
    return [Finding("MG605", f"the template printed {printed}, but the object is {wanted}", document.place())]
