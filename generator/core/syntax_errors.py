"""Where the parser gave up, and what that usually comes from: the cure of a mistake in the YAML itself."""

from __future__ import annotations

from ruamel.yaml.error import MarkedYAMLError

from generator.core.findings import Finding
from generator.core.places import Place

_CURES = {
    "mapping values are not allowed": (
        "compare the indentation and the colon of the line above; a text with a colon needs quotes"
    ),
    "did not find expected key": "compare the indentation with the lines above, and brackets and quotes in this one",
    "did not find expected '-' indicator": "compare the indentation with the lines above: items of a list begin with -",
    "could not find expected ':'": "write `name: value`: the colon, and a space after it",
}
_ELSE = "mend the YAML here, or in the line above"


def syntax_error(error: MarkedYAMLError, file: str, text: str) -> Finding:
    """Return MG002 for *error*, which the parser met in *text*."""
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
    problem = str(error.problem or error)
    context = f" ({error.context})" if error.context else ""
    related: tuple[tuple[Place, str], ...] = ()
    begun = error.context_mark
    if begun is not None and _is_left_open(problem, str(error.context)):
        related = ((Place(file, begun.line + 1, begun.column + 1), "it is opened here"),)
    fix = _closing(problem) if related else _cure(problem, _character(text, place))
    return Finding("MG002", f"not valid YAML: {problem}{context}", place, fix, related=related)


def _is_left_open(problem: str, context: str) -> bool:
    """Tell whether what was begun elsewhere, a bracket or quotes, has no end."""
    is_bracket = "flow mapping" in context or "flow sequence" in context
    return (is_bracket and "did not find expected" in problem) or "unexpected end of stream" in problem


def _closing(problem: str) -> str:
    if "end of stream" in problem:
        return "close the quotes"
    return "close the bracket; between { } or [ ] a text with a colon or a comma needs quotes"


def _character(text: str, place: Place) -> str:
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return line[place.column - 1 : place.column]


def _cure(problem: str, character: str) -> str:
    if "unexpected ':'" in problem:  # libyaml ends a plain scalar of a flow collection at every colon
        return "put quotes around the text: between { } or [ ] a colon needs them"
    if character == "\t" or "tab" in problem:
        return "indent with spaces, not tabs"
    if "cannot start any token" in problem:
        return f"put quotes around the text: it may not begin with {character}"
    return next((cure for words, cure in _CURES.items() if words in problem), _ELSE)
