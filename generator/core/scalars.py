"""How YAML types a plain scalar, and which ones the versions of YAML type differently.

YAML 1.2 (core schema) decides what a plain scalar means here. kubectl, Argo CD and
PyYAML read YAML 1.1, where ``on`` is a boolean, ``0777`` is octal and ``12:30:45`` a
number in base 60; such scalars are *ambiguous*, and a security tool must not pick one
of the readings for the user.
"""

from __future__ import annotations

import re

from generator.core.places import Json

_CONSTANTS: dict[str, Json] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BOOLEANS_OF_1_1 = frozenset(
    ("y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF")
)
_AMBIGUOUS = r"""
    [-+]?0[0-9_]+                                            # octal in 1.1, decimal in 1.2
    | [-+]?0[oO][0-7_]+ | [-+]?0[bB][01_]+ | [-+]?0[xX][0-9a-fA-F_]+
    | [-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?                  # digit groups in 1.1 alone
    | [-+]?[0-9][0-9_]*\.[0-9]*_[0-9_]* | \.[0-9]+_[0-9_]*
    | [-+]\.[0-9]+                                           # a number in 1.2 alone
    | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?           # base 60 in 1.1 alone
    | [-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+           # exponents: three readers, three rules
    | [-+]?\.[0-9_]+[eE][-+]?[0-9]+ | = | <<
    """
_STARTS = frozenset("yYnNoO+-.=<0123456789")
"""What such a scalar begins with; most texts need no closer look."""
_STARTS_ALONE = frozenset("+-.=<0")
_WITHIN = frozenset("_:eE")
"""What such a number has somewhere, if it does not begin with one of `_STARTS_ALONE`; few runs compile the pattern."""
# Everything that no reader could take for anything but a string; see `is_plain_safe`.
_PLAIN_SAFE = re.compile(r"[A-Za-z_/][A-Za-z0-9_./*-]*")
_WORDS = frozenset(word.lower() for word in _CONSTANTS) | {"y", "n", "yes", "no", "on", "off"}


def resolve(text: str) -> Json:
    """Return the value that YAML 1.2's core schema gives the plain scalar *text*."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    first = text[0]
    if first.isalpha() or first == "/":
        return text
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 40 else text  # longer ones are no quantity of ours
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def is_ambiguous(text: str) -> bool:
    """Tell whether YAML 1.1 and YAML 1.2 read the plain scalar *text* as different values."""
    first = text[:1]
    if first not in _STARTS:
        return False
    if first.isalpha():
        return text in _BOOLEANS_OF_1_1
    if first not in _STARTS_ALONE and _WITHIN.isdisjoint(text):
        return False
    return re.fullmatch(_AMBIGUOUS, text, re.VERBOSE) is not None


def is_plain_safe(text: str) -> bool:
    """Tell whether *text*, written without quotes, is read as that same string by every reader."""
    return bool(_PLAIN_SAFE.fullmatch(text)) and text.lower() not in _WORDS
