"""The documentation as a static site: the documents as they are, a page for each rule, links checked.

python -m tests.site    builds build/site from README, docs/, profiles/, templates/ and the rules; exit 1 at a dead link
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from generator.core.codes import CODES
from generator.intent.profile_types import profile_types
from generator.rules import registry
from tests.rules.pages import read_page

ROOT = Path(__file__).resolve().parent.parent
SOURCES, SITE = ROOT / "build" / "docs", ROOT / "build" / "site"
CONFIGURATION = ROOT / "docs" / "mkdocs.yml"
_PLACED = ("architecture", "rules", "troubleshooting")
"""Documents of docs/ with a place of their own in the navigation; all others follow the start page."""
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)#\s]*)(#[^)\s]*)?\)")

Page = dict[str, Any]


def collect(target: Path) -> list[Page]:
    """Copy every document below *target*, add the generated ones, and return the navigation."""
    shutil.rmtree(target, ignore_errors=True)
    for path in documents():
        copy(path, target)
    rules = [_rule(module, target) for module in registry()]
    _write(target / "rules" / "codes.md", _codes())
    types = [{name: f"profiles/{name}/README.md"} for name in profile_types()]
    others = [
        path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md")) if path.stem not in _PLACED
    ]
    return [
        {
            "Start": [
                "README.md",
                *others,
                {"Troubleshooting": "docs/troubleshooting.md"},
                {"Changelog": "CHANGELOG.md"},
            ]
        },
        {"Profiles": ["profiles/README.md", *types, {"Templates": "templates/README.md"}]},
        {"Checks": [{"Checking manifests": "docs/rules.md"}, {"Codes of errors": "rules/codes.md"}, *rules]},
        {"Workflow": [{"Pipelines": "docs/workflow/README.md"}, {"Kustomize and kpt": "docs/kustomize/README.md"}]},
        {
            "Inside": [
                {"Architecture": "docs/architecture.md"},
                {"Contributing": "CONTRIBUTING.md"},
                {"Golden bundles": "tests/golden/README.md"},
            ]
        },
    ]


def documents() -> list[Path]:
    """Return every document of the repository that a reader may open."""
    types = [kind.folder / "README.md" for kind in profile_types().values()]
    named = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    return [
        *named,
        *sorted((ROOT / "docs").rglob("*.md")),
        ROOT / "profiles/README.md",
        ROOT / "templates/README.md",
        ROOT / "tests/golden/README.md",
        *types,
    ]


def copy(path: Path, target: Path) -> None:
    """Copy the document at *path*, and the files that it links; a link to a folder becomes its name."""

    def linked(match: re.Match[str]) -> str:
        file = (path.parent / match[2]).resolve()
        if file.is_dir():
            return f"{match[1]} (`{file.relative_to(ROOT)}`)"
        if file.is_file() and file.suffix != ".md":
            copied = target / file.relative_to(ROOT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied)
        return match[0]

    _write(target / path.relative_to(ROOT), _LINK.sub(linked, path.read_text("utf-8")))


def _rule(module: Any, target: Path) -> Page:
    rule, page = module.RULE, read_page(module.__doc__ or "")
    text = f"# {rule.code} {rule.slug}\n\n**{rule.severity.capitalize()}.** {page.summary}\n\n{page.why}\n"
    text += f"## Bad\n\n```yaml\n{page.bad}```\n\n## Good\n\n```yaml\n{page.good}```\n"
    if rule.needs:
        text += f"\nIt asks the environment for {', '.join(f'`{fact}`' for fact in rule.needs)}.\n"
    _write(target / "rules" / f"{rule.code}.md", text)
    return {f"{rule.code} {rule.slug}": f"rules/{rule.code}.md"}


def _codes() -> str:
    rows = "".join(f"## {one.code} {one.title}\n\n{one.meaning}\n\n" for one in CODES.values())
    return f"# Codes of errors\n\nA code is for ever. Those of the rules have pages of their own.\n\n{rows}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def main() -> int:
    """Build the site; every warning is an error."""
    settings = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    settings |= {"docs_dir": str(SOURCES), "site_dir": str(SITE), "nav": collect(SOURCES)}
    written = SOURCES.parent / "mkdocs.yml"
    _write(written, yaml.safe_dump(settings, sort_keys=False))
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--config-file", str(written)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    code = subprocess.run(command, env=quiet, check=False).returncode
    print(f"{SITE.relative_to(ROOT)}/index.html" if code == 0 else "the site was not built")
    return code


if __name__ == "__main__":
    sys.exit(main())
