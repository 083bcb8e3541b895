"""What every rule about foreign YAML is: a code, a severity, a check, and a docstring that is its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from generator.core.findings import Finding, Severity
from generator.core.places import Document, Place
from generator.environment.model import Environment
from generator.manifests.objects import Manifest
from generator.semantics.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's identity. The code is for ever; ``slug`` names the pattern it finds ("allow SLUG" reads well)."""

    code: str
    slug: str
    summary: str
    severity: Severity
    needs: tuple[str, ...] = field(default=())

    def finding(
        self,
        message: str,
        place: Place,
        fix: str,
        *,
        severity: Severity | None = None,
        related: Sequence[tuple[Place, str]] = (),
    ) -> Finding:
        """Return a finding of this rule; its own severity unless said otherwise."""
        return Finding(self.code, message, place, fix, severity or self.severity, tuple(related))

    def unknown(self, message: str, place: Place, fact: str) -> Finding:
        """Return the information that nobody can tell, because *fact* is missing: never an error."""
        fix = f"state it in an environment file (--env) or add the objects that show it: {fact}"
        return Finding(self.code, f"cannot tell: {message}", place, fix, Severity.INFO)


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may look at: the cluster as manifests show it, and the manifests themselves.

    ``is_complete`` says that the manifests are all there is (a namespace or workload that
    is not shown does not exist); without it, absence is no proof. ``previous`` is what the
    manifests were before a change, for the rules about changes (MG402 to MG410).
    """

    cluster: Cluster
    manifests: tuple[Manifest, ...]
    documents: tuple[Document, ...]
    is_complete: bool = False
    previous: Context | None = None
    _by_kind: dict[str, list[tuple[int, Manifest]]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def environment(self) -> Environment:
        """The facts of the cluster."""
        return self.cluster.environment

    def of_kind(self, *kinds: str) -> Iterator[Manifest]:
        """Yield the objects of these kinds in the order they were read."""
        if not self._by_kind:  # asked by every rule, often once for each workload
            for number, one in enumerate(self.manifests):
                self._by_kind.setdefault(one.kind, []).append((number, one))
        found = [entry for kind in set(kinds) for entry in self._by_kind.get(kind, ())]
        return (one for _, one in sorted(found, key=lambda entry: entry[0]))


class RuleModule(Protocol):
    """A module with one rule: ``RULE``, ``check``, and a docstring that explains it.

    The docstring's sections, in this order: what is found (first paragraph), ``Why:``,
    ``Bad:`` with YAML that is found, ``Good:`` with the corrected YAML that is not. Rules
    about changes say in ``Before:``, ahead of these two, what there was.
    """

    RULE: Rule
    __doc__: str | None

    @staticmethod
    def check(context: Context) -> Iterator[Finding]:
        """Yield what the rule finds."""
        ...
