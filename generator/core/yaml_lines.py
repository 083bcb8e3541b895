"""One YAML document as most people and programs write it, read line by line: a mapping or list in block style.

A shortcut to what libyaml says, never another opinion: whatever is not plainly one of the few
shapes known here is refused, and the library reads it. Known are keys and items on lines of
their own, indented by spaces; plain and quoted scalars that end on their line; lists and
mappings in flow style on one line; comments. Lines recur, so each is understood once, and
what it says in flow style is one value wherever it stands: nobody changes documents.

Measured on 12,000 documents of somebody else: a sixth of the time of libyaml's events, and
every other way through a library takes longer than these. `tests/core/test_yaml_quick.py` and
`make fuzz-input` hold the two equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from generator.core.places import Json
from generator.core.scalars import is_ambiguous, resolve


class Unusual(Exception):
    """An alias, a tag, a duplicate key, an ambiguous scalar, …: who knows all of YAML decides."""


DEEPEST = 60
"""Levels that are never exceeded here: those in block style, and on top of them those in flow style."""
_DEEPEST_BLOCK, _DEEPEST_FLOW = 30, 20
_LONGEST = 500
"""Characters of a line; far below the 1,024 within which libyaml looks for the colon behind a key."""
_MOST_LINES = 50_000
_QUOTED = r"""'[^'\n]*'|"(?:[^"\\\n]|\\["\\nt])*\""""
_KEY = rf"[A-Za-z0-9_][A-Za-z0-9_./-]*|{_QUOTED}"
# No colon before a space, no hash behind one: all other signs mean nothing within a plain scalar.
_PLAIN = r"(?!-(?:[ ]|$))[A-Za-z0-9_./+~-](?:[!-9;-~]|:(?=[!-~])|[ ](?=[!-\"$-9;-~]))*"
_SCALAR = rf"{_QUOTED}|{_PLAIN}|[\[{{].*"
_LINE = re.compile(rf"([ ]*)(-[ ])?(?:({_KEY}):(?:[ ]+({_SCALAR}))?|({_SCALAR}))[ ]*(?:(?<=[ ])\#.*)?")
_NOTHING = re.compile(r"[ ]*(?:#.*)?")
_IN_FLOW = re.compile(
    rf"[ ]*(?:([\[\]{{}},])|({_QUOTED}|(?!-[^A-Za-z0-9_./])[A-Za-z0-9_./-][A-Za-z0-9_./*-]*)(:(?=[ ]))?)"
)

_QUOTES = "'\""

_Line = tuple[int, bool, "str | None", int, Json]
"""Its indentation, whether it is an item, its key (None: a bare item), the column of that, and its value."""

_OPEN: Any = object()
"""The value of a key whose value begins on the next line, if it has any."""
_known: dict[str, _Line | None] = {}


def read_block(text: str) -> Json:
    """Return the one document that *text* is, None where there is nothing but comments.

    Raises:
        Unusual: it is not written as plainly as that; it may be right all the same.
    """
    outer: list[tuple[int, Any]] = []
    here: Any = None
    root: Any = None
    below: Any
    column, key = 0, None  # *key* of the mapping *here*, at *column*, still has no value
    for text_of_line in text.split("\n"):
        line = _known[text_of_line] if text_of_line in _known else _understood(text_of_line)
        if line is None:
            continue
        indent, is_item, name, inner, value = line
        if here is None:
            here = root = [] if is_item else {}
        elif key is not None and (indent > column or (is_item and indent == column)):
            outer.append((column, here))
            here[key] = below = [] if is_item else {}
            here, column = below, indent
        key = None
        while outer and (column > indent or (column == indent and not is_item and type(here) is list)):
            column, here = outer.pop()
        if column != indent or is_item is not (type(here) is list) or len(outer) > _DEEPEST_BLOCK:
            raise Unusual
        if is_item and name is None:
            here.append(value)
            continue
        if is_item:
            outer.append((column, here))
            here.append(below := {})
            here, column = below, inner
        if name in here:
            raise Unusual
        if value is _OPEN:
            here[name], key = None, name
        else:
            here[name] = value
    return root


