"""How a Python value is written into YAML text so that every reader gets that same value back.

The engine calls `finalize` on every expression of every template, so nobody has to
remember a filter, and no string of a user can end a scalar, start a key or open a comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from generator.core.errors import OurBug
from generator.core.scalars import is_plain_safe

_LINE_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")
_COMMENT_WIDTH = 100


def quoted(text: str) -> str:
    """Return *text* as a JSON string that is a YAML double-quoted scalar as well.

    Characters beyond ASCII stay readable, except those that YAML cannot hold unescaped;
    JSON's own surrogate pairs are no YAML.
    """
    return _LINE_BREAKS.sub(
        lambda match: "".join(f"\\u{ord(character):04x}" for character in match.group()),
        json.dumps(text, ensure_ascii=False),
    )


def finalize(value: Any) -> Markup:
    """Return *value* as YAML: plain where no reader could err, JSON (which is YAML) otherwise.

    Text that a template or macro has already rendered (`Markup`) passes through.
    """
    return value if isinstance(value, Markup) else Markup(flow(value))  # noqa: S704  (YAML, not HTML)


def flow(value: Any) -> str:
    """Return *value* in YAML flow style on one line.

    Raises:
        OurBug: the value is of a type that has no place in a manifest.
    """
    if isinstance(value, str):
        return str(value) if is_plain_safe(value) else quoted(value)
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    raise OurBug(f"a template prints a {type(value).__name__}, which YAML cannot hold")


def comment(text: str, indent: int = 0) -> Markup:
    """Return *text* as YAML comment lines at *indent*, without a line break at the end.

    Line breaks and control characters of any alphabet become spaces first: a comment must
    not be able to end itself.
    """
    words = _LINE_BREAKS.sub(" ", text).split()
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) < _COMMENT_WIDTH - indent:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    prefix = " " * indent + "# "
    return Markup("\n".join(prefix + line for line in lines))  # noqa: S704  (YAML, not HTML)


def nested(text: Markup, indent: int = 0) -> Markup:
    """Return what a macro printed, its lines after the first at *indent*, without the last line break.

    Raises:
        OurBug: *text* is a value and no rendered text; values are quoted, never nested.
    """
    if not isinstance(text, Markup):
        raise OurBug("the filter `nested` takes the output of a macro")
    return Markup(str(text).strip("\n").replace("\n", "\n" + " " * indent))  # noqa: S704  (YAML, not HTML)
