"""The order of work: files in, a checked and proven bundle out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from generator.core.errors import InvalidInput, MeshgenError, OurBug
from generator.core.findings import Finding, Severity, in_order
from generator.core.frozen import dataclass
from generator.core.yaml_quick import read_quickly
from generator.environment.load import load_environment
from generator.environment.model import Environment
from generator.intent.compose import compose
from generator.intent.consistency import check_intent
from generator.intent.declarations import Declarations
from generator.intent.load import load_declarations
from generator.intent.overrides import apply_overrides
from generator.intent.partial import between_profiles, certain, named_in_broken, settled, without
from generator.intent.profile import STANDARD_INPUT, Profile, SourceFile, find_files, read_profiles
from generator.intent.profile_types import common_definitions, profile_types
from generator.model.intent import Intent
from generator.pipeline.rendering import Rendering
from generator.plan.build import plan
from generator.plan.extras import plan_extras
from generator.plan.layout import lay_out, path_of
from generator.plan.resources import Layer, Resource
from generator.render.render import HEADER, Renderer
from generator.templating.engine import TemplateFailure
from generator.verify.findings import as_finding
from generator.verify.proof import NOTHING_COMPARED, Proof

DEFAULT_ENVIRONMENT = "generic"
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
"""A bundle's name is the name of its folder, and the value of a label on everything in it."""


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
    """What one run makes: every file by its path, and the objects in an order in which they can be applied.

    ``inputs`` are the files and folders that it was made of, beside what comes with meshgen.
    ``extras`` are files beside the objects, which no kustomization of the bundle includes.
    """

    name: str
    environment: Environment
    files: Mapping[str, str]
    intent: Intent
    resources: tuple[Resource, ...]
    proof: Proof = NOTHING_COMPARED
    inputs: tuple[str, ...] = ()
    extras: Mapping[str, str] = field(default_factory=dict)

    @property
    def stream(self) -> str:
        """All objects as one stream."""
        return HEADER + "---\n".join(self.files[path_of(one)].removeprefix(HEADER) for one in self.resources)

    @property
    def written(self) -> dict[str, str]:
        """Every file that is written."""
        return {**self.files, **self.extras}


def render(request: Request) -> Bundle:
    """Return the bundle of *request*, complete, checked and proven; writes nothing.

    Raises:
        InvalidInput: the input has mistakes; all of them, sorted by place.
        MeshgenError: it cannot be worked with at all.
        OurBug: what was rendered breaks our own rules.
    """
    whole = _whole(request)
    _stop_unless_proven(request, whole.proof)
    wanted = [one for one in whole.resources if one.layer in {Layer.NAMESPACE, *request.layers}]
    if len(wanted) == len(whole.resources):
        return whole
    rendered = _rendering(request, whole.name, wanted).checked()
    _stop_unless_right(request, rendered.findings)
    return replace(whole, files=rendered.files, resources=tuple(wanted), extras={})


def verify(request: Request) -> Bundle:
    """Return the bundle of *request* with its proof, whether it holds or not; writes nothing.

    Raises:
        InvalidInput, MeshgenError, OurBug: as `render` does, except that a proof which
            does not hold is the answer here and no error.
    """
    return _whole(request)


def _whole(request: Request) -> Bundle:
    """Return every layer of the bundle, rendered, checked, and compared with the intent."""
    files, profiles, unread = _profiles(request)
    types = profile_types(request.profile_folders)
    declared, taken_over, mistakes = load_declarations(profiles, types, request.profile_folders)
    wrong = [*unread, *mistakes]
    if wrong:
        in_doubt = named_in_broken(files, wrong)
        declared = [one for one in declared if one.origin.place.file not in in_doubt]
    read = [*profiles, *taken_over]
    environment, unknown = _environment(request, read, wrong, is_whole=not unread and _are_within(mistakes, read))
    sources, first = [(one.document.file, one.folder, one.environment) for one in read], profiles[:2]
    del files, profiles, read, taken_over  # of ten thousand tenants they take hundreds of megabytes
    intent, resources, meant = _intent(declared, environment, is_whole=not wrong)
    _stop_at([*wrong, *unknown, *meant])
    assert environment is not None  # noqa: S101  (else there was a reason to stop)
    name = _checked(request.name if request.name is not None else bundle_name(request.paths, first))
    rendered = _rendering(request, name, resources).proven(intent, environment)
    _stop_unless_right(request, rendered.findings)
    extras = _extras(request, name, intent, environment)
    inputs = tuple(_inputs(request, sources))
    return Bundle(name, environment, rendered.files, intent, tuple(resources), rendered.proof, inputs, extras)


_Source = tuple[str, Path, "str | None"]
"""The file of a profile, the folder that it lies in, and the environment that it names."""


def _inputs(request: Request, sources: Sequence[_Source]) -> Iterator[str]:
    """Yield every path that the bundle was made of; a folder too, as a new file in it is another input."""
    yield from (path for path in request.paths if path != STANDARD_INPUT)
    yield from (file for file, _, _ in sources if file != "<stdin>")
    named = [(Path(), request.environment), *((folder, environment) for _, folder, environment in sources)]
    yield from (str(folder / name) for folder, name in named if name and (folder / name).is_file())
    for folder in (*request.profile_folders, *request.template_folders):
        yield str(folder)
        yield from (str(path) for path in sorted(folder.rglob("*")))