def spots(text: str) -> Iterator[tuple[int, int]]:
    """Yield line and column of every key and value of a *text* that `read_block` reads, in the order of the text.

    A list or mapping stands where the first thing in it does, and what is left out behind its colon.
    """
    open_key: tuple[int, int, int] | None = None  # its line and column, and the column behind its colon
    is_first = True
    for number, line in enumerate(text.split("\n")):
        found = None if _NOTHING.fullmatch(line) else _LINE.fullmatch(line)
        if found is None:
            continue
        indent, is_item = found.end(1), found[2] is not None
        if open_key is not None:
            is_below = indent > open_key[1] or (is_item and indent == open_key[1])
            yield (number, indent) if is_below else (open_key[0], open_key[2])
        elif is_first:
            yield number, indent
        open_key, is_first = None, False
        if found[3] is None:
            yield from ((number, column) for column in _columns(found[5], found.start(5)))
            continue
        column = found.start(3)
        yield from [(number, column)] * (1 + is_item)  # the mapping that is the item begins with its key
        if found[4] is None:
            open_key = number, column, found.end(3) + 1
        else:
            yield from ((number, column) for column in _columns(found[4], found.start(4)))
    if open_key is not None:
        yield open_key[0], open_key[2]


def _columns(text: str, start: int) -> Iterator[int]:
    """Yield where the value *text* begins, and everything in it if it is in flow style."""
    if text[0] not in "[{":
        yield start
        return
    for found in _IN_FLOW.finditer(text):
        if found[2] or found[1] in "[{":
            yield start + found.start(2 if found[2] else 1)


def _understood(text: str) -> _Line | None:
    """Return what the line *text* says; None where it says nothing."""
    if len(_known) >= _MOST_LINES:
        _known.clear()
    if _NOTHING.fullmatch(text):
        line = None
    else:
        found = _LINE.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None:
            raise Unusual
        spaces, dash, key, value, item = found.groups()
        if key is None and not dash:
            raise Unusual
        column = len(spaces) + len(dash or "")
        name = None if key is None else _name(key)
        line = len(spaces), dash is not None, name, column, _OPEN if key and value is None else _value(value or item)
    _known[text] = line
    return line


def _name(key: str) -> str:
    """Return the *key* of a mapping: always a text, but `on:` and `0777:` are for others to judge."""
    is_quoted = key[0] in _QUOTES
    name = _unquoted(key) if is_quoted else key
    if name == "<<" or (not is_quoted and is_ambiguous(name)):
        raise Unusual
    return name


def _value(text: str) -> Json:
    if text[0] in "[{":
        return _flow(text)
    return _unquoted(text) if text[0] in _QUOTES else plain(text)


def _unquoted(text: str) -> str:
    r"""Return what stands between the quotes of *text*; the few escapes that get here are those of JSON as well."""
    return str(json.loads(text, strict=False)) if "\\" in text and text[0] == '"' else text[1:-1]


@lru_cache(maxsize=20_000)
def plain(text: str) -> Json:
    """Return what the plain scalar *text* is to all readers.

    Raises:
        Unusual: they do not agree.
    """
    if is_ambiguous(text):
        raise Unusual
    return resolve(text)


def _flow(text: str) -> Json:
    """Return the list or mapping that *text* is in flow style."""
    text = text.rstrip(" ")
    tokens = _tokens(text)
    value = _in_flow(tokens, next(tokens), 1)
    if next(tokens, None) is not None:
        raise Unusual
    return value


_Token = tuple[str, str, str]
"""A sign, or a scalar; and the colon behind it."""
_END: _Token = ("", "", "")


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _IN_FLOW.match(text, at)
        if found is None:
            raise Unusual
        yield found.groups("")  # type: ignore[misc]
        at = found.end()


def _in_flow(tokens: Iterator[_Token], first: _Token, depth: int) -> Json:
    """Return the value that begins with the token *first*."""
    sign, scalar, colon = first
    if scalar and not colon:
        return _unquoted(scalar) if scalar[0] in _QUOTES else plain(scalar)
    if sign not in ("[", "{") or depth > _DEEPEST_FLOW:
        raise Unusual
    return _list(tokens, depth) if sign == "[" else _mapping(tokens, depth)


def _list(tokens: Iterator[_Token], depth: int) -> list[Json]:
    found: list[Json] = []
    sign = ","
    while sign == ",":
        first = next(tokens, _END)
        if first[0] == "]" and not found:
            return found
        found.append(_in_flow(tokens, first, depth + 1))
        sign = next(tokens, _END)[0]
    if sign != "]":
        raise Unusual
    return found


def _mapping(tokens: Iterator[_Token], depth: int) -> dict[str, Json]:
    found: dict[str, Json] = {}
    sign = ","
    while sign == ",":
        sign, key, colon = next(tokens, _END)
        if sign == "}" and not found:
            return found
        if not colon or (name := _name(key)) in found:
            raise Unusual
        found[name] = _in_flow(tokens, next(tokens, _END), depth + 1)
        sign = next(tokens, _END)[0]
    if sign != "}":
        raise Unusual
    return found
