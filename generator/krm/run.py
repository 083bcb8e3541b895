"""One run of the function: what its configuration asks for, done to the list."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from generator.checking.check import CheckRequest, check
from generator.checking.files import STDIN_NAME
from generator.core.errors import EXIT_FINDINGS, EXIT_OK, EXIT_WRONG_INPUT, InvalidInput
from generator.core.findings import Finding, reaches
from generator.core.places import Document, Json
from generator.core.yaml_reader import read_documents
from generator.krm.configuration import CHECK, PROFILE, RENDER, read_configuration
from generator.krm.generate import put_bundle
from generator.krm.resource_list import ResourceList
from generator.krm.results import Origins, information
from generator.pipeline import Request, render, verify
from generator.plan.resources import Layer
from generator.verify.findings import summary
from generator.verify.proof import prove_objects

_NO_CONFIGURATION = "the function has no configuration: a Profile, or a Render, Check or Verify of meshgen.dev/v1alpha1"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to: its exit code, what to tell people, and what to tell programs (``results``)."""

    code: int
    findings: tuple[Finding, ...] = ()
    results: tuple[dict[str, Json], ...] = ()


@dataclass(frozen=True, slots=True)
class Folders:
    """Profile types and templates of the user's own, and the day on which ignores are looked at."""

    profiles: tuple[Path, ...] = ()
    templates: tuple[Path, ...] = ()
    today: date = field(default=date.max)


def run(resources: ResourceList, folders: Folders) -> Ran:
    """Do to *resources* what their functionConfig says; the list is only changed if everything is right."""
    text = resources.configuration()
    documents = [resources.document]
    try:
        asked, _ = read_documents(text, STDIN_NAME, allow_ambiguous=True)
        if not asked:
            raise InvalidInput([Finding("MG013", _NO_CONFIGURATION, resources.document.place())])
        documents += asked
        kind, spec = read_configuration(asked[0])
        if kind == CHECK:
            return _checked(resources, spec, folders)
        if kind in (PROFILE, RENDER):
            request = _request(spec, folders, text if kind == PROFILE else None)
            return Ran(EXIT_OK, results=(information(put_bundle(resources, render(request))),))
        profiles = None if "profiles" in spec else _profiles_among(resources)
        documents += read_documents(profiles or "", STDIN_NAME, allow_ambiguous=True)[0]
        return _verified(resources, _request(spec, folders, profiles), documents)
    except InvalidInput as error:
        return _told(EXIT_WRONG_INPUT, error.findings, documents)


def _request(spec: dict[str, Json], folders: Folders, profile: str | None) -> Request:
    layer = spec.get("layer", "all")
    return Request(
        paths=tuple(spec.get("profiles", ())) if profile is None else ("-",),
        standard_input=None if profile is None else profile.encode(),
        environment=spec.get("environment"),
        name=spec.get("name"),
        profile_folders=folders.profiles,
        template_folders=folders.templates,
        layers=frozenset(Layer) if layer == "all" else frozenset({Layer(layer)}),
    )


def _checked(resources: ResourceList, spec: dict[str, Json], folders: Folders) -> Ran:
    request = CheckRequest(
        paths=("-",),
        standard_input=resources.given.encode(),
        environment=spec.get("environment"),
        is_complete=spec.get("complete", False),
        bundles=tuple(spec.get("bundles", ())),
        today=folders.today,
    )
    found = check(request).findings
    again, _ = read_documents(request.standard_input or b"", STDIN_NAME, allow_ambiguous=True)
    is_bad = any(reaches(one, spec.get("failOn", "error")) for one in found)
    return _told(EXIT_FINDINGS if is_bad else EXIT_OK, found, again)


def _verified(resources: ResourceList, request: Request, documents: list[Document]) -> Ran:
    """Hold the items against the intent; the proof of the bundle itself is not of interest here."""
    bundle = verify(request)
    proof = prove_objects(bundle.intent, bundle.environment, resources.items)
    if proof.holds:
        done = f"{bundle.name} is proven: {proof.decisions:,} decisions between {proof.endpoints} endpoints"
        return Ran(EXIT_OK, results=(information(done),))
    return _told(EXIT_FINDINGS, summary(proof.discrepancies), documents)


def _profiles_among(resources: ResourceList) -> str:
    text = resources.items_of(PROFILE)
    if not text:
        message = "there is no profile among the items to verify them against"
        fix = "name the files in `spec.profiles`"
        raise InvalidInput([Finding("MG013", message, resources.document.place(("items",)), fix)])
    return text


def _told(code: int, findings: tuple[Finding, ...], documents: list[Document]) -> Ran:
    origins = Origins(documents)
    readable = tuple(origins.readable(one) for one in findings)
    return Ran(code, readable, tuple(origins.result(one) for one in findings))
