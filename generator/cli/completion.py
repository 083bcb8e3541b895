"""What a shell offers after TAB: types, presets, codes and topics, each with a word about it.

A shell runs the program for every TAB, so only what the question needs is loaded. Whatever
goes wrong, nothing is offered: a half-written command line is no place for errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

Offers = list[tuple[str, str]]
_LONGEST = 60


def _offering(found: Callable[[str], Iterable[tuple[str, str]]]) -> Callable[[str], Offers]:
    """Turn *found* into a completion: what begins with the word so far, said in short."""

    def complete(incomplete: str) -> Offers:
        try:
            return [(name, _short(text)) for name, text in found(incomplete) if name.startswith(incomplete)]
        except Exception:  # see above
            return []

    return complete


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rpartition(" ")[0] + "…"


def _types() -> Iterator[tuple[str, str]]:
    from generator.intent.profile_types import profile_types  # noqa: PLC0415  (start-up: only what a run needs)

    yield from ((name, kind.summary) for name, kind in profile_types().items())


def _files(incomplete: str, suffixes: tuple[str, ...] = (".yaml", ".yml")) -> Iterator[tuple[str, str]]:
    """Yield the YAML files and the folders that *incomplete* may become."""
    folder = Path(incomplete).parent if not incomplete.endswith("/") else Path(incomplete)
    prefix = "" if str(folder) == "." and not incomplete.startswith("./") else f"{str(folder).removesuffix('/')}/"
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            yield f"{prefix}{path.name}/", ""
        elif path.suffix in suffixes:
            yield f"{prefix}{path.name}", ""


@_offering
def profile_type(_: str) -> Iterator[tuple[str, str]]:
    """Offer the profile types."""
    return _types()


@_offering
def environment(incomplete: str) -> Iterator[tuple[str, str]]:
    """Offer the presets, and files."""
    from generator.environment.load import document, preset_names  # noqa: PLC0415

    for name in preset_names():
        yield name, str(document(name).data.get("about", ""))
    yield from _files(incomplete)


@_offering
def schema_target(_: str) -> Iterator[tuple[str, str]]:
    """Offer what has a schema."""
    yield from _types()
    yield "intent", "what every profile expands to"
    yield "env", "an environment"
    yield "fn", "the configuration of `meshgen fn`"
    yield "import", "turn a cluster's CRDs into schemas"


@_offering
def topic(incomplete: str) -> Iterator[tuple[str, str]]:
    """Offer what can be explained: types and their fields, codes, rules by code and by slug."""
    from generator.core.codes import CODES  # noqa: PLC0415

    name, dot, path = incomplete.partition(".")
    if dot:
        yield from _fields(name, path)
        return
    yield from _types()
    yield "rules", "the rules of `meshgen check`"
    yield from ((one.code, one.title) for one in CODES.values())
    if incomplete:  # the rules are many, and slow to read
        from generator.rules import registry  # noqa: PLC0415

        for rule in (module.RULE for module in registry()):
            yield rule.code, rule.summary
            yield rule.slug, rule.summary


def _fields(name: str, path: str) -> Iterator[tuple[str, str]]:
    from generator.intent.fields import all_fields  # noqa: PLC0415
    from generator.intent.profile_types import profile_types  # noqa: PLC0415

    depth = path.count(".")
    for field in all_fields(profile_types()[name]):
        if field.path.count(".") == depth:
            yield f"{name}.{field.path}", field.description or field.rule
