"""Profiles to declarations: each one expanded, and the profiles that it takes over (`use`) with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.core.findings import Finding
from generator.core.places import Place
from generator.intent.declarations import Declarations, read_declarations
from generator.intent.expand import Expander
from generator.intent.profile import Profile, find_files, read_profiles
from generator.intent.profile_types import ProfileType, common_definitions, profile_folders
from generator.intent.rollout import apply_rollout
from generator.model.intent import Origin
from generator.templating.engine import TemplateEngine
from generator.templating.placed import finalize_placed


def load_declarations(
    profiles: Sequence[Profile], types: Mapping[str, ProfileType], folders: Sequence[Path] = ()
) -> tuple[list[Declarations], list[Finding]]:
    """Expand *profiles* and whatever they take over; one mistake does not hide the others.

    A file that one of the profiles takes over does not count a second time for itself.
    """
    engine = TemplateEngine(profile_folders(folders), finalize_placed)
    loader = _Loader(Expander(types, engine))
    own = [(profile, declared) for profile in profiles if (declared := loader.declared(profile)) is not None]
    taken = [part for profile, declared in own for part in loader.taken_over(profile, declared, ())]
    alone = [declared for profile, declared in own if _path(profile) not in loader.used_files]
    return alone + taken, loader.findings


def _path(profile: Profile) -> Path:
    return Path(profile.document.file).resolve()


class _Loader:
    def __init__(self, expander: Expander) -> None:
        self._expander = expander
        self.findings: list[Finding] = []
        self.used_files: dict[Path, Place] = {}

    def declared(self, profile: Profile) -> Declarations | None:
        document, findings = self._expander.expand(profile)
        self.findings += findings
        if document is None:
            return None
        return read_declarations(document, Origin(profile.name, profile.type, profile.place))

    def taken_over(self, profile: Profile, declared: Declarations, chain: tuple[Path, ...]) -> list[Declarations]:
        """Return what *profile* takes over by `use`, in the phase that its rollout says."""
        parts: list[Declarations] = []
        for given, place in declared.use:
            path = (profile.folder / given).resolve()
            if self._refused(path, given, place, (*chain, _path(profile))):
                continue
            self.used_files[path] = place
            files, mistakes = find_files([str(profile.folder / given)])
            profiles, errors = read_profiles(files, common_definitions())
            self.findings += [*mistakes, *errors]
            for one in profiles:
                inner = self.declared(one)
                if inner is not None:
                    parts += [inner, *self.taken_over(one, inner, (*chain, _path(profile)))]
        return self._in_phase(declared, parts)

    def _refused(self, path: Path, given: str, place: Place, chain: tuple[Path, ...]) -> bool:
        if path in chain:
            names = " → ".join(one.name for one in (*chain, path))
            self.findings.append(
                Finding("MG025", f"the profiles take each other over: {names}", place, "break the circle")
            )
        elif path in self.used_files:
            related = ((self.used_files[path], "here"),)
            message = f"{given} is taken over twice in one run"
            self.findings.append(Finding("MG025", message, place, "render one phase at a time", related=related))
        elif Path(given).is_absolute():
            self.findings.append(
                Finding("MG001", f"{given} is an absolute path", place, "write it relative to this file")
            )
        elif not path.is_file():
            self.findings.append(Finding("MG001", f"there is no file {given}", place, "write it relative to this file"))
        else:
            return False
        return True

    def _in_phase(self, declared: Declarations, parts: list[Declarations]) -> list[Declarations]:
        if declared.rollout is None:
            return parts
        moved = []
        for part in parts:
            in_phase, findings = apply_rollout(part, declared.rollout)
            self.findings += findings
            moved.append(in_phase)
        return moved
