"""From answers to an approach: the decision table is data, this only walks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from generator.core.errors import InvalidInput
from generator.core.findings import Finding
from generator.core.names import suggestion
from generator.core.places import Document, Json, Place
from generator.core.resources import package_file
from generator.core.yaml_reader import read_documents

SUBJECT = "subject"
"""The question that everybody is asked, last."""

_WORDS = {True: "yes", False: "no"}
Ask = Callable[[str, str, tuple[str, ...]], str]
"""Given the name of a question, its words and the possible answers: returns one of them, or nothing."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An approach, why, and a profile to start from."""

    approach: str
    title: str
    reasons: tuple[str, ...]
    gives: tuple[str, ...]
    lacks: tuple[str, ...]
    answers: Mapping[str, str]
    profile: str


@cache
def decisions() -> dict[str, Any]:
    """Return the decision table."""
    documents, _ = read_documents(package_file("advice", "decisions.yaml").read_bytes(), "decisions.yaml")
    table: dict[str, Any] = documents[0].data
    return table


def questions() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return every question by name: its words, and the answers that it takes."""
    return {name: (one["ask"], tuple(one["answers"])) for name, one in decisions()["questions"].items()}


def recommend(answers: Mapping[str, str], ask: Ask) -> Recommendation:
    """Walk the decision table with *answers*; what they leave open is asked.

    Raises:
        InvalidInput: a question is left without an answer.
    """
    table, given, reasons = decisions(), {}, []
    name, approach = table["first"], ""
    while not approach:
        chosen = given[name] = _answer(name, answers, ask)
        step = table["questions"][name]["answers"][chosen]
        reasons += [step["because"]] if "because" in step else []
        name, approach = step.get("next", ""), step.get("approach", "")
    given[SUBJECT] = _answer(SUBJECT, answers, ask)
    found = table["approaches"][approach]
    profile = package_file("advice", "start", f"{approach}-{given[SUBJECT]}.yaml").read_text("utf-8")
    return Recommendation(
        approach, found["title"], tuple(reasons), tuple(found["gives"]), tuple(found["lacks"]), given, profile
    )


def _answer(name: str, answers: Mapping[str, str], ask: Ask) -> str:
    words, possible = questions()[name]
    found = answers.get(name) or ask(name, words, possible)
    if not found:
        message = f"nothing answers the question {name!r}: {words}"
        fix = f"add --answer {name}=ANSWER, one of {', '.join(possible)}; or run it in a terminal, which asks"
        raise InvalidInput([Finding("MG013", message, None, fix)])
    return found


def checked(said: Document) -> dict[str, str]:
    """Return the answers that *said* gives, one for each question that it names.

    Raises:
        InvalidInput: it names no question of ours (MG011), or an answer that the question does not take (MG012).
    """
    if not isinstance(said.data, dict):
        place = said.place()
        raise InvalidInput(
            [Finding("MG012", "answers are a mapping from questions to answers", place, "write http: yes")]
        )
    findings = [finding for name, value in said.data.items() for finding in _mistakes(said, name, value)]
    if findings:
        raise InvalidInput(findings)
    return {name: _word(value) for name, value in said.data.items()}


def _mistakes(said: Document, name: str, value: Json) -> Iterator[Finding]:
    known = questions()
    if name not in known:
        yield Finding("MG011", f"there is no question {name!r}", said.key_place((name,)), suggestion(name, known))
    elif _word(value) not in known[name][1]:
        listed = ", ".join(known[name][1])
        yield Finding("MG012", f"{_word(value)!r} answers no {name!r}", said.place((name,)), f"one of {listed}")


def _word(value: Json) -> str:
    """Return an answer as text; YAML's true and false are yes and no."""
    return _WORDS[value] if isinstance(value, bool) else str(value)


def from_options(options: list[str]) -> Document:
    """Return ``NAME=ANSWER`` words as a document of answers.

    Raises:
        InvalidInput: a word has no ``=`` in it.
    """
    here = Place("--answer", 1, 1)
    wrong = [one for one in options if "=" not in one]
    if wrong:
        raise InvalidInput([Finding("MG012", f"{one!r} is no answer", here, "write it as http=yes") for one in wrong])
    data = dict(one.split("=", maxsplit=1) for one in options)
    return Document(data, "--answer", {(): here}, {})
