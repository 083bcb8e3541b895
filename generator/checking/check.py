"""The order of work of `meshgen check`: read, build, look, hide what somebody decided to live with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from generator.checking.baseline import Keys, apply_baseline, baseline_text
from generator.checking.files import Found
from generator.checking.ignores import apply_ignores, read_ignores
from generator.checking.kustomize import Overlay, build
from generator.checking.sources import UNREAD, Sources, read_sources
from generator.checking.structure import check_structure
from generator.core.codes import CODES
from generator.core.findings import Finding, in_order
from generator.core.places import Document
from generator.environment.load import load_environment
from generator.environment.model import Environment
from generator.manifests.objects import BUNDLE_LABEL, Manifest
from generator.rules import registry
from generator.rules.run import run_beside, run_rules

DEFAULT_ENVIRONMENT = "generic"
MISSING_BUNDLE = "MG048"

TRANSFORMERS = frozenset({"MG501", "MG502", "MG503", "MG504", "MG505"})
"""Rules about what a kustomization does to its resources: they look at the sources, all others at what is built."""

_LASTING = UNREAD | {"MG041", "MG042", "MG043", "MG044", "MG045", "MG046", "MG047", "MG048"}
"""Findings that nothing hides: what they tell would make the rest of the report wrong."""

_BETTER_SAID = frozenset({"MG232", "MG506", "MG510"})
"""Rules that explain what the schema check only notices: of both at one place, theirs is shown."""

_AT_ONCE = 500
"""Objects whose structure is looked at in one go: few enough for the processes to share them evenly."""

_IGNORED_OF_READING = ("MG003", "MG008", "MG601", "MG602", "MG603")

DECIDING = frozenset(
    {
        *("NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"),
        *("PeerAuthentication", "AuthorizationPolicy", "RequestAuthentication", "DestinationRule", "ServiceEntry"),
        *("Sidecar", "VirtualService", "Gateway", "EnvoyFilter", "Telemetry", "ProxyConfig", "WorkloadEntry"),
        *("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "ReferenceGrant", "GatewayClass", "Ingress"),
        *("Namespace", "Service", "ServiceAccount", "Endpoints", "EndpointSlice", "Node"),
        *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod"),
        *("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService"),
        *("CustomResourceDefinition", "PodMonitor", "ServiceMonitor", "Kustomization", "Component", "IstioOperator"),
    }
)
"""Kinds that some rule or schema looks at; a test holds the rules against this list."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What a user asked for.

    ``before`` are the objects as they were, to hold a change against. ``is_complete`` says
    that nothing exists beside what is given. ``today`` decides which ignores have expired:
    without it, all that have an end. ``bundles`` are those of which something must be there.
    """

    paths: tuple[str, ...] = ()
    standard_input: bytes | None = None
    kustomize: tuple[str, ...] = ()
    environment: str | None = None
    before: tuple[Document, ...] | None = None
    is_complete: bool = False
    schemas: Mapping[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    baseline: Path | None = None
    new_baseline: Path | None = None
    bundles: tuple[str, ...] = ()
    today: date = date.max


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it: findings in order, what was read, and what was left out.

    ``missing`` are paths that do not exist. ``new_baseline`` is the text of the baseline
    that was asked for; the findings in it are then no longer among ``findings``.
    """

    findings: tuple[Finding, ...]
    files: int
    objects: int
    skipped: Mapping[str, int]
    strangers: int
    patches: tuple[str, ...]
    charts: tuple[str, ...]
    missing: tuple[str, ...]
    is_whole: bool
    in_baseline: int = 0
    new_baseline: str | None = None


