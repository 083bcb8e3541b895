"""Every label that a policy's selectors ask for, with the place where it is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from generator.core.places import Json, Place, Route
from generator.manifests.objects import Manifest, mapping, sequence
from generator.rules.base import Context
from generator.semantics.cluster import Cluster

POLICY_KINDS = ("NetworkPolicy", "AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")

_SELECTORS = frozenset({"selector", "podSelector", "namespaceSelector"})


@dataclass(frozen=True, slots=True)
class AskedLabel:
    """One label of one selector: ``selector`` is the route to it, ``values`` are those it accepts, as data.

    Places are worked out when somebody asks: of nearly all labels nobody does.
    """

    manifest: Manifest
    selector: Route
    key: str
    operator: str
    values: tuple[Json, ...]
    written: Route
    """The route to its value."""

    @property
    def place(self) -> Place:
        """Where its key is written."""
        if len(self.written) > len(self.selector) + 2:  # an expression, not one of matchLabels
            return self.manifest.place(*self.written[:-1], "key")
        return self.manifest.document.key_place((*self.manifest.route, *self.written))

    @property
    def value_place(self) -> Place:
        """Where its value is written."""
        return self.manifest.place(*self.written)

    @property
    def is_of_namespaces(self) -> bool:
        """Whether it speaks of namespaces and not of pods."""
        return "namespaceSelector" in self.selector


def asked_labels(context: Context) -> Sequence[AskedLabel]:
    """Return the labels that selectors of policies ask for, in the order they are written."""
    return _asked(context.cluster)


@lru_cache(maxsize=2)
def _asked(cluster: Cluster) -> list[AskedLabel]:
    policies = (one for one in cluster.manifests if one.kind in POLICY_KINDS)
    return [label for one in policies for label in _within(one, one.spec, ("spec",))]


def _within(manifest: Manifest, data: Json, route: Route) -> list[AskedLabel]:
    found: list[AskedLabel] = []
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if key in _SELECTORS:
            found += _selector(manifest, mapping(value), (*route, key))
        elif isinstance(value, (dict, list)):
            found += _within(manifest, value, (*route, key))
    return found


def _selector(manifest: Manifest, data: dict[str, Json], route: Route) -> Iterator[AskedLabel]:
    for key, value in mapping(data.get("matchLabels")).items():
        yield AskedLabel(manifest, route, key, "In", (value,), (*route, "matchLabels", key))
    for index, one in enumerate(map(mapping, sequence(data.get("matchExpressions")))):
        values = tuple(sequence(one.get("values")))
        written = (*route, "matchExpressions", index, "values")
        yield AskedLabel(manifest, route, str(one.get("key")), str(one.get("operator")), values, written)
