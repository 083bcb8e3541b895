"""Text patterns as Istio has them, and the finitely many texts that tell any set of them apart.

A pattern is exact, ``prefix*``, ``*suffix`` or ``*``; a path may also be a template with
``{*}`` (one segment) and ``{**}`` (the rest). Two texts that the same patterns match are
the same to every policy: so it is enough to look at one text of each class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_FRESH = "~other~"
"""Stands for "something that nobody named"; no pattern of a real policy holds it."""

_TEMPLATE = re.compile(r"\{\*\*?\}")


def matches(pattern: str, text: str) -> bool:
    """Tell whether *pattern* matches the whole *text* (facts: exact, prefix, suffix, presence, template)."""
    if pattern == "*":
        return bool(text)
    if _TEMPLATE.search(pattern):
        return bool(_template(pattern).fullmatch(text))
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    return text == pattern


@lru_cache(maxsize=4096)
def _template(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\*\*?\})", pattern)
    words = {"{*}": "[^/]+", "{**}": ".*"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts), re.DOTALL)


def representatives(patterns: Iterable[str], prefix: str = "") -> tuple[str, ...]:
    """Return texts such that every combination of *patterns* that some text meets, one of these meets.

    For exact, prefix and suffix patterns: a text that is none of the exact ones meets the
    prefixes and suffixes that the longest of each implies, so one text per (prefix,
    suffix) pair is enough. *prefix* begins every text of nobody's naming (``/`` for paths).
    """
    known = sorted(set(patterns))
    exact = {one for one in known if "*" not in one}
    heads = {one[:-1] for one in known if one.endswith("*") and not _TEMPLATE.search(one) and one != "*"}
    tails = {one[1:] for one in known if one.startswith("*") and one != "*"}
    found = exact | {f"{head}{_FRESH}{tail}" for head in heads | {prefix} for tail in tails | {""}}
    found |= {head for head in heads if head}
    for template in (one for one in known if _TEMPLATE.search(one)):
        found |= {
            _TEMPLATE.sub(lambda match: _FRESH if match.group() == "{*}" else rest, template)  # noqa: B023  (used at once)
            for rest in ("", _FRESH, f"{_FRESH}/{_FRESH}")
        }
    by_class: dict[tuple[bool, ...], str] = {}
    for text in sorted(found):
        by_class.setdefault(tuple(matches(pattern, text) for pattern in known), text)
    return tuple(sorted(by_class.values()))
