"""Large values that repeat are written once: istiod's answers say the same many times over."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

SHORT = 160
"""Characters; below that a reference saves nothing."""
REFERENCE = "$"


def packed(value: Any) -> tuple[dict[str, Any], Any]:
    """Return the repeated parts of *value* by their names, and *value* with references to them."""
    counts: Counter[str] = Counter()
    _count(value, counts)
    names = {text: f"p{number}" for number, text in enumerate(text for text, times in counts.items() if times > 1)}
    shared = {name: _replaced(json.loads(text), names, is_top=True) for text, name in names.items()}
    return shared, _replaced(value, names)


def unpacked(value: Any, shared: dict[str, Any]) -> Any:
    """Return *value* with every reference followed."""
    if isinstance(value, dict):
        if REFERENCE in value:
            return unpacked(shared[value[REFERENCE]], shared)
        return {key: unpacked(below, shared) for key, below in value.items()}
    return [unpacked(below, shared) for below in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _count(value: Any, counts: Counter[str]) -> None:
    """Count each part once per place that is not inside of a part that was seen before."""
    if not isinstance(value, dict | list):
        return
    text = _text(value)
    if len(text) < SHORT:
        return
    counts[text] += 1
    if counts[text] == 1:
        for below in value.values() if isinstance(value, dict) else value:
            _count(below, counts)


def _replaced(value: Any, names: dict[str, str], *, is_top: bool = False) -> Any:
    if not isinstance(value, dict | list):
        return value
    if not is_top and (name := names.get(_text(value))):
        return {REFERENCE: name}
    if isinstance(value, dict):
        return {key: _replaced(below, names) for key, below in value.items()}
    return [_replaced(below, names) for below in value]
