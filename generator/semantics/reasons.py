"""An answer in parts: what each layer says of a connection, and the places that decide it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from generator.core.places import Place
from generator.topology import Endpoint, Point


class Verdict(StrEnum):
    """Whether something gets through; unknown where a fact is missing."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @staticmethod
    def of(answer: bool | None) -> Verdict:
        """Return the verdict that *answer* stands for, None being unknown."""
        return Verdict.UNKNOWN if answer is None else Verdict.YES if answer else Verdict.NO


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return whether it gets through everywhere: one no is enough to stop it (Kleene)."""
    found = set(verdicts)
    return next((one for one in (Verdict.NO, Verdict.UNKNOWN) if one in found), Verdict.YES)


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that decides, in words, and where it is written (None: it is written nowhere)."""

    text: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer says; ``missing`` names the facts without which it says nothing."""

    kind: str
    name: str
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one client reaches one server, layer by layer; ``requests`` says which requests do, if not all."""

    client: Endpoint
    server: Endpoint
    point: Point
    layers: tuple[Layer, ...]
    requests: str = ""

    @property
    def verdict(self) -> Verdict:
        """What all layers together say."""
        return all_of(one.verdict for one in self.layers)


EGRESS, INGRESS, MTLS, AUTHORIZATION = "network egress", "network ingress", "mutual TLS", "authorization"
"""The kinds of layers, in the order a connection meets them."""

ROUTE = "route"
"""What comes before them where a proxy is sent elsewhere: by which way it goes at all."""
