"""An explanation for people and for programs: the verdict, then every layer with the rule that decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from generator.core.places import Place
from generator.report.json import SCHEMA_VERSION, json_text
from generator.report.safe import one_line
from generator.semantics.explain import Explanation
from generator.semantics.reasons import Answer, Layer, Reason, Verdict
from generator.semantics.symptoms import Cause

_WORDS = {Verdict.YES: "allowed", Verdict.NO: "not allowed", Verdict.UNKNOWN: "unknown"}
_MOST_PAIRS = 4
"""Pairs that are shown in full; the others say nothing new."""


def _as_text(explanation: Explanation, causes: Sequence[Cause]) -> str:
    lines = [_title(explanation), *(f"  ({note})" for note in explanation.notes)]
    if causes:
        lines += ["", *_cause_lines(causes)]
    else:
        shown, left_out = _telling(explanation.answers)
        for one in shown:
            lines += ["", *_answer_lines(one, explanation)]
        lines += ["", f"{left_out} more pairs get the same answers"] if left_out else []
    return "\n".join(map(one_line, lines))


def _title(explanation: Explanation) -> str:
    asked = f" {explanation.asked}" if str(explanation.asked) else ""
    return f"{explanation.source} -> {explanation.target}{asked}: {_outcome(explanation)}"


def _outcome(explanation: Explanation) -> str:
    only = sorted({one.requests for one in explanation.answers if one.requests})
    word = _WORDS[explanation.verdict]
    return f"{word}, for these requests alone: {' / '.join(only)}" if only and explanation.verdict == "yes" else word


def _telling(answers: Sequence[Answer]) -> tuple[list[Answer], int]:
    """Return the answers that differ in verdict, one of each kind, and how many are left out."""
    by_kind: dict[object, Answer] = {}
    for one in answers:
        by_kind.setdefault((one.point, one.requests, *(layer.verdict for layer in one.layers)), one)
    shown = list(by_kind.values())[:_MOST_PAIRS]
    return shown, len(answers) - len(shown)


def _answer_lines(answer: Answer, explanation: Explanation) -> Iterator[str]:
    if len(explanation.answers) > 1:
        yield f"{answer.client.name} -> {answer.server.name} on {answer.point}: {_WORDS[answer.verdict]}"
    for layer in answer.layers:
        yield f"  {layer.verdict:<8} {layer.name}"
        yield from _reason_lines(layer.reasons)
        yield from (f"           missing: {fact}" for fact in layer.missing)


def _reason_lines(reasons: Iterable[Reason]) -> Iterator[str]:
    for reason in reasons:
        where = f"{reason.place}: " if reason.place else ""
        yield f"           {where}{reason.text}"


def _cause_lines(causes: Sequence[Cause]) -> Iterator[str]:
    for number, cause in enumerate(causes, 1):
        codes = ", ".join(cause.codes)
        yield f"{number}. {cause.standing}: {cause.text} ({cause.layer}; see {codes})"
        yield from _reason_lines(cause.reasons)


def _as_json(explanation: Explanation, causes: Sequence[Cause]) -> str:
    data: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "source": explanation.source,
        "target": explanation.target,
        "request": str(explanation.asked) or None,
        "verdict": explanation.verdict.value,
        "notes": list(explanation.notes),
        "answers": [_answer(one) for one in explanation.answers],
    }
    if causes:
        data["causes"] = [
            {
                "standing": one.standing,
                "layer": one.layer,
                "text": one.text,
                "codes": list(one.codes),
                "reasons": [_reason(each) for each in one.reasons],
            }
            for one in causes
        ]
    return json_text(data)


def _answer(one: Answer) -> dict[str, Any]:
    return {
        "client": one.client.name,
        "server": one.server.name,
        "port": one.point.number,
        "protocol": one.point.transport,
        "verdict": one.verdict.value,
        "requests": one.requests or None,
        "layers": [_layer(layer) for layer in one.layers],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "layer": layer.kind,
        "of": layer.name,
        "verdict": layer.verdict.value,
        "reasons": [_reason(one) for one in layer.reasons],
        "missing": list(layer.missing),
    }


def _reason(one: Reason) -> dict[str, Any]:
    return {"text": one.text, **_place(one.place)}


def _place(place: Place | None) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column} if place else {"file": None}


WHY_REPORTERS: dict[str, Callable[[Explanation, Sequence[Cause]], str]] = {"text": _as_text, "json": _as_json}
"""Output formats by name; the choices of `why --format`."""