def _extras(request: Request, name: str, intent: Intent, environment: Environment) -> dict[str, str]:
    """Return the files beside the objects, each read back as YAML."""
    renderer = Renderer(name, request.template_folders)
    texts = {}
    for extra in plan_extras(intent, environment):
        try:
            text = renderer.render_extra(extra)
        except TemplateFailure as error:
            raise InvalidInput([Finding("MG014", error.message, error.place, "mend the template")]) from error
        _stop_at(read_quickly(text, extra.path)[1])
        texts[extra.path] = HEADER + text
    return texts


def _stop_unless_proven(request: Request, proof: Proof) -> None:
    """The YAML, read back, must let through exactly what was intended."""
    findings = [as_finding(one) for one in proof.discrepancies]
    if findings and (request.template_folders or request.profile_folders):
        raise InvalidInput(findings)
    if findings:
        listed = "\n".join(f"{one.place}: {one.code} {one.message}" for one in in_order(findings)[:20])
        raise OurBug(f"the rendered bundle does not do what the profile says:\n{listed}")


def _profiles(request: Request) -> tuple[list[SourceFile], list[Profile], list[Finding]]:
    """Return the files of the run, the profiles in them with all overrides, and what could not be read."""
    files, findings = find_files(request.paths, request.standard_input)
    profiles, mistakes = read_profiles(files, common_definitions())
    findings += mistakes
    if request.overrides and findings:
        raise InvalidInput(findings)  # who is to be changed is not known, so what they say is not either
    return files, apply_overrides(profiles, request.overrides), findings


def _environment(
    request: Request, profiles: Sequence[Profile], wrong: Iterable[Finding], *, is_whole: bool
) -> tuple[Environment | None, list[Finding]]:
    """Return the one environment of the run: asked for on the command line, or in the profiles.

    None where it cannot be read, or where it may be named by what could not be read.
    """
    named = [(one.environment, one.folder, one.document.place(("environment",))) for one in profiles if one.environment]
    told = {place for one in wrong for place, _ in one.related}
    name, folder, place = named[0] if named else (DEFAULT_ENVIRONMENT, Path(), None)
    if request.environment is not None:
        name, folder, place = request.environment, Path(), None
    elif place is None and not is_whole:
        return None, []
    elif others := [(other, where) for other, _, where in named if other != name]:
        message = f"the profiles of this run name two environments, {name!r} and {others[0][0]!r}"
        related = ((place, "the other one"),) if place else ()
        fix = "one bundle is for one cluster: render them apart, or choose with --env"
        conflict = Finding("MG025", message, others[0][1], fix, related=related)
        return None, [] if others[0][1] in told else [conflict]
    try:
        return load_environment(name, folder, place), []
    except InvalidInput as error:
        return None, list(error.findings)


def _are_within(findings: Iterable[Finding], profiles: Iterable[Profile]) -> bool:
    """Tell whether all of *findings* are about profiles that could be read at least so far."""
    known = {one.document.file for one in profiles}
    return all(one.place is None or one.place.file in known for one in findings)


def _intent(
    declared: Sequence[Declarations], environment: Environment | None, *, is_whole: bool
) -> tuple[Intent, list[Resource], list[Finding]]:
    """Return what is meant, its objects, and all that is wrong with it; of a part, only what holds for the whole."""
    intent, findings = compose(declared, environment or load_environment(DEFAULT_ENVIRONMENT, Path()))
    if not is_whole:
        intent, findings = settled(intent), certain(findings)
    if environment is None:
        return intent, [], between_profiles(findings)
    refused = check_intent(intent, environment)
    resources, unknown = plan(without(intent, refused), environment)
    if findings or not is_whole:
        refused = certain(refused)
    return intent, resources, [*findings, *refused, *unknown]


def _stop_at(findings: Sequence[Finding]) -> None:
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise InvalidInput(findings)


def bundle_name(paths: Sequence[str], profiles: Sequence[Profile]) -> str:
    """Return the bundle's name: that of the folder, of the only profile, or of the file.

    Raises:
        MeshgenError: several inputs, and none of them names the whole.
    """
    if len(paths) == 1 and Path(paths[0]).is_dir():
        return Path(paths[0]).resolve().name
    if len(profiles) == 1:
        return profiles[0].name
    if len(paths) == 1 and paths[0] != STANDARD_INPUT:
        return Path(paths[0]).stem
    raise MeshgenError("several profiles make one bundle, and nothing names it: give it a name with --name")


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise MeshgenError(
            f"{name!r} is no name for a bundle: give it one with --name, at most 63 letters, digits, '-', '_' and '.'"
        )
    return name


def _rendering(request: Request, name: str, resources: Sequence[Resource]) -> Rendering:
    return Rendering(Renderer(name, request.template_folders), lay_out(resources, name), request.schemas)


def _stop_unless_right(request: Request, findings: Sequence[Finding]) -> None:
    """What a user's own templates or schemas are at fault for, the user can mend; the rest is ours."""
    if findings and not request.template_folders and not request.schemas:
        listed = "\n".join(f"{finding.place}: {finding.code} {finding.message}" for finding in findings)
        raise OurBug(f"the bundled templates rendered something that our own rules refuse:\n{listed}")
    _stop_at([replace(finding, severity=Severity.ERROR) for finding in findings])
