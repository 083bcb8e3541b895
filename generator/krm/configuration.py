"""What a functionConfig asks for: a Profile to render, or one of our own kinds, named after the verbs."""

from __future__ import annotations

from typing import Any

from generator.core import schema_errors
from generator.core.errors import InvalidInput
from generator.core.findings import Finding
from generator.core.json_schema import compile_schema
from generator.core.names import suggestion
from generator.core.places import Document, Json
from generator.core.resources import json_file
from generator.intent.profile import API_VERSION

PROFILE = "Profile"
RENDER = "Render"
CHECK = "Check"
VERIFY = "Verify"


def configuration_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a functionConfig of *kind*: Render, Check or Verify."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "The version of this format."},
            "kind": {"const": kind, "description": "What the function does."},
            "metadata": {"type": "object", "description": "Name and annotations, for whoever runs the function."},
            "spec": _specs()[kind],
        },
    }


def function_schema() -> dict[str, Any]:
    """Return the JSON Schema of every functionConfig but a Profile, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://meshgen.dev/schemas/v1alpha1/fn.json",
        "title": "meshgen fn: functionConfig",
        "oneOf": [configuration_schema(kind) for kind in _specs()],
    }


def read_configuration(document: Document) -> tuple[str, dict[str, Json]]:
    """Return kind and spec of the functionConfig in *document*; a Profile's spec is left to the pipeline.

    Raises:
        InvalidInput: it is none of ours, or has mistakes.
    """
    data = document.data
    kind = str(data.get("kind")) if isinstance(data, dict) else ""
    if kind == PROFILE:
        return kind, {}
    known = [PROFILE, *_specs()]
    if kind not in known:
        message = f"the function's configuration is a {kind or 'nothing'}, and none of {', '.join(known)}"
        raise InvalidInput([Finding("MG012", message, document.place(("kind",)), suggestion(kind, known))])
    validator = compile_schema(configuration_schema(kind))
    findings = schema_errors.findings(document, validator, wrong="MG012", unknown="MG011", missing="MG013")
    if findings:
        raise InvalidInput(findings)
    return kind, dict(data.get("spec") or {})


def _specs() -> dict[str, Any]:
    return json_file("krm", "schema.json")
