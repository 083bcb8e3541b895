"""The tables of the profile type `component`: what its catalogue knows, for a reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, FileSystemLoader

from generator.intent.profile_types import ProfileType


def catalogue(kind: ProfileType) -> dict[str, Any]:
    """Return every component that *kind* knows, by its name."""
    engine = Environment(loader=FileSystemLoader(kind.folder.parent), autoescape=True)
    module = engine.get_template("component/catalogue.j2").module
    return dict(module.components)  # type: ignore[attr-defined]  # set in the template


def versions(kind: ProfileType) -> dict[str, str]:
    """Return what the schema says of the known versions, by component."""
    rules = json.loads((kind.folder / "schema.json").read_text("utf-8"))["$defs"]["versions"]["then"]["allOf"]
    return {
        rule["if"]["properties"]["component"]["const"]: rule["then"]["properties"]["version"]["x-message"]
        for rule in rules
    }


def component_tables(kind: ProfileType) -> dict[str, str]:
    """Return the tables of parts and of managed pods by their marks."""
    known = catalogue(kind)
    head = "| component | namespace | part | labels | ServiceAccount | pod ports |\n|---|---|---|---|---|---|\n"
    parts = head + "".join(_parts(known))
    parts += "\n" + " ".join(f"{words[0].upper()}{words[1:]}." for words in versions(kind).values()) + "\n"
    head = "| component | labels of the pods | ServiceAccount | ports | clients get |\n|---|---|---|---|---|\n"
    managed = head + "".join(_managed(name, one["managed"]) for name, one in sorted(known.items()) if "managed" in one)
    return {"parts": parts, "managed": managed}


def _parts(known: dict[str, Any]) -> Iterator[str]:
    for name, one in sorted(known.items()):
        for part, facts in one["parts"].items():
            account, namespace = facts["account"], one["namespace"]
            ports = _ports(facts["ports"], facts.get("webhook"))
            yield f"| {name} | {namespace} | `{part}` | {_labels(facts['labels'])} | `{account}` | {ports} |\n"


def _managed(name: str, facts: dict[str, Any]) -> str:
    suffix = facts.get("suffix", "")
    labels = _labels({**facts.get("labels", {}), facts["label"]: f"NAME{suffix}"})
    account = facts.get("account", f"NAME{suffix}")
    return f"| {name} | {labels} | `{account}` | {_ports(facts['ports'])} | {facts['clients']} |\n"


def _labels(labels: dict[str, str]) -> str:
    return "<br>".join(f"`{key}: {value}`" for key, value in labels.items())


def _ports(ports: dict[str, list[Any]], webhook: str | None = None) -> str:
    words = (f"{name} {number}{' (API server)' if name == webhook else ''}" for name, (number, _) in ports.items())
    return ", ".join(words) or "-"
