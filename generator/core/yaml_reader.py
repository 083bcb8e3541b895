"""The one door through which YAML comes in: text to plain data, with the place of every value.

Profiles, environments, intents and our own rendered output all pass here, and are typed
by one rule (`generator.core.scalars`) whatever their origin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from generator.core.findings import Finding
from generator.core.frozen import dataclass
from generator.core.places import Document, Json, Place, Route
from generator.core.scalars import is_ambiguous, resolve
from generator.core.yaml_nodes import Node, YamlRefused, compose, is_limit_of_libyaml

_STANDARD_TAGS = frozenset({"tag:yaml.org,2002:str", "!!str", "!"})
_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"

_BREAKS = "\x85\u2028\u2029"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep hostile input from exhausting memory; each breach is a finding."""

    characters: int = 5_000_000
    values: int = 500_000
    depth: int = 60
    documents: int = 10_000


DEFAULT_LIMITS = Limits()

PlaceFromTag = Callable[[str], "Place | None"]
"""Turns a local tag (``!12:5``) into the place it stands for; None when it stands for none."""


def read_documents(
    text: str | bytes,
    file: str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    allow_ambiguous: bool = False,
    place_from_tag: PlaceFromTag | None = None,
) -> tuple[list[Document], list[Finding]]:
    """Read every YAML document of *text*; empty documents are left out.

    Args:
        text: the stream, as text or as the bytes of a UTF-8 file.
        file: the name that places carry.
        limits: bounds on size, nesting and number of values (aliases count as often as used).
        allow_ambiguous: accept plain scalars that YAML 1.1 and 1.2 read differently; the documents say where.
        place_from_tag: recover a place that a template wrote down as a local tag; values
            without such a tag then have no place of their own.

    Returns:
        The documents, and the findings MG002 (syntax), MG003 (duplicate key), MG004
        (ambiguous scalar), MG005 (limit), MG006 (encoding), MG008 (tag or key not allowed).
    """
    decoded, findings = _decode(text, file, limits)
    if findings:
        return [], findings
    documents, findings = _read(decoded, file, limits, allow_ambiguous, place_from_tag)
    if findings:
        from generator.core.secrets import discreet, holds_secret_object  # noqa: PLC0415  (start-up: only what a run needs)

        if holds_secret_object(decoded):
            findings = [discreet(one) for one in findings]
    return documents, findings


def _read(
    decoded: str, file: str, limits: Limits, allow_ambiguous: bool, place_from_tag: PlaceFromTag | None
) -> tuple[list[Document], list[Finding]]:
    builder = _Builder(file, limits, allow_ambiguous, place_from_tag)
    try:
        try:
            builder.add_documents(compose(decoded, file, limits.depth))
        except MarkedYAMLError as error:
            if not is_limit_of_libyaml(error):
                raise
            builder = _Builder(file, limits, allow_ambiguous, place_from_tag)
            builder.add_documents(compose(decoded, file, limits.depth, pure=True))
    except YamlRefused as error:
        return [], [*builder.findings, error.finding]
    except MarkedYAMLError as error:
        from generator.core.syntax_errors import syntax_error  # noqa: PLC0415  (start-up: only what a run needs)

        return [], [*builder.findings, syntax_error(error, file, decoded)]
    except YAMLError as error:
        return [], [*builder.findings, Finding("MG002", f"not valid YAML: {error}", Place(file, 1, 1))]
    return builder.documents, builder.findings


def _decode(text: str | bytes, file: str, limits: Limits) -> tuple[str, list[Finding]]:
    if len(text) > limits.characters:
        message = f"the file has more than {limits.characters:,} characters"
        return "", [Finding("MG005", message, Place(file, 1, 1), "split it into several files")]
    if isinstance(text, bytes):
        raw = text
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = _end_of(raw[: error.start].decode("utf-8-sig", "replace"), file)
            return "", [Finding("MG006", "the file is not UTF-8 text", place, "save it as UTF-8")]
    text = text.removeprefix("\ufeff")
    if match := _first_control(text):
        place = _end_of(text[: match.start()], file)
        return "", [_control_character(match.group(), place)]
    return text, []


def _control_character(character: str, place: Place) -> Finding:
    code = f"U+{ord(character):04X}"
    if character in _BREAKS:  # what follows it may be a comment to one reader and a key to another
        message = f"{code} ends a line in YAML 1.1 and not in YAML 1.2"
        return Finding(
            "MG006", message, place, f'remove it, or write it as "\\u{ord(character):04x}" within double quotes'
        )
    return Finding("MG006", f"the control character {code} is not allowed in YAML", place, "remove it")


def has_control_character(text: str) -> bool:
    """Whether *text* holds a character that YAML does not allow."""
    return _first_control(text) is not None


def _first_control(text: str) -> re.Match[str] | None:
    """Search *text*; as none of them is printable, most texts need no search, and most runs no compiled pattern."""
    return None if text.replace("\n", "").isprintable() else re.search(_CONTROL, text)


def _end_of(text: str, file: str) -> Place:
    """Return the place right behind *text*, with which the file begins."""
    return Place(file, text.count("\n") + 1, len(text) - text.rfind("\n"))


