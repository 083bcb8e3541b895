"""Kustomizations (kustomize.config.k8s.io) and the objects that each of them changes.

Source: kustomize api/konfig/builtinpluginconsts (which fields a transformer writes into).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.core.places import Json, Place
from generator.manifests.objects import Manifest, mapping, sequence, strings, texts

KUSTOMIZE_GROUP = "kustomize.config.k8s.io"
_KINDS = frozenset({"Kustomization", "Component"})
_INPUTS = ("resources", "bases", "components")
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")


@dataclass(frozen=True, slots=True)
class SelectorLabels:
    """Labels that a Kustomization writes into selectors too."""

    labels: Mapping[str, str]
    field: str
    place: Place


@dataclass(frozen=True, slots=True)
class Kustomization:
    """What one Kustomization does to its resources."""

    manifest: Manifest
    namespace: str
    prefix: str
    suffix: str
    selector_labels: tuple[SelectorLabels, ...]

    @property
    def folder(self) -> str:
        """The folder that its paths are relative to."""
        return posixpath.dirname(_slashes(self.manifest.document.file))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files and folders that it names, as paths like those of documents."""
        named = (path for field in _INPUTS for path in strings(self.manifest.data.get(field)) if "://" not in path)
        return tuple(posixpath.normpath(posixpath.join(self.folder, path)) for path in named)

    def may_rewrite(self, kind: str) -> bool:
        """Tell whether replacements, patches or transformers of its own may mend objects of *kind*."""
        data = self.manifest.data
        if data.get("transformers") or data.get("vars"):
            return True
        return any(kind in found or not found for found in map(_kinds, _rewrites(data)))


def is_kustomization(manifest: Manifest) -> bool:
    """Tell whether *manifest* is a Kustomization; a ``kustomization.yaml`` need not say its kind."""
    if manifest.group == KUSTOMIZE_GROUP:
        return manifest.kind in _KINDS
    name = posixpath.basename(_slashes(manifest.document.file)).lower()
    return not manifest.kind and name in ("kustomization.yaml", "kustomization.yml", "kustomization")


def read_kustomization(manifest: Manifest) -> Kustomization:
    """Read *manifest*."""
    data = manifest.data
    found = []
    if common := texts(data.get("commonLabels")):
        found.append(SelectorLabels(common, "commonLabels", manifest.place("commonLabels")))
    for index, entry in enumerate(map(mapping, sequence(data.get("labels")))):
        if entry.get("includeSelectors") is True and (pairs := texts(entry.get("pairs"))):
            place = manifest.place("labels", index, "pairs")
            found.append(SelectorLabels(pairs, "labels with includeSelectors", place))
    return Kustomization(
        manifest=manifest,
        namespace=str(data.get("namespace") or ""),
        prefix=str(data.get("namePrefix") or ""),
        suffix=str(data.get("nameSuffix") or ""),
        selector_labels=tuple(found),
    )


class Tree:
    """Which objects each Kustomization changes: those of its files, and of the Kustomizations below it."""

    def __init__(self, kustomizations: Sequence[Kustomization], objects: Sequence[Manifest]) -> None:
        self._in_folder: dict[str, list[Kustomization]] = {}
        for each in kustomizations:
            self._in_folder.setdefault(posixpath.normpath(each.folder or "."), []).append(each)
        self._objects = objects
        self._in_file: dict[str, list[int]] = {}
        for number, manifest in enumerate(objects):
            if not is_kustomization(manifest):
                self._in_file.setdefault(_path(manifest), []).append(number)

    def covered(self, one: Kustomization) -> list[Manifest]:
        """Return the objects that *one* changes, in the order they were read.

        Where none of its files was read, the objects that share its own file stand for them:
        one stream that holds a Kustomization and what it is about.
        """
        files = dict.fromkeys(self._files(one, set()))
        found = [number for file in files for number in self._in_file.get(file, ())]
        return [self._objects[number] for number in sorted(found or self._in_file.get(_path(one.manifest), []))]

    def _files(self, one: Kustomization, seen: set[str]) -> Iterator[str]:
        for path in one.inputs:
            if path in seen:
                continue
            seen.add(path)
            yield path
            for other in self._in_folder.get(path, ()):
                if other is not one:
                    yield from self._files(other, seen)


def _path(manifest: Manifest) -> str:
    return posixpath.normpath(_slashes(manifest.document.file))


def _slashes(file: str) -> str:
    return file.replace("\\", "/")


def _rewrites(data: Mapping[str, Json]) -> Iterator[Json]:
    for field in _PATCHES:
        yield from sequence(data.get(field))
    for replacement in map(mapping, sequence(data.get("replacements"))):
        yield from sequence(replacement.get("targets")) or [{}]


def _kinds(rewrite: Json) -> str:
    """Return a text that holds the kinds which a patch or replacement is about; empty if nobody can tell."""
    target = mapping(mapping(rewrite).get("target")) or mapping(mapping(rewrite).get("select"))
    if target.get("kind"):
        return str(target["kind"])
    text = str(mapping(rewrite).get("patch") or "") if isinstance(rewrite, dict) else str(rewrite)
    return text if "kind:" in text else ""
