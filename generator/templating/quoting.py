"""How a Python value is written into YAML text so that every reader gets that same value back.

The engine calls `finalize` on every expression of every template, so nobody has to
remember a filter, and no string of a user can end a scalar, start a key or open a comment.
"""

from __future__ import annotations

import decimal
import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2.runtime import Undefined
from markupsafe import Markup

from generator.core.scalars import is_plain_safe

# Line breaks and control characters of any alphabet, what YAML cannot hold, and what turns the
# direction of writing around, so that a reviewer would read something else than a machine.
# None of them is printable, so most texts need no search, and most runs need not compile this.
_INVISIBLE = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]+"
_COMMENT_WIDTH = 100
_LONGEST_KEY = 1000
"""YAML looks for the colon of a key within 1024 characters; longer keys are announced by a question mark."""


def quoted(text: str) -> str:
    """Return *text* as a JSON string that is a YAML double-quoted scalar as well.

    Characters beyond ASCII stay readable, except those that nobody could see, or that YAML
    cannot hold unescaped; JSON's own surrogate pairs are no YAML.
    """
    written = json.dumps(text, ensure_ascii=False)
    if written.isprintable():
        return written
    return re.sub(_INVISIBLE, lambda match: "".join(f"\\u{ord(character):04x}" for character in match.group()), written)


def finalize(value: Any) -> Markup:
    """Return *value* as YAML: plain where no reader could err, JSON (which is YAML) otherwise.

    Text that a template or macro has already rendered (`Markup`) passes through.
    """
    if type(value) is str:  # not a text that carries more, as Markup does
        return _of_text(value)
    return value if isinstance(value, Markup) else Markup(flow(value))  # noqa: S704  (YAML, not HTML)


@lru_cache(maxsize=4096)
def _of_text(text: str) -> Markup:
    """Remember the texts that every object has: kinds, labels, names of namespaces."""
    return Markup(flow(text))  # noqa: S704  (YAML, not HTML)


def flow(value: Any) -> str:
    """Return *value* in YAML flow style on one line.

    Raises:
        TypeError: the value is of a type that has no place in a manifest.
    """
    if isinstance(value, str):
        return str(value) if is_plain_safe(value) else quoted(value)
    if value is None or isinstance(value, bool | int | float):
        return simple(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(pair(flow(str(key)), flow(item)) for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    raise no_yaml(value)


def simple(value: float | None) -> str:
    """Return null, a boolean or a number as every reader of YAML understands it.

    Numbers have no exponent, which needs a dot for one reader and a sign for another.
    """
    if not isinstance(value, float):
        return json.dumps(value)
    if not math.isfinite(value):
        return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}[str(value)]
    digits = format(decimal.Decimal(repr(value)), "f")
    return digits if "." in digits else f"{digits}.0"


def pair(key: str, value: str) -> str:
    """Return one printed *key* and its printed *value* for a mapping in flow style."""
    return f"{key}: {value}" if len(key) < _LONGEST_KEY else f"? {key} : {value}"


def no_yaml(value: Any) -> TypeError:
    """Return the error for a *value* that is no YAML: an object of Python.

    Raises:
        jinja2.UndefinedError: *value* stands for a name that nobody defined.
    """
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()  # knows the name, or which `if` has no `else`
    return TypeError(f"the template prints a {type(value).__name__}, which YAML cannot hold")


def comment(text: str, indent: int = 0) -> Markup:
    """Return *text* as YAML comment lines at *indent*, without a line break at the end.

    Line breaks and control characters of any alphabet become spaces first: a comment must
    not be able to end itself.
    """
    words = (text if text.isprintable() else re.sub(_INVISIBLE, " ", text)).split()
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
        TypeError: *text* is a value and no rendered text; values are quoted, never nested.
    """
    if not isinstance(text, Markup):
        raise TypeError("the filter `nested` takes the output of a macro")
    return Markup(str(text).strip("\n").replace("\n", "\n" + " " * indent))  # noqa: S704  (YAML, not HTML)
