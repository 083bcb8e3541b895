"""A profile to start from: the minimal example of a type, and its other options as comments."""

from __future__ import annotations

import re

from generator.core.errors import InvalidInput, MeshgenError
from generator.core.findings import Finding
from generator.core.places import Place
from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import ProfileType
from generator.templating.quoting import comment

_MINIMAL = re.compile(r"^## Minimal example$.*?^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _renamed(text: str, name: str) -> str:
    """Return *text* with *name* as its name, and as its namespace where that was named alike."""
    former = re.search(r"^metadata: *\{name: *([^}]*)\}", text, re.MULTILINE)
    if former is None:
        return text
    text = text.replace(former[0], f"metadata: {{name: {name}}}", 1)
    return re.sub(rf"^  namespace: {re.escape(former[1])}$", f"  namespace: {name}", text, flags=re.MULTILINE)


def starter(kind: ProfileType, name: str | None = None) -> str:
    """Return the minimal example of *kind*, named *name*, followed by the options it does not use.

    Raises:
        InvalidInput: *name* is no name.
        MeshgenError: the type's README has no minimal example.
    """
    match = _MINIMAL.search(kind.readme())
    if match is None:
        raise MeshgenError(f"{kind.folder / 'README.md'}: has no YAML under `## Minimal example`")
    text = match[1]
    if name is not None:
        if not _NAME.fullmatch(name):
            fix = "use lower-case letters, digits and '-', at most 63 characters"
            raise InvalidInput([Finding("MG012", f"{name!r} is no name for a profile", Place("NAME", 1, 1), fix)])
        text = _renamed(text, name)
    documents, _ = read_documents(text, "README.md")
    used = documents[0].data.get("spec", {}) if documents and isinstance(documents[0].data, dict) else {}
    options = kind.spec_schema().get("properties", {})
    lines = [
        str(comment(f"{option}: {words.get('description', '') if isinstance(words, dict) else ''}", 2))
        for option, words in options.items()
        if option not in used
    ]
    more = f"  # More options of spec; `meshgen explain {kind.name}.OPTION` says more.\n" if lines else ""
    return f"# {kind.summary}\n{text.rstrip()}\n{more}" + "".join(f"{line}\n" for line in lines)
