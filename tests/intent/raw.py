"""A profile type whose `spec` is an intent, so that a test can say anything that an intent can say."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from generator.core.errors import InvalidInput
from generator.core.findings import Finding
from generator.pipeline import Bundle, Request, render

_TEMPLATE = "{% for key, value in spec.items() %}\n{{ key }}: {{ value }}\n{% endfor %}\n"
_MARK = re.compile(r"# (MG\d{3}(?: MG\d{3})*)$")

BASE = """\
namespaces:
  - name: shop
workloads:
  - {namespace: shop, name: web, ports: [{number: 8080, protocol: http}]}
  - {namespace: shop, name: api, ports: [{number: 9090, protocol: grpc, name: main}]}
  - {namespace: shop, name: db, ports: [{number: 5432, protocol: tcp}]}
  - {namespace: shop, name: cache, ports: [{number: 53, protocol: udp}]}
  - {namespace: batch, name: job, mesh: none, rendered: false}
  - {namespace: bank, name: ledger, rendered: false, ports: [{number: 7000, protocol: http}]}
"""


def types(folder: Path) -> Path:
    """Return a folder of profile types with the type `raw` in it."""
    home = folder / "types" / "raw"
    home.mkdir(parents=True, exist_ok=True)
    (home / "schema.json").write_text('{"description": "Intent as it is.", "type": "object"}')
    (home / "intent.yaml.j2").write_text(_TEMPLATE)
    return folder / "types"


def profile(intent: str, name: str = "raw") -> str:
    """Return a profile of the type `raw` around *intent*."""
    head = f"apiVersion: meshgen.dev/v1alpha1\nkind: Profile\nmetadata: {{name: {name}}}\nprofile: raw\n"
    return f"{head}spec:\n{textwrap.indent(intent, '  ')}"


def rendered(folder: Path, *intents: str, environment: str = "kind") -> Bundle:
    """Render *intents*, each as a profile of its own (raw-0, raw-1, …)."""
    paths = []
    for number, intent in enumerate(intents):
        path = folder / f"raw-{number}.yaml"
        path.write_text(profile(intent, f"raw-{number}"), "utf-8")
        paths.append(str(path))
    return render(Request(tuple(paths), environment=environment, profile_folders=(types(folder),), name="bundle"))


def findings(folder: Path, *intents: str, environment: str = "kind") -> tuple[Finding, ...]:
    """Return what is wrong with *intents*; nothing when they render."""
    try:
        rendered(folder, *intents, environment=environment)
    except InvalidInput as refused:
        return refused.findings
    return ()


def marked(*intents: str) -> list[str]:
    """Return ``file:line CODE`` for every comment ``# CODE`` in *intents*."""
    return [
        f"raw-{number}.yaml:{line} {code}"
        for number, intent in enumerate(intents)
        for line, text in enumerate(profile(intent).splitlines(), start=1)
        if (match := _MARK.search(text))
        for code in match[1].split()
    ]


def found(findings_: tuple[Finding, ...]) -> list[str]:
    """Return findings in the same form."""
    return [f"{Path(one.place.file).name}:{one.place.line} {one.code}" if one.place else one.code for one in findings_]
