"""A profile becomes intent: its type's template is rendered, and read back with the places kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from generator.core import schema_errors
from generator.core.findings import Finding
from generator.core.json_schema import Validator, compile_schema
from generator.core.names import suggestion
from generator.core.places import Document
from generator.core.resources import json_file
from generator.core.yaml_reader import read_documents
from generator.intent.profile import Profile
from generator.intent.profile_types import ProfileType, common_definitions
from generator.templating.engine import TemplateEngine, TemplateFailure
from generator.templating.placed import PlaceTags, placed


@cache
def intent_schema() -> dict[str, Any]:
    """Return the JSON Schema of intent documents, self-contained."""
    schema = json_file("intent", "schema.json")
    return {**schema, "$defs": {**common_definitions(), **schema["$defs"]}}


class Expander:
    """Expands profiles of the known *types*; holds what is compiled once for all of them."""

    def __init__(self, types: Mapping[str, ProfileType], engine: TemplateEngine) -> None:
        """Take the profile types and the engine that finds their templates."""
        self._types = types
        self._engine = engine
        self._validators: dict[str, Validator] = {}
        self._intent_validator: Validator | None = None

    def expand(self, profile: Profile) -> tuple[Document | None, list[Finding]]:
        """Return the intent of *profile* as a document whose places lie in the user's file.

        The intent is None when the profile has mistakes: MG010 (unknown type), MG011 to
        MG013 (against the type's schema), MG014 (the type's template is at fault).
        """
        known = self._types.get(profile.type)
        if known is None:
            place = profile.document.place(("profile",))
            return None, [
                Finding(
                    "MG010",
                    f"there is no profile type {profile.type!r}",
                    place,
                    suggestion(profile.type, self._types),
                )
            ]
        findings = self._check(profile, known)
        if findings:
            return None, findings
        return self._intent(profile, known)

    def _check(self, profile: Profile, known: ProfileType) -> list[Finding]:
        if known.name not in self._validators:
            self._validators[known.name] = compile_schema(known.schema())
        validator = self._validators[known.name]
        return schema_errors.findings(profile.document, validator, wrong="MG012", unknown="MG011", missing="MG013")

    def _intent(self, profile: Profile, known: ProfileType) -> tuple[Document | None, list[Finding]]:
        values = {
            "name": placed(profile.document, ("metadata", "name")),
            "spec": placed(profile.document, ("spec",)),
        }
        try:
            text = self._engine.render(known.template, values)
        except TemplateFailure as error:
            related = ((profile.place, "while this profile was expanded"),)
            return None, [
                Finding("MG014", error.message, error.place, "mend the profile type's template", related=related)
            ]
        documents, findings = read_documents(
            text, profile.document.file, place_from_tag=PlaceTags(profile.document.file), allow_ambiguous=True
        )
        if not findings and len(documents) == 1:
            self._intent_validator = self._intent_validator or compile_schema(intent_schema())
            findings = schema_errors.findings(
                documents[0], self._intent_validator, wrong="MG012", unknown="MG011", missing="MG013"
            )
        elif not findings:
            message = f"the profile type {known.name} printed {len(documents)} documents; an intent is one"
            findings = [Finding("MG014", message, profile.place, "mend the profile type's template")]
        return (None, findings) if findings else (documents[0], [])
