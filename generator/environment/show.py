"""An environment printed as a file that can be edited and used: every fact, with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from generator.core.places import Json
from generator.environment.families import RANGES, missing
from generator.environment.load import document, facts
from generator.templating.quoting import comment, flow


def as_file(name: str, base: Path) -> str:
    """Return the environment *name* as YAML with all facts spelled out, ready to be a file of the user's own."""
    own = document(name, base).data
    sources = dict(_sources(name, base))
    lines = [str(comment(own["about"]))] if own.get("about") else []
    if own.get("asOf"):
        lines.append(f"# As of {own['asOf']}. A fact that is unknown here stops a render that needs it.")
    lines += [
        "apiVersion: meshgen.dev/v1alpha1",
        "kind: Environment",
        f"metadata: {{name: {flow(own['metadata']['name'])}}}",
    ]
    lines.append("spec:")
    spec = facts(name, base)
    halves = [name for name in RANGES if missing(spec, name)]
    if halves:  # nobody stated the families: stated now, they would ask for the other half of these ranges
        spec = {key: value for key, value in spec.items() if key != "ipFamilies"}
        halves = [f"addresses.{name}" for name in halves]
        lines.append(str(comment(f"ipFamilies: not stated; of one family alone are {', '.join(halves)}", 2)))
    lines += _mapping(spec, 2, "", sources)
    return "\n".join(lines) + "\n"


def _sources(name: str, base: Path) -> Iterator[tuple[str, str]]:
    """Yield the source of each fact, those of the extended preset first."""
    found = document(name, base)
    parent = found.data.get("extends", None if name == "generic" else "generic")
    if parent:
        yield from _sources(parent, Path())
    yield from found.data.get("sources", {}).items()


def _mapping(data: Mapping[str, Json], indent: int, path: str, sources: Mapping[str, str]) -> Iterator[str]:
    for key, value in data.items():
        here = f"{path}.{key}".lstrip(".")
        if here in sources:
            yield str(comment(sources[here], indent))
        if isinstance(value, dict) and value and key != "labels":
            yield f"{' ' * indent}{flow(key)}:"
            yield from _mapping(value, indent + 2, here, sources)
        else:
            yield f"{' ' * indent}{flow(key)}: {flow(value)}"
