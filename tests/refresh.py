"""Files that are made from others: rendered examples in out/, the tables and the sessions in the docs.

python -m tests.refresh            write them
python -m tests.refresh --check    say which are stale; exit 1
"""

from __future__ import annotations

import ast
import dataclasses
import pkgutil
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from generator.core.codes import CODES
from generator.intent.fields import all_fields
from generator.intent.profile_types import ProfileType, profile_types
from generator.model.terms import Port
from generator.output.compare import compare
from generator.output.record import RECORD
from generator.output.writer import write_bundle
from generator.pipeline import Request, render
from generator.plan import views
from generator.rules import registry
from tests import manual, pictures, sessions
from tests.bench import page as bench
from tests.bench import results
from tests.cli.pages import pages
from tests.coverage import table as coverage
from tests.detection.test_detect import CLUSTERS, detected
from tests.docs.components import component_tables
from tests.docs.session import SESSIONS, Session
from tests.environment.test_presets import DIFFERENCES, differences
from tests.golden import goldens
from tests.judges import page
from tests.judges.results import load
from tests.rules.pages import read_page
from tests.semantics import precedence

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
RULES = ROOT / "docs" / "rules.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
COVERAGE = ROOT / "docs" / "coverage.md"
SPEED = ROOT / "docs" / "speed.md"
README = ROOT / "README.md"
JUDGED = ROOT / "docs" / "JUDGED.md"


def bundles() -> dict[str, tuple[str, dict[str, bytes]]]:
    """Return each example's bundle, its name and files, by the folder below out/: TYPE/EXAMPLE.

    Not by the bundle's name: the phases of one migration keep theirs.
    """
    found: dict[str, tuple[str, dict[str, bytes]]] = {}
    for kind in profile_types().values():
        for example in kind.examples():
            bundle = render(Request((str(example),)))
            files = {path: text.encode() for path, text in bundle.written.items()}
            found[f"{kind.name}/{example.stem}"] = bundle.name, files
    return found


def documents() -> Iterator[tuple[Path, str]]:
    """Yield every hand-written document that holds something made from data, with that renewed."""
    readmes = [kind.folder / "README.md" for kind in profile_types().values()]
    for path in (*readmes, *SESSIONS, CONTRIBUTING, RULES, ARCHITECTURE, COVERAGE, SPEED):
        text = path.read_text("utf-8")
        for mark, table in tables(path).items():
            text = with_table(text, mark, table)
        yield path, played(text) if path in SESSIONS else text
    yield from ((path, sessions.played(path)) for path in sessions.sessions())
    yield from ((ROOT / name, pictures.drawn(name)) for name in pictures.PICTURES)
    yield from ((folder / "environment.yaml", detected(folder)) for folder in CLUSTERS)
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(DIFFERENCES.glob("*.yaml")):
            yield path, differences(path.stem, Path(folder))
    yield precedence.TABLE, precedence.table()
    yield JUDGED, page.load_page()
    yield manual.PAGE, manual.page()
    yield from pages().items()


def tables(path: Path) -> dict[str, str]:
    """Return the tables of the document at *path* by their marks."""
    types = profile_types()
    for kind in types.values():
        if path.parent == kind.folder:
            return {"options": _options(kind), **(component_tables(kind) if kind.name == "component" else {})}
    made: dict[Path, Callable[[], dict[str, str]]] = {
        CONTRIBUTING: lambda: {"layers": _layers()},
        ARCHITECTURE: lambda: {"layers": _layers(), "contracts": _contracts()},
        RULES: lambda: {"rules": _rules()},
        COVERAGE: lambda: {"coverage": coverage.markdown()},
        SPEED: lambda: bench.speed(results.load()),
        README: lambda: {
            "types": _types(types, "profiles/"),
            "judged": page.table(load()),
            **bench.readme(results.load()),
        },
    }
    catalogue = {"types": _types(types, ""), "codes": _codes(), "views": _views()}
    return made[path]() if path in made else catalogue


def with_table(text: str, mark: str, table: str) -> str:
    """Return *text* with *table* between the marks ``<!-- mark -->`` and ``<!-- /mark -->``."""
    before, start, rest = text.partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition(f"<!-- /{mark} -->")
    return before + start + table + end + after if start and end else text


