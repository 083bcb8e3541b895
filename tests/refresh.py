"""Files that are made from others: rendered examples in out/, and the tables in the docs.

python -m tests.refresh            write them
python -m tests.refresh --check    say which are stale; exit 1
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from generator.core.codes import CODES
from generator.intent.fields import all_fields
from generator.intent.profile_types import ProfileType, profile_types
from generator.output.compare import compare
from generator.output.writer import write_bundle
from generator.pipeline import Request, render

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out"
_OPTIONS = re.compile(r"(<!-- options -->\n).*?(<!-- /options -->)", re.DOTALL)
_TYPES = re.compile(r"(<!-- types -->\n).*?(<!-- /types -->)", re.DOTALL)
_CODES = re.compile(r"(<!-- codes -->\n).*?(<!-- /codes -->)", re.DOTALL)


def bundles() -> dict[str, dict[str, bytes]]:
    """Return the files of every example's bundle, by the bundle's name."""
    found: dict[str, dict[str, bytes]] = {}
    for kind in profile_types().values():
        for example in kind.examples():
            bundle = render(Request((str(example),)))
            if bundle.name in found:
                raise SystemExit(f"{example}: another example's bundle is named {bundle.name!r} too")
            found[bundle.name] = {path: text.encode() for path, text in bundle.files.items()}
    return found


def documents() -> Iterator[tuple[Path, str]]:
    """Yield every hand-written document that holds a table made from data, with the table renewed."""
    types = profile_types()
    for kind in types.values():
        path = kind.folder / "README.md"
        yield path, _OPTIONS.sub(rf"\g<1>{_options(kind)}\g<2>", path.read_text("utf-8"))
    catalogue = "".join(
        f"| [{kind.name}]({{prefix}}{kind.name}/README.md) | {kind.summary} |\n" for kind in types.values()
    )
    head = "| type | what it is for |\n|---|---|\n"
    codes = "| code | what | meaning |\n|---|---|---|\n" + "".join(
        f"| {one.code} | {one.title} | {one.meaning} |\n" for one in CODES.values()
    )
    for path, prefix in ((ROOT / "README.md", "profiles/"), (ROOT / "profiles" / "README.md", "")):
        table = (head + catalogue).replace("{prefix}", prefix).replace("\\", "\\\\")
        text = _TYPES.sub(rf"\g<1>{table}\g<2>", path.read_text("utf-8"))
        yield path, _CODES.sub(rf"\g<1>{codes}\g<2>", text)


def _options(kind: ProfileType) -> str:
    rows = [
        f"| `{field.path}`{' *' if field.is_required else ''} | {field.type.replace('|', 'or')} "
        f"| {(field.description or field.rule).replace('|', 'or')} |\n"
        for field in all_fields(kind)
    ]
    table = "| field of `spec` | takes | meaning |\n|---|---|---|\n" + "".join(rows) + "\n\\* must be there.\n"
    return table.replace("\\", "\\\\")


def main(arguments: list[str]) -> int:
    """Write what is stale, or with ``--check`` name it."""
    is_check = arguments == ["--check"]
    stale: list[str] = []
    for path, text in documents():
        if path.read_text("utf-8") != text:
            stale.append(str(path.relative_to(ROOT)))
            if not is_check:
                path.write_text(text, "utf-8")
    wanted = bundles()
    for name, files in sorted(wanted.items()):
        if not compare(OUT / name, files).is_empty:
            stale.append(f"out/{name}")
        if not is_check:
            write_bundle(OUT / name, name, files, force=True)
    for folder in sorted(OUT.iterdir()):
        if folder.is_dir() and folder.name not in wanted:
            stale.append(f"out/{folder.name} (no example makes it)")
            if not is_check:
                shutil.rmtree(folder)
    for what in stale:
        print(f"{'stale' if is_check else 'renewed'}: {what}")  # noqa: T201
    if is_check and stale:
        print("run `make refresh` and review what changes")  # noqa: T201
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
