"""`meshgen check`: any YAML in, findings out."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli.options import Environment, Schemas
from generator.cli.progress import at_work
from generator.cli.terminal import one_of, say, verb, wants_colour
from generator.core.errors import EXIT_FINDINGS, EXIT_OK, EXIT_WRONG_INPUT, MeshgenError
from generator.core.files import read_standard_input
from generator.core.findings import Severity, reaches

if TYPE_CHECKING:
    from generator.checking.check import Checked
    from generator.core.places import Document

FORMATS = ("text", "json", "sarif", "github")
THRESHOLDS = ("error", "warning", "info", "never")
_SHOWN_KINDS = 6


@verb
def check(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH...]", help="Files, folders, or - for standard input.")
    ] = None,
    kustomize: Annotated[
        list[str] | None,
        typer.Option("--kustomize", metavar="DIR", help="Check what this overlay builds, and its transformers."),
    ] = None,
    env: Environment = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="OLD", help="Hold the change from OLD, a path or REVISION:PATH, against it."),
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="Nothing exists beside what is given: what is absent is missing.")
    ] = False,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="|".join(THRESHOLDS), help="Exit with 1 from this severity on.")
    ] = "error",
    output_format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How findings are reported.")
    ] = "text",
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Hide the findings that this file knows.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write what is found now as a baseline.")
    ] = None,
    bundles: Annotated[
        list[str] | None,
        typer.Option("--require-bundle", metavar="NAME", help="Fail unless objects of this bundle are there."),
    ] = None,
    schemas: Schemas = None,
) -> int:
    """Look for mistakes in any YAML: hand-written, from Helm, or `kubectl get -o yaml`.

    Looks at NetworkPolicy and Istio objects, and at what they apply to. A comment
    `# meshgen: ignore[CODE] reason` hides a finding on its line or the line below.
    `meshgen explain rules` lists the rules, `meshgen explain CODE` explains one.
    --against OLD adds what the change itself does: opened, cut, left behind.

    Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong input, 3 a bug in meshgen.
    """
    from generator.checking.check import CheckRequest  # noqa: PLC0415  (start-up: only what a run needs)
    from generator.checking.check import check as check_manifests  # noqa: PLC0415
    from generator.cli.schema import read_schemas  # noqa: PLC0415
    from generator.output.single import write_file  # noqa: PLC0415

    one_of("--format", output_format, FORMATS)
    one_of("--fail-on", fail_on, THRESHOLDS)
    if not paths and not kustomize:
        raise MeshgenError("say what to check: files, folders, - for standard input, or --kustomize DIR")
    request = CheckRequest(
        paths=tuple(paths or ()),
        standard_input=read_standard_input() if "-" in (paths or ()) else None,
        kustomize=tuple(kustomize or ()),
        environment=env,
        before=_before(against, env) if against is not None else None,
        is_complete=complete,
        schemas=read_schemas(schemas or []),
        bundles=tuple(bundles or ()),
        baseline=baseline,
        new_baseline=write_baseline,
        today=datetime.now(UTC).date(),
    )
    with at_work("checking"):
        checked = check_manifests(request)
    if write_baseline is not None and checked.new_baseline is not None:
        write_file(write_baseline, checked.new_baseline)
        say(f"{write_baseline}: {_counted(checked.in_baseline, 'finding')} written")
    _report(checked, output_format)
    _tell(checked, complete)
    if checked.missing:
        return EXIT_WRONG_INPUT
    return EXIT_FINDINGS if any(reaches(one, fail_on) for one in checked.findings) else EXIT_OK


def _before(given: str, env: str | None) -> tuple[Document, ...]:
    """Return the objects of the older side, which is read as `diff` reads it."""
    from generator.questions.material import Asked  # noqa: PLC0415  (only for changes)
    from generator.questions.pair import read_side  # noqa: PLC0415

    if given == "-":
        raise MeshgenError("--against - is not read: give a file, a folder or REVISION:PATH")
    return read_side(given, Asked(environment=env)).documents


def _report(checked: Checked, output_format: str) -> None:
    from generator.report import REPORTERS  # noqa: PLC0415  (start-up: only what a run needs)

    text = REPORTERS[output_format](checked.findings, wants_colour(sys.stdout))
    if text:
        print(text)
        sys.stdout.flush()


def _tell(checked: Checked, complete: bool) -> None:
    """Say on standard error what was read, what was found, and what was left out."""
    from generator.report.safe import one_line  # noqa: PLC0415  (start-up: only what a run needs)

    for line in _notes(checked, complete):
        say(one_line(line))
    counted = Counter(one.severity for one in checked.findings)
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    found = ", ".join(_counted(counted[one], words[one]) for one in Severity if counted[one]) or "no findings"
    hidden = f"; {_counted(checked.in_baseline, 'finding')} in the baseline" if checked.in_baseline else ""
    more = ". `meshgen explain CODE` says more." if checked.findings else ""
    say(f"{_counted(checked.objects, 'object')} in {_counted(checked.files, 'file')}: {found}{hidden}{more}")


def _notes(checked: Checked, complete: bool) -> list[str]:
    lines = []
    total = sum(checked.skipped.values())
    if total:
        kinds = [f"{kind or 'no kind'} {count}" for kind, count in checked.skipped.items()]
        listed = ", ".join(kinds[:_SHOWN_KINDS]) + (", …" if len(kinds) > _SHOWN_KINDS else "")
        lines.append(f"{_counted(total, 'object')} of kinds that decide nothing here: {listed}")
    if checked.strangers:
        lines.append(f"{_counted(checked.strangers, 'document')} left out: no Kubernetes objects")
    lines += [f"{name}: left out, a kustomization applies it as a patch" for name in checked.patches]
    lines += [f"{name}: its Helm templates were left out; check what `helm template` prints" for name in checked.charts]
    if complete and not checked.is_whole:
        lines.append("--complete was not heeded: what could not be read may be what seems to be absent")
    return lines


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