def played(text: str) -> str:
    """Return *text* with the output of its commands as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        renewed = session.play(text)
    if session.problems:
        raise SystemExit("\n".join(session.problems))
    return renewed


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _types(types: dict[str, ProfileType], prefix: str) -> str:
    rows = [f"| [{kind.name}]({prefix}{kind.name}/README.md) | {_cell(kind.summary)} |\n" for kind in types.values()]
    return "| type | what it is for |\n|---|---|\n" + "".join(rows)


def _codes() -> str:
    rows = [f"| {one.code} | {_cell(one.title)} | {_cell(one.meaning)} |\n" for one in CODES.values()]
    return "| code | what | meaning |\n|---|---|---|\n" + "".join(rows)


def _rules() -> str:
    """Return the list of all rules, and their pages."""
    rows, pages = "", ""
    for module in registry():
        rule, page = module.RULE, read_page(module.__doc__ or "")
        link = f"[{rule.code}](#{rule.code.lower()}-{rule.slug})"
        rows += f"| {link} | {rule.slug} | {rule.severity} | {_cell(rule.summary)} |\n"
        pages += f"\n### {rule.code} {rule.slug}\n\n{rule.severity.capitalize()}. {page.summary}\n\n{page.why}"
        pages += f"\nBefore:\n\n```yaml\n{page.before}```\n" if page.before.strip() else ""
        pages += f"\nBad:\n\n```yaml\n{page.bad}```\n\nGood:\n\n```yaml\n{page.good}```\n"
    return "| code | rule | severity | what it finds |\n|---|---|---|---|\n" + rows + pages


def _views() -> str:
    """Return the fields of every view that a template can meet, module by module, in the order of their definition."""
    modules = [import_module(f"{views.__name__}.{one.name}") for one in pkgutil.iter_modules(views.__path__)]
    found = [
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type) and dataclasses.is_dataclass(one) and one.__module__ == module.__name__
    ]
    rows = [f"| `{one.__name__}` | {_fields(one)} |\n" for one in (*found, Port)]
    return "| view | fields |\n|---|---|\n" + "".join(rows)


def _fields(view: Any) -> str:
    names = [(one.name, str(one.type)) for one in dataclasses.fields(view)]
    names += [
        (name, str(one.fget.__annotations__["return"]))
        for name, one in vars(view).items()
        if isinstance(one, property) and one.fget is not None
    ]
    return ", ".join(_cell(f"`{name}: {kind}`") for name, kind in names)


def _layers() -> str:
    """Return the layers of the import contract, top first, each package with the first line of its docstring."""
    rows = ""
    for layer in _project()["tool"]["importlinter"]["contracts"][0]["layers"]:
        names = [name.strip() for name in layer.split("|")]
        rows += f"| {'<br>'.join(f'`{name}`' for name in names)} | {'<br>'.join(map(_purpose, names))} |\n"
    return "| layer | what it does |\n|---|---|\n" + rows


def _contracts() -> str:
    """Return the contracts that forbid imports, each with who may not import what."""
    rows = ""
    for one in _project()["tool"]["importlinter"]["contracts"]:
        if one["type"] == "forbidden":
            sides = [", ".join(f"`{name.removeprefix('generator.')}`" for name in one[key]) for key in _SIDES]
            rows += f"- **{one['name']}.** {sides[0]} may not import {sides[1]}.\n"
    return rows


_SIDES = ("source_modules", "forbidden_modules")


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _purpose(name: str) -> str:
    path = ROOT / "generator" / name / "__init__.py"
    module = path if path.is_file() else path.parent.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(module.read_text("utf-8"))) if module.is_file() else None
    return _cell(docstring.splitlines()[0]) if docstring else "not there yet"


def _options(kind: ProfileType) -> str:
    rows = [
        f"| `{field.path}`{' *' if field.is_required else ''} | {field.type.replace('|', 'or')} "
        f"| {(field.description or field.rule).replace('|', 'or')} |\n"
        for field in all_fields(kind)
    ]
    return "| field of `spec` | takes | meaning |\n|---|---|---|\n" + "".join(rows) + "\n\\* must be there.\n"


def main(arguments: list[str]) -> int:
    """Write what is stale, or with ``--check`` name it."""
    is_check = arguments == ["--check"]
    stale = [*_documents(is_check=is_check), *_goldens(is_check=is_check), *_bundles(is_check=is_check)]
    for what in stale:
        print(f"{'stale' if is_check else 'renewed'}: {what}")
    if is_check and stale:
        print("run `make refresh` and review what changes")
    return 1 if is_check and stale else 0


def _documents(*, is_check: bool) -> Iterator[str]:
    for path, text in documents():
        if not path.exists() or path.read_text("utf-8") != text:
            yield str(path.relative_to(ROOT))
            if not is_check:
                path.write_text(text, "utf-8")


def _goldens(*, is_check: bool) -> Iterator[str]:
    for kind in profile_types():
        yield from (f"tests/golden/{kind}/{name}" for name in goldens.stale(kind))
        if not is_check:
            goldens.put(kind)
    text = goldens.INDEX.read_text("utf-8")
    renewed = with_table(text, "golden", goldens.index())
    if renewed != text:
        yield str(goldens.INDEX.relative_to(ROOT))
        if not is_check:
            goldens.INDEX.write_text(renewed, "utf-8")


def _bundles(*, is_check: bool) -> Iterator[str]:
    wanted = bundles()
    for folder, (name, files) in sorted(wanted.items()):
        if not compare(OUT / folder, files).is_empty:
            yield f"out/{folder}"
        if not is_check:
            write_bundle(OUT / folder, name, files, force=True)
    for record in sorted(OUT.rglob(RECORD)):
        if record.parent.relative_to(OUT).as_posix() not in wanted:
            yield f"{record.parent.relative_to(ROOT)} (no example makes it)"
            if not is_check:
                shutil.rmtree(record.parent)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
