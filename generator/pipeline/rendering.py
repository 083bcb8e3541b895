"""Objects become YAML, which is read back once, checked and proven; thousands of them part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from generator.core.findings import Finding
from generator.core.frozen import dataclass
from generator.core.places import Document
from generator.core.processes import each
from generator.core.yaml_quick import read_quickly
from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.plan.resources import Resource
from generator.render.render import HEADER, Renderer, template_name
from generator.render.verify import check_rendered
from generator.templating.engine import TemplateFailure
from generator.verify.components import Component, components
from generator.verify.proof import MANY_PARTS, NOTHING_COMPARED, Proof, prove, summed

_MANY_OBJECTS = 300
"""From here on a second process saves more than it costs."""

Schemas = Mapping[tuple[str, str], dict[str, Any]]
"""JSON Schemas by API version and kind."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text of every file by its path, what is wrong with it, and its proof if one was asked for."""

    files: Mapping[str, str]
    findings: Sequence[Finding]
    proof: Proof = NOTHING_COMPARED


class Rendering:
    """The objects of one bundle, each at its path, on their way to YAML."""

    def __init__(self, renderer: Renderer, planned: Mapping[str, Resource], schemas: Schemas) -> None:
        """Take the objects in the order of their files; the user's own *schemas* stand in for the bundled ones."""
        self._renderer = renderer
        self._planned = planned
        self._schemas = schemas
        self._documents: dict[str, Document] = {}

    def checked(self) -> Rendered:
        """Return every file, checked."""
        results = each(self._file, list(self._planned), at_least=_MANY_OBJECTS)
        files = {path: text for path, (text, _) in zip(self._planned, results, strict=True)}
        return Rendered(files, [finding for _, findings in results for finding in findings])

    def proven(self, intent: Intent, environment: Environment) -> Rendered:
        """Return every file, checked and, if all is right, compared with *intent*.

        Many parts are divided among processes, each of which does everything for its own,
        and checks and proves only one of each shape.
        """
        parts = components(intent)
        if len(parts) >= MANY_PARTS:
            return self._by_parts(parts, intent, environment)
        rendered = self.checked()
        if rendered.findings:
            return rendered
        own, common = self._by_namespace(intent)
        shared = self._read(common, rendered.files)
        proofs = [
            prove(part.intent, environment, [*shared, *self._read(_paths(part, own), rendered.files)]) for part in parts
        ]
        return replace(rendered, proof=summed(proofs))

    def _by_parts(self, parts: Sequence[Component], intent: Intent, environment: Environment) -> Rendered:
        from generator.verify.shapes import Shapes  # noqa: PLC0415  (start-up: only for many)

        own, common = self._by_namespace(intent)
        first = [self._file(path) for path in common]
        files = dict.fromkeys(self._planned, "")
        files |= {path: text for path, (text, _) in zip(common, first, strict=True)}
        wrong = [finding for _, some in first for finding in some]
        shared = [] if wrong else self._read(common, files)
        shapes = Shapes([environment, *(files[one.file] for one in shared)])
        known: dict[bytes, Proof] = {}

        def work(part: Component) -> tuple[list[str], list[Finding], Proof]:
            paths = _paths(part, own)
            printed = [self._text(path) for path in paths]
            texts, findings = [text for text, _ in printed], [finding for _, some in printed for finding in some]
            wanted = part.intent
            shape = None if findings or self._schemas else shapes.shape_of(wanted, self._identified(paths, texts))
            if shape in known:
                return texts, [], known[shape]
            if not findings:
                findings = [one for path, text in zip(paths, texts, strict=True) for one in self._check(path, text)]
            if findings:
                return texts, findings, NOTHING_COMPARED
            proof = prove(wanted, environment, [*shared, *self._read(paths, dict(zip(paths, texts, strict=True)))])
            self._documents.clear()
            if shape is not None and proof.holds:
                known[shape] = proof
            return texts, [], proof

        results = each(work, parts, at_least=MANY_PARTS)
        for part, (texts, _, _) in zip(parts, results, strict=True):
            files.update(zip(_paths(part, own), texts, strict=True))
        findings = [*wrong, *(one for _, some, _ in results for one in some)]
        proof = NOTHING_COMPARED if findings else summed([proof for _, _, proof in results])
        return Rendered(files, findings, proof)

    def _by_namespace(self, intent: Intent) -> tuple[dict[str, list[str]], list[str]]:
        """Return the paths in each namespace of *intent*, and those of what concerns all of them."""
        own: dict[str, list[str]] = {}
        common: list[str] = []
        for path in self._planned:
            namespace = path.partition("/")[0]
            (own.setdefault(namespace, []) if namespace in intent.namespaces else common).append(path)
        return own, common

    def _identified(self, paths: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
        """Yield each text after what its object is to be: a template may print another one."""
        for path, text in zip(paths, texts, strict=True):
            one = self._planned[path]
            yield f"{path} {one.api_version} {one.kind} {one.namespace} {one.name} {one.is_cluster_scoped}\n{text}"

    def _file(self, path: str) -> tuple[str, list[Finding]]:
        text, findings = self._text(path)
        return text, findings or self._check(path, text)

    def _text(self, path: str) -> tuple[str, list[Finding]]:
        try:
            return HEADER + self._renderer.render(self._planned[path]), []
        except TemplateFailure as error:
            return "", [Finding("MG014", error.message, error.place, "mend the template")]

    def _check(self, path: str, text: str) -> list[Finding]:
        resource = self._planned[path]
        document, found = check_rendered(text, path, resource, self._schemas)
        if document is not None:
            self._documents[path] = document
        return [replace(one, message=f"{one.message} (template {template_name(resource)})") for one in found]

    def _read(self, paths: Iterable[str], files: Mapping[str, str]) -> list[Document]:
        """Return the objects at *paths* as they were read when they were checked; what a fork read is read again."""
        objects = [path for path in paths if self._planned[path].kind != "Kustomization"]
        return [self._documents.get(path) or read_quickly(files[path], path)[0][0] for path in objects]


def _paths(part: Component, own: Mapping[str, list[str]]) -> list[str]:
    return [path for name in part.namespaces for path in own.get(name, ())]
