"""The one module that knows the order of work: files in, a checked bundle out. It prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from generator.core.errors import InvalidInput, MeshgenError, OurBug
from generator.core.findings import Finding, Severity
from generator.environment.load import load_environment
from generator.environment.model import Environment
from generator.intent.compose import compose
from generator.intent.consistency import check_intent
from generator.intent.load import load_declarations
from generator.intent.overrides import apply_overrides
from generator.intent.profile import Profile, SourceFile, find_files, read_profiles
from generator.intent.profile_types import common_definitions, profile_types
from generator.model.intent import Intent
from generator.plan.build import plan
from generator.plan.layout import lay_out, path_of
from generator.plan.resources import Layer, Resource
from generator.render.render import HEADER, Renderer
from generator.render.verify import check_rendered
from generator.templating.engine import TemplateFailure

DEFAULT_ENVIRONMENT = "generic"


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asked for: profiles, and how they differ from what is written in them."""

    paths: tuple[str, ...]
    standard_input: bytes | None = None
    environment: str | None = None
    overrides: tuple[str, ...] = ()
    profile_folders: tuple[Path, ...] = ()
    template_folders: tuple[Path, ...] = ()
    schemas: Mapping[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    name: str | None = None
    layers: frozenset[Layer] = frozenset(Layer)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one run makes: every file by its path, and the objects in the order of one stream."""

    name: str
    environment: str
    files: Mapping[str, str]
    stream: str
    intent: Intent
    resources: tuple[Resource, ...]


def render(request: Request) -> Bundle:
    """Return the bundle of *request*, complete and checked; writes nothing.

    Raises:
        InvalidInput: the input has mistakes; all of them, sorted by place.
        MeshgenError: it cannot be worked with at all.
        OurBug: what was rendered breaks our own rules.
    """
    files, profiles = _profiles(request)
    environment = _environment(request, profiles)
    intent = _intent(request, profiles, environment)
    resources, findings = plan(intent, environment)
    _stop_at(findings)
    wanted = [one for one in resources if one.layer in {Layer.NAMESPACE, *request.layers}]
    name = request.name or bundle_name(request.paths, files, profiles)
    return _rendered(request, name, environment, intent, wanted)


def _profiles(request: Request) -> tuple[list[SourceFile], list[Profile]]:
    files, findings = find_files(request.paths, request.standard_input)
    profiles, mistakes = read_profiles(files, common_definitions())
    _stop_at([*findings, *mistakes])
    return files, apply_overrides(profiles, request.overrides)


def _environment(request: Request, profiles: Sequence[Profile]) -> Environment:
    """Return the one environment of the run: asked for on the command line, or in the profiles."""
    if request.environment is not None:
        return load_environment(request.environment, Path())
    asked = [(one.folder, one.environment, one.document.place(("environment",))) for one in profiles if one.environment]
    if not asked:
        return load_environment(DEFAULT_ENVIRONMENT, Path())
    folder, name, place = asked[0]
    for _, other, elsewhere in asked[1:]:
        if other != name:
            message = f"the profiles of this run name two environments, {name!r} and {other!r}"
            related = ((place, "the other one"),)
            fix = "one bundle is for one cluster: render them apart, or choose with --env"
            raise InvalidInput([Finding("MG025", message, elsewhere, fix, related=related)])
    return load_environment(name, folder, place)


def _intent(request: Request, profiles: Sequence[Profile], environment: Environment) -> Intent:
    types = profile_types(request.profile_folders)
    declared, findings = load_declarations(profiles, types, request.profile_folders)
    _stop_at(findings)
    intent, findings = compose(declared, environment)
    _stop_at(findings)
    _stop_at(check_intent(intent, environment))
    return intent


def _stop_at(findings: Sequence[Finding]) -> None:
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise InvalidInput(findings)


def bundle_name(paths: Sequence[str], files: Sequence[SourceFile], profiles: Sequence[Profile]) -> str:
    """Return the bundle's name: that of the only profile, of the folder, or of the file.

    Raises:
        MeshgenError: several inputs, and none of them names the whole.
    """
    if len(profiles) == 1:
        return profiles[0].name
    if len(paths) == 1 and len(files) >= 1 and paths[0] != "-":
        path = Path(paths[0]).resolve()
        return path.name if path.is_dir() else path.stem
    raise MeshgenError("several profiles make one bundle, and nothing names it: give it a name with --name")


def _rendered(
    request: Request, name: str, environment: Environment, intent: Intent, resources: list[Resource]
) -> Bundle:
    renderer = Renderer(name, request.template_folders)
    files: dict[str, str] = {}
    documents: dict[str, str] = {}
    findings: list[Finding] = []
    for path, resource in lay_out(resources, name).items():
        try:
            text = renderer.render(resource)
        except TemplateFailure as error:
            findings.append(Finding("MG014", error.message, error.place, "mend the template"))
            continue
        findings += check_rendered(text, path, resource, request.schemas)
        files[path] = HEADER + text
        documents[path] = text
    if findings and not request.template_folders and not request.schemas:
        listed = "\n".join(f"{finding.place}: {finding.code} {finding.message}" for finding in findings)
        raise OurBug(f"the bundled templates rendered something that our own rules refuse:\n{listed}")
    _stop_at([replace(finding, severity=Severity.ERROR) for finding in findings])
    return Bundle(name, environment.name, files, _stream(resources, documents), intent, tuple(resources))


def _stream(resources: Sequence[Resource], documents: Mapping[str, str]) -> str:
    """Return all objects as one stream, in an order in which they can be applied."""
    return HEADER + "---\n".join(documents[path_of(resource)] for resource in resources)
