"""Telling a slip of the finger from another name of the same family."""

from __future__ import annotations

import re
from collections.abc import Iterable

from generator.core.names import nearest

_SHORTEST = 4
"""Words below it differ on purpose too often: ``team-a`` and ``team-b``, ``app`` and ``api``, ``prod-1`` and ``-2``."""


def slip(word: str, known: Iterable[str]) -> str | None:
    """Return the known word of which *word* is a misspelling: one letter more, less, other, or two swapped."""
    candidates = set(known)
    near = None if word in candidates else nearest(word, candidates)
    if near is None:
        return None
    ours, theirs = re.split(r"[-._/]", word), re.split(r"[-._/]", near)
    differing = [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]]
    if len(ours) != len(theirs) or len(differing) != 1:
        return None
    return near if _is_near(*differing[0]) else None


def _is_near(one: str, two: str) -> bool:
    if min(len(one), len(two)) < _SHORTEST or not (one.isalpha() and two.isalpha()):
        return False
    if len(one) > len(two):
        one, two = two, one
    start = next((index for index, letter in enumerate(one) if letter != two[index]), len(one))
    if len(one) == len(two):
        rest, other = one[start:], two[start:]
        is_swapped = rest[:2] == other[1::-1] and rest[2:] == other[2:]
        return is_swapped or rest[1:] == other[1:]
    return one[start:] == two[start + 1 :]
