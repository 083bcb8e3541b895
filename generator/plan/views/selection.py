"""Which pods, or which gateway, an object is for."""

from __future__ import annotations

from collections.abc import Mapping

from generator.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector; empty selects everything, which only ``Selector()`` written on purpose does."""

    pairs: tuple[tuple[str, str], ...] = ()
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """``matchLabels``, sorted by key."""
        return dict(self.pairs)


def labelled(labels: Mapping[str, str]) -> Selector:
    """Return the selector for *labels*, of which there must be some: none would select everything.

    Raises:
        ValueError: no labels.
    """
    if not labels:
        raise ValueError("a selector without labels would select every pod")
    return Selector(tuple(sorted(labels.items())))


@dataclass(frozen=True, slots=True)
class Target:
    """What a policy is attached to with ``targetRefs``: a waypoint or a gateway reads it, and nobody else."""

    group: str
    kind: str
    name: str
