"""Expressions of the Common Expression Language: whether they parse, and which attributes they read.

A reader for the part of CEL that Envoy evaluates (language definition, section Syntax), without
its evaluation. Envoy says nothing of a wrong expression: the tag is missing, the log stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+\.\d+(?:[eE][+-]?\d+)?|0x[0-9a-fA-F]+u?|\d+u?)
    |(?P<text>[bB]?[rR]?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]{}])
    )""",
    re.VERBOSE,
)
_INFIX = ({"||"}, {"&&"}, {"==", "!=", "<", "<=", ">", ">=", "in"}, {"+", "-"}, {"*", "/", "%"})
"""Operators between two operands, by precedence, weakest first."""

_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_CONSTANTS = frozenset({"true", "false", "null"})


_DEEPEST = 32
"""Expressions within each other; every one takes some of Python's own stack."""


class NotCel(Exception):
    """The text is no expression; the message says where reading stopped."""


@dataclass(slots=True)
class _Reader:
    """The tokens of one expression, and how far they are read."""

    tokens: list[tuple[str, str]]
    at: int = 0
    names: list[tuple[str, ...]] = field(default_factory=list)
    bound: list[str] = field(default_factory=list)
    depth: int = 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    def take(self, wanted: str = "") -> str:
        found = self.peek()
        if not found or (wanted and found != wanted):
            raise NotCel(f"{wanted!r} is missing {_before(found)}" if wanted else f"it stops {_before(found)}")
        self.at += 1
        return found

    def expression(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotCel(f"it is nested more than {_DEEPEST} levels deep {_before(self.peek())}")
        self.infix(0)
        if self.peek() == "?":
            self.take()
            self.infix(0)
            self.take(":")
            self.expression()
        self.depth -= 1

    def infix(self, level: int) -> None:
        if level == len(_INFIX):
            self.prefixed()
            return
        self.infix(level + 1)
        while self.peek() in _INFIX[level] and self.kind() != "text":
            self.take()
            self.infix(level + 1)

    def prefixed(self) -> None:
        while self.peek() in ("!", "-"):
            self.take()
        chain = self.primary()
        while self.peek() in (".", "["):
            if self.take() == "[":
                self.note(chain)
                chain = None
                self.expression()
                self.take("]")
            elif self.kind() != "name":
                raise NotCel(f"a name is missing {_before(self.peek())}")
            else:
                chain = self.member(chain, self.take())
        self.note(chain)

    def member(self, chain: tuple[str, ...] | None, name: str) -> tuple[str, ...] | None:
        if self.peek() != "(":
            return (*chain, name) if chain else None
        self.note(chain)
        variable = self.tokens[self.at + 1][1] if name in _MACROS and self.at + 1 < len(self.tokens) else ""
        self.bound.append(variable)
        self.listed("(", ")")
        self.bound.pop()
        return None

    def primary(self) -> tuple[str, ...] | None:
        if self.kind() in ("number", "text"):
            self.take()
            return None
        if self.kind() == "name":
            name = self.take()
            if self.peek() == "(":
                self.listed("(", ")")
                return None
            return None if name in _CONSTANTS else (name,)
        if self.peek() == "(":
            self.take()
            self.expression()
            self.take(")")
            return None
        if self.peek() == "[":
            self.listed("[", "]")
            return None
        if self.peek() == "{":
            self.mapping()
            return None
        raise NotCel(f"a value is missing {_before(self.peek())}")

    def listed(self, opening: str, closing: str) -> None:
        self.take(opening)
        while self.peek() != closing:
            self.expression()
            if self.peek() != closing:
                self.take(",")
        self.take(closing)

    def mapping(self) -> None:
        self.take("{")
        while self.peek() != "}":
            self.expression()
            self.take(":")
            self.expression()
            if self.peek() != "}":
                self.take(",")
        self.take("}")

    def note(self, chain: tuple[str, ...] | None) -> None:
        if chain and chain[0] not in self.bound:
            self.names.append(chain)


def _before(token: str) -> str:
    return f"before {token!r}" if token else "at the end"


def attributes(expression: str) -> tuple[tuple[str, ...], ...]:
    """Return what *expression* reads, each as its names: ``source.address`` is ``("source", "address")``.

    Raises:
        NotCel: it does not parse.
    """
    reader = _Reader(list(_tokens(expression)))
    reader.expression()
    if reader.peek():
        raise NotCel(f"nothing can stand {_before(reader.peek())}")
    return tuple(dict.fromkeys(reader.names))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotCel(f"{text[at:].strip()[0]!r} is no sign of the language")
        assert match.lastgroup is not None  # noqa: S101  (one of the alternatives matched)
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()