def _is_merge(key: Node) -> bool:
    return key.kind == "scalar" and key.value == "<<" and key.is_plain


def _sources(node: Node) -> list[Node]:
    return node.value if node.kind == "sequence" else [node]


class _Builder:
    """Turns composed nodes into plain data, noting places and collecting mistakes on the way."""

    def __init__(self, file: str, limits: Limits, allow_ambiguous: bool, place_from_tag: PlaceFromTag | None) -> None:
        self.file = file
        self.limits = limits
        self.allow_ambiguous = allow_ambiguous
        self.place_from_tag = place_from_tag
        self.findings: list[Finding] = []
        self.documents: list[Document] = []
        self.count = 0
        self.values: dict[Route, Place] = {}
        self.keys: dict[Route, Place] = {}
        self.ambiguous: set[Place] = set()

    def add_documents(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self._add_document(node)

    def _add_document(self, node: Node) -> None:
        self.values, self.keys = {}, {}
        data = self._build(node, ())
        if data is None:
            return
        if len(self.documents) >= self.limits.documents:
            raise YamlRefused(
                Finding("MG005", f"more than {self.limits.documents:,} documents in one file", self._mark(node))
            )
        self.documents.append(Document(data, self.file, self.values, self.keys, self.ambiguous))

    def _mark(self, node: Node) -> Place:
        return Place(self.file, node.line, node.column)

    def _tagged_place(self, node: Node) -> Place | None:
        if self.place_from_tag is None or node.tag is None:
            return None
        return self.place_from_tag(node.tag)

    def _place(self, node: Node) -> Place | None:
        return self._mark(node) if self.place_from_tag is None else self._tagged_place(node)

    def _count(self, node: Node, depth: int) -> None:
        """Count *node* as often as it is used: aliases multiply values, and nest them deeper than they are written."""
        self.count += 1
        if self.count > self.limits.values:
            message = f"more than {self.limits.values:,} values, counting aliases as often as they are used"
            raise YamlRefused(Finding("MG005", message, self._mark(node), "write it in fewer, smaller pieces"))
        if depth > self.limits.depth:
            message = f"nested more than {self.limits.depth} levels deep, aliases included"
            raise YamlRefused(Finding("MG005", message, self._mark(node), "write it flatter"))

    def _build(self, node: Node, route: Route) -> Json:
        self._count(node, len(route))
        if place := self._place(node):
            self.values[route] = place
        if node.kind == "scalar":
            return self._scalar(node)
        self._refuse_tag(node)
        if node.kind == "sequence":
            return [self._build(item, (*route, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, route)

    def _mapping(self, node: Node, route: Route, merges: int = 0) -> dict[str, Json]:
        inherited = self._inherited(node, route, merges)
        data: dict[str, Json] = {}
        first_seen: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = "<<" if _is_merge(key_node) else self._key(key_node)
            if key in first_seen:
                related = ((self._mark(first_seen[key]), "it stands here first"),)
                message = f"the key {key!r} stands twice in one mapping"
                place = self._mark(key_node)
                self.findings.append(Finding("MG003", message, place, "keep one of them", related=related))
            first_seen.setdefault(key, key_node)
            if not _is_merge(key_node):
                if where := self._place(key_node):
                    self.keys[(*route, key)] = where
                data[key] = self._build(value_node, (*route, key))
        return inherited | data if inherited else data

    def _inherited(self, node: Node, route: Route, merges: int) -> dict[str, Json]:
        """Return what the merge keys of *node* bring in; the first source that has a key wins, and gives its place."""
        merged: dict[str, Json] = {}
        for source in reversed([one for key, value in node.value if _is_merge(key) for one in _sources(value)]):
            self._count(source, len(route) + merges)
            if source.kind != "mapping":
                self.findings.append(Finding("MG008", "<<: takes a mapping or a list of mappings", self._mark(source)))
            else:
                merged |= self._mapping(source, route, merges + 1)
        return merged

    def _key(self, node: Node) -> str:
        if node.kind != "scalar":
            message = "a list or mapping is used as a key"
            self.findings.append(Finding("MG008", message, self._mark(node), "use a plain word as the key"))
            return "?"
        self._scalar(node)
        return str(node.value)  # `8080:` and `true:` too: the data is JSON, and its keys are strings

    def _scalar(self, node: Node) -> Json:
        text: str = node.value
        self._refuse_tag(node)
        if not node.is_plain or (node.tag is not None and self._tagged_place(node) is None):
            return text
        if is_ambiguous(text):
            if self.allow_ambiguous:
                self.ambiguous.add(self._mark(node))
                return resolve(text)
            message = f"{text!r} without quotes means different things to different YAML readers"
            self.findings.append(Finding("MG004", message, self._mark(node), f'write "{text}" if you mean the text'))
            return text
        return resolve(text)

    def _refuse_tag(self, node: Node) -> None:
        if node.tag is None or node.tag in _STANDARD_TAGS or self._tagged_place(node) is not None:
            return
        shown = node.tag.replace("tag:yaml.org,2002:", "!!")
        self.findings.append(Finding("MG008", f"the tag {shown} is not allowed", self._mark(node), "remove it"))
