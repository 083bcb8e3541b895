"""`meshgen recommend`: which layers somebody needs, why, and a profile to start from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from generator.cli.options import Force
from generator.cli.terminal import emit, say, verb
from generator.core.errors import EXIT_OK, MeshgenError
from generator.core.files import read_standard_input


@verb
def recommend(
    answers: Annotated[
        str | None, typer.Argument(metavar="[ANSWERS|-]", help="A YAML file with answers: QUESTION: ANSWER.")
    ] = None,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", metavar="QUESTION=ANSWER", help="One answer; may be repeated.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write the profile to start from.")
    ] = None,
    force: Force = False,
) -> int:
    """Recommend NetworkPolicy, Istio or both, with the reasons and a profile to start from.

    In a terminal it asks what ANSWERS and --answer leave open; elsewhere the first open
    question is an error that names its answers.
    """
    from generator.advice.recommend import recommend as decide  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.output.single import write_file  # noqa: PLC0415

    known = _given(answers, answer or [])
    found = decide(known, _ask)
    lines = [f"# {found.title}", "#", *(f"# Because {one}." for one in found.reasons)]
    lines += ["#", *(f"# + {one}" for one in found.gives), *(f"# - {one}" for one in found.lacks), "#"]
    lines += [f"# Asked: {', '.join(f'{name}={value}' for name, value in found.answers.items())}"]
    text = "\n".join(lines) + "\n" + found.profile
    if output is None:
        emit(text)
        return EXIT_OK
    write_file(output, text, is_new=not force, cure="choose another file, or overwrite it with --force")
    say(f"{output}: {found.title}. Edit it, then: meshgen render {output}")
    return EXIT_OK


def _given(source: str | None, options: list[str]) -> dict[str, str]:
    from generator.advice.recommend import checked, from_options  # noqa: PLC0415
    from generator.core.errors import InvalidInput  # noqa: PLC0415
    from generator.core.yaml_reader import read_documents  # noqa: PLC0415

    known: dict[str, str] = {}
    if source is not None:
        try:
            content = read_standard_input() if source == "-" else Path(source).read_bytes()
        except OSError as error:
            raise MeshgenError(f"{source}: cannot be read: {error.strerror}") from error
        documents, findings = read_documents(content, "<stdin>" if source == "-" else source, allow_ambiguous=True)
        if findings:
            raise InvalidInput(findings)
        for document in documents:
            known |= checked(document)
    return known | checked(from_options(options))


def _ask(_: str, words: str, possible: tuple[str, ...]) -> str:
    """Ask on a terminal until one of the possible answers is given; elsewhere there is nobody to ask."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    while True:
        print(f"{words} ({', '.join(possible)}): ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if line.strip() in possible or not line:
            return line.strip()
        say(f"{line.strip()!r} is none of {', '.join(possible)}")
