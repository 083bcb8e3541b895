"""The order of work: read, propose, render, and say what would change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.adopt.proposal import NAME, Proposal, propose
from generator.adopt.written import FILL_IN, profile_text
from generator.checking.files import Found
from generator.checking.sources import read_sources
from generator.core.errors import InvalidInput, MeshgenError
from generator.core.findings import Severity
from generator.core.places import Document
from generator.core.yaml_quick import read_quickly
from generator.environment.load import load_environment
from generator.manifests.objects import Manifest
from generator.pipeline import DEFAULT_ENVIRONMENT, Request, render
from generator.questions.material import Material
from generator.semantics.cluster import Cluster

_REPLACED = frozenset(
    {"NetworkPolicy", "AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication", "Sidecar"}
)


@dataclass(frozen=True, slots=True)
class Adoption:
    """A proposed profile; ``open_questions`` counts what must be filled in before it renders."""

    text: str
    proposal: Proposal
    documents: tuple[Document, ...]
    open_questions: int


def adopt(
    path: str, standard_input: bytes | None, name: str | None, environment: str | None, namespace: str | None
) -> Adoption:
    """Return a profile for what *path* holds.

    Raises:
        InvalidInput: something there cannot be read, so that the proposal would lack it.
        MeshgenError: there is nothing to propose from.
    """
    found = Found()
    found.add(path, standard_input)
    read = read_sources(found)
    wrong = [one for one in read.findings if one.severity is Severity.ERROR]
    if wrong:
        raise InvalidInput(wrong)
    cluster = Cluster(read.documents, load_environment(environment or DEFAULT_ENVIRONMENT, Path()))
    proposal = propose(cluster, namespace)
    chosen = name or proposal.namespace
    if not NAME.fullmatch(chosen):
        raise MeshgenError(f"{chosen!r} is no name for a profile: lower-case letters, digits and '-', at most 63")
    text = profile_text(proposal, chosen, environment, path)
    return Adoption(text, proposal, tuple(read.documents), text.count(f": {FILL_IN}"))


def outcome(adoption: Adoption, environment: str | None) -> tuple[Material, Material]:
    """Return what is there, and the same with the policies of the namespace replaced by those of the profile.

    Raises:
        InvalidInput: the profile does not render yet.
    """
    bundle = render(Request(("-",), adoption.text.encode(), environment, name="proposed"))
    kept = [one for one in adoption.documents if not _is_replaced(one, adoption.proposal.namespace)]
    new = [one for path, text in bundle.files.items() for one in read_quickly(text, path)[0]]
    return (
        Material("today", adoption.documents, bundle.environment),
        Material("with the profile", (*kept, *new), bundle.environment),
    )


def _is_replaced(document: Document, namespace: str) -> bool:
    one = Manifest(document, (), document.data)
    return one.kind in _REPLACED and one.namespace == namespace
