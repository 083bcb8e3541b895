"""Parts of one shape: tenants that differ in nothing but their names need one proof between them.

Two parts have one shape if their intents and their YAML become the same text once the names
of their namespaces and the labels of their hosts are replaced, each by a mark of its own.
Then one is the other with names exchanged, one for one. Whatever reads our YAML or compares
it with an intent asks whether names are equal, as wholes between separators; so exchanging
them changes no answer, unless a name means something by itself. Such a name stays as it is,
and a part in which names may be matched by piece has no shape:

- a name that the environment, the objects common to all parts, or our own programs and
  schemas mention (`kube-system`, `default`), or that begins as a protocol does;
- a name that YAML could read as something else;
- wildcards, prefixes and regular expressions that end within a name.

What has no shape is checked and proven by itself.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

from generator.core.frozen import values_of
from generator.core.places import Place
from generator.core.scalars import is_plain_safe
from generator.model.intent import Intent
from generator.model.terms import Origin

READERS = (
    *("algebra", "core", "environment", "manifests", "model", "plan", "render", "semantics", "topology.py", "verify"),
)
"""What reads and compares, and may give a name a meaning; a test holds it equal to what a proof loads."""
BEGINNINGS = (
    *("grpc", "http", "mongo", "mysql", "redis", "tcp", "tls", "udp"),
    *("controller-", "gateway-", "hugepages", "istio", "job-", "kube", "namespace-", "not", "pod-", "waypoint-", "x-"),
)
"""What our programs ask a name, or a port's, to begin with; a test looks for others."""

_NAME = re.compile(r"(?!e[0-9]+$)[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SHORTEST = 3
_WORD = re.compile(r"[A-Za-z0-9_-]+")
_FIRST_MARK, _MOST_NAMES = 0xE000, 0x1900
"""Marks are of Unicode's private use area, 6,400 characters; a text that holds any of its own has no shape."""
_MARKED = re.compile("[\ue000-\uf8ff]")
_PIECE = re.compile(r"[A-Za-z0-9_%\\*]")
"""What next to a name makes it a piece of another word."""
_PATTERNS = ("\\", "prefix", "Prefix", "regex", "RegularExpression")
"""The fields of Istio and the Gateway API that match by piece; and an escape, which could hide one, or a wildcard."""
_BEFORE_WILDCARD, _AFTER_WILDCARD = frozenset("/.,:'\" \n[("), frozenset("/.,;:'\" \n])")
_LEAVES, _PLACES = (str, int, float, type(None)), (Origin, Place)
_WHOLE_SEGMENT = re.compile(r"/\{\*\*?\}")


class Shapes:
    """Tells which parts of one bundle have the same shape."""

    def __init__(self, common: Iterable[object]) -> None:
        """Take what all parts have in common; names in it are not exchanged."""
        self._words = _spoken()
        self._common = "\n".join(map(repr, common))
        self._is_free = cache(self._is_without_meaning)

    def shape_of(self, part: Intent, written: Iterable[str]) -> bytes | None:
        """Return the fingerprint of the shape of *part* and what is *written* for it; None if it has none."""
        text = "\0".join([repr(_plain(part)), *written])
        if not self._words or (not text.isascii() and _MARKED.search(text)) or _matches_pieces(text):
            return None
        names = sorted(filter(self._is_free, _names(part)), key=lambda name: (-len(name), text.find(name)))
        if len(names) > _MOST_NAMES:
            return None
        for number, name in enumerate(names):
            parts = text.split(name)
            if any(_is_piece(*both) for both in pairwise(parts)):
                return None
            text = chr(_FIRST_MARK + number).join(parts)
        lengths = [len(name) for name in names]
        return blake2b(f"{lengths}\0{text}".encode()).digest()

    def _is_without_meaning(self, name: str) -> bool:
        return (
            len(name) >= _SHORTEST
            and _NAME.fullmatch(name) is not None
            and not name.startswith(BEGINNINGS)
            and is_plain_safe(name)
            and name not in self._words
            and name not in self._common
        )


def _names(part: Intent) -> set[str]:
    """Return the names of namespaces, and the labels of hosts, that *part* is about."""
    hosts = [host for flow in part.flows for host in (flow.host, *(flow.request.hosts if flow.request else ()))]
    hosts += [external.host for external in part.externals]
    return {*part.namespaces, *(label for host in hosts for label in host.split("."))}


def _is_piece(before: str, after: str) -> bool:
    """Tell whether a name between *before* and *after* is part of another word, which it is beside itself, too."""
    return not before or not after or bool(_PIECE.match(before[-1]) or _PIECE.match(after[0]))


def _matches_pieces(text: str) -> bool:
    """Tell whether something in *text*, or behind an escape in it, may match a part of a name."""
    if any(word in text for word in _PATTERNS):
        return True
    pieces = _WHOLE_SEGMENT.sub("", text).split("*")
    return any(
        before[-1:] not in _BEFORE_WILDCARD or after[:1] not in _AFTER_WILDCARD for before, after in pairwise(pieces)
    )


def _plain(value: Any) -> Any:
    """Return *value* as lists and strings: everything but where it was written, on which no decision depends."""
    if isinstance(value, _LEAVES):
        return value
    if isinstance(value, _PLACES):
        return None
    kind: Any = type(value)
    read = _fields(kind)
    if read is not None:
        return kind.__name__, [_plain(one) for one in read(value)]
    if isinstance(value, Mapping):
        return [(_plain(key), _plain(one)) for key, one in value.items()]
    if isinstance(value, Set):
        return sorted(repr(_plain(one)) for one in value)
    return [_plain(one) for one in value]


@cache
def _fields(kind: type) -> Callable[[Any], Sequence[Any]] | None:
    """Return what reads the fields of a dataclass that were given to it, not those it worked out; None for others."""
    if not dataclasses.is_dataclass(kind):
        return None
    return values_of([field.name for field in dataclasses.fields(kind) if field.init])


@cache
def _spoken() -> str:
    """Return every word of the programs and schemas that read YAML: they ask for no other name.

    Empty where meshgen was installed without its sources; then nothing has a shape.
    """
    root = Path(__file__).parent.parent
    places = [root / name for name in READERS]
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*"))]
    text = "\n".join(file.read_text("utf-8") for file in files if file.suffix in {".py", ".json", ".yaml"})
    return " ".join(sorted(set(_WORD.findall(text))))
