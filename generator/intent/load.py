"""Profiles to declarations: each one expanded, and the profiles that it takes over (`use`) with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.core.findings import Finding
from generator.core.places import Place
from generator.core.processes import each
from generator.intent.declarations import Declarations
from generator.intent.document import read_declarations
from generator.intent.expand import Expander
from generator.intent.partial import certain
from generator.intent.profile import Profile, find_files, read_profiles
from generator.intent.profile_types import ProfileType, common_definitions, profile_folders
from generator.model.terms import Origin
from generator.templating.engine import TemplateEngine
from generator.templating.placed import finalize_placed

_MANY_PROFILES = 50
"""From here on a second process saves more than it costs."""


def load_declarations(
    profiles: Sequence[Profile], types: Mapping[str, ProfileType], folders: Sequence[Path] = ()
) -> tuple[list[Declarations], list[Profile], list[Finding]]:
    """Expand *profiles* and whatever they take over; one mistake does not hide the others.

    A file that one of the profiles takes over does not count a second time for itself.

    Returns:
        What all of them declare, the profiles that were taken over, and the mistakes.
    """
    engine = TemplateEngine(profile_folders(folders), finalize_placed)
    loader = _Loader(Expander(types, engine))
    own = [(profile, declared) for profile, declared in loader.all_declared(profiles) if declared is not None]
    taken = [part for profile, declared in own for part in loader.taken_over(profile, declared, ())]
    alone = [declared for profile, declared in own if _path(profile) not in loader.used_files]
    return alone + taken, loader.used_profiles, loader.findings


def _path(profile: Profile) -> Path:
    return Path(profile.document.file).resolve()


class _Loader:
    def __init__(self, expander: Expander) -> None:
        self._expander = expander
        self.findings: list[Finding] = []
        self.used_files: dict[Path, Place] = {}
        self.used_profiles: list[Profile] = []

    def all_declared(self, profiles: Sequence[Profile]) -> list[tuple[Profile, Declarations | None]]:
        results = each(self._expanded, profiles, at_least=_MANY_PROFILES)
        self.findings += [finding for _, findings in results for finding in findings]
        return [(profile, declared) for profile, (declared, _) in zip(profiles, results, strict=True)]

    def declared(self, profile: Profile) -> Declarations | None:
        declared, findings = self._expanded(profile)
        self.findings += findings
        return declared

    def _expanded(self, profile: Profile) -> tuple[Declarations | None, list[Finding]]:
        document, findings = self._expander.expand(profile)
        if document is None:
            return None, findings
        return read_declarations(document, Origin(profile.name, profile.type, profile.place)), findings

    def taken_over(self, profile: Profile, declared: Declarations, chain: tuple[Path, ...]) -> list[Declarations]:
        """Return what *profile* takes over by `use`, in the phase that its rollout says."""
        parts: list[Declarations] = []
        known = len(self.findings)
        for given, place in declared.use:
            if "\0" in given:
                self.findings.append(Finding("MG001", "no file name holds a NUL character", place, "name the file"))
                continue
            path = (profile.folder / given).resolve()
            if self._refused(path, given, place, (*chain, _path(profile))):
                continue
            self.used_files[path] = place
            files, mistakes = find_files([str(profile.folder / given)])
            profiles, errors = read_profiles(files, common_definitions())
            self.findings += [*mistakes, *errors]
            self.used_profiles += profiles
            for one in profiles:
                self._check_environment(profile, one, place)
                inner = self.declared(one)
                if inner is not None:
                    parts += [inner, *self.taken_over(one, inner, (*chain, _path(profile)))]
        return self._in_phase(declared, parts, is_whole=len(self.findings) == known)

    def _refused(self, path: Path, given: str, place: Place, chain: tuple[Path, ...]) -> bool:
        if path in chain:
            names = " → ".join(one.name for one in (*chain, path))
            self.findings.append(
                Finding("MG025", f"the profiles take each other over: {names}", place, "break the circle")
            )
        elif path in self.used_files:
            related = ((self.used_files[path], "here"),)
            message = f"{given} is taken over twice in one run"
            self.findings.append(
                Finding("MG025", message, place, "list it once, and render one phase at a time", related=related)
            )
        elif Path(given).is_absolute():
            self.findings.append(
                Finding("MG001", f"{given} is an absolute path", place, "write it relative to this file")
            )
        elif not path.is_file():
            self.findings.append(Finding("MG001", f"there is no file {given}", place, "write it relative to this file"))
        else:
            return False
        return True

    def _check_environment(self, profile: Profile, taken: Profile, place: Place) -> None:
        """The environment of the profile that takes over holds for what it takes; two of them are a conflict."""
        ours, theirs = profile.environment, taken.environment
        if ours is None or theirs is None:
            return
        if ours != theirs and (profile.folder / ours).resolve() != (taken.folder / theirs).resolve():
            related = ((taken.document.place(("environment",)), "the other one"),)
            message = f"the profile that is taken over names the environment {theirs!r}, this one {ours!r}"
            self.findings.append(Finding("MG025", message, place, "name the same in both", related=related))

    def _in_phase(self, declared: Declarations, parts: list[Declarations], *, is_whole: bool) -> list[Declarations]:
        if declared.rollout is None:
            return parts
        from generator.intent.rollout import apply_rollout  # noqa: PLC0415  (start-up: only what a run needs)

        moved, findings = apply_rollout(parts, declared.rollout)
        self.findings += findings if is_whole else certain(findings)
        return moved