def check(request: CheckRequest) -> Checked:
    """Return what is wrong with the YAML that *request* names.

    Raises:
        InvalidInput: the environment or the baseline has mistakes, or an overlay has remote parts.
        MeshgenError: an overlay cannot be built.
    """
    environment = _environment(request)
    found = Found()
    for path in dict.fromkeys(request.paths):
        found.add(path, request.standard_input)
    read = read_sources(found)
    overlays = [build(folder) for folder in dict.fromkeys(request.kustomize)]
    everything = [read, *(one.built for one in overlays)]
    documents = [document for one in everything for document in one.documents]
    findings = _findings(request, environment, everything, overlays, documents)
    ignores, mistakes = read_ignores(read.marked, ignorable())
    findings = [*apply_ignores(in_order(findings), ignores, request.today), *mistakes]
    checked = Checked(
        findings=in_order(findings),
        files=len(read.files) + len(overlays),
        objects=len(documents),
        skipped=_skipped(documents),
        strangers=sum(one.strangers for one in everything),
        patches=tuple(read.patches),
        charts=tuple(found.charts),
        missing=tuple(found.missing),
        is_whole=all(one.is_whole for one in everything),
    )
    return _with_baseline(request, checked, documents, [name for one in everything for name in one.files])


def _environment(request: CheckRequest) -> Environment:
    """Return the environment asked for; without one, nothing is taken for granted of a mesh that may be anybody's."""
    if request.environment is not None:
        return load_environment(request.environment, Path())
    known = load_environment(DEFAULT_ENVIRONMENT, Path())
    return replace(known, istio=replace(known.istio, trust_domain=None))


def ignorable() -> dict[str, str]:
    """Return every code that a comment can hide, by itself and by the words that stand for it."""
    words = {module.RULE.slug: module.RULE.code for module in registry()}
    codes = [module.RULE.code for module in registry()] + [code for code in _IGNORED_OF_READING if code in CODES]
    return {**words, **{code: code for code in codes}}


def _findings(
    request: CheckRequest,
    environment: Environment,
    everything: Sequence[Sources],
    overlays: Sequence[Overlay],
    documents: Sequence[Document],
) -> list[Finding]:
    is_complete = request.is_complete and all(one.is_whole for one in everything)
    findings = [finding for one in everything for finding in one.findings]
    structure = [
        partial(check_structure, documents[start : start + _AT_ONCE], request.schemas)
        for start in range(0, len(documents), _AT_ONCE)
    ]
    of_structure, of_rules = run_beside(
        structure, documents, environment, is_complete=is_complete, before=request.before
    )
    findings += of_rules
    said = {one.place for one in findings if one.code in _BETTER_SAID}
    findings += [one for one in of_structure if one.place not in said]
    findings += _missing_bundles(request.bundles, documents)
    for overlay in overlays:
        findings = [overlay.with_origin(one) for one in findings]
        findings += run_rules(overlay.sources.documents, environment, codes=TRANSFORMERS)
    return findings


def _missing_bundles(names: Sequence[str], documents: Sequence[Document]) -> list[Finding]:
    """A bundle of which nothing is there: whoever was to generate it did not, and perhaps without a word."""
    there = {Manifest(one, (), one.data).labels.get(BUNDLE_LABEL) for one in documents} if names else set()
    fix = "see that its generator runs; docs/kustomize/README.md tells where it silently does not"
    return [
        Finding(MISSING_BUNDLE, f"nothing of the bundle {name!r} is here", None, fix)
        for name in names
        if name not in there
    ]


def _with_baseline(
    request: CheckRequest, checked: Checked, documents: Sequence[Document], files: Sequence[str]
) -> Checked:
    if request.new_baseline is not None:
        keys = Keys(documents, request.new_baseline.parent)
        lasting = tuple(one for one in checked.findings if one.code in _LASTING)
        known = [one for one in checked.findings if one.code not in _LASTING]
        return replace(checked, findings=lasting, in_baseline=len(known), new_baseline=baseline_text(known, keys))
    if request.baseline is not None:
        keys = Keys(documents, request.baseline.parent)
        shown, hidden = apply_baseline(checked.findings, request.baseline, keys, files, _LASTING)
        return replace(checked, findings=in_order(shown), in_baseline=hidden)
    return checked


def _skipped(documents: Sequence[Document]) -> dict[str, int]:
    """Return how many objects there are of each kind that decides nothing here, most frequent first."""
    kinds = Counter(str(one.data.get("kind") or "") for one in documents)
    by_count = sorted(kinds.items(), key=lambda one: (-one[1], one[0]))
    return {kind: count for kind, count in by_count if kind not in DECIDING}
