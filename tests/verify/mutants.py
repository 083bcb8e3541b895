"""Every way to damage a bundle a little: can the proof tell? `make mutants` prints the score.

A mutant deletes or widens one thing of one rendered document: a policy, a rule, a peer, a
port, a label of a selector, a method, a mode. A mutant that lets the same connections
through as before is *equivalent*; each such kind is listed with the reason.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from generator.core.places import Document, Json, Route
from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import profile_types
from generator.pipeline import Bundle, Request, render
from generator.verify.proof import prove

POLICIES = ("NetworkPolicy", "AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")
ROUTES = ("VirtualService", "Gateway", "ServiceEntry", "DestinationRule", "Sidecar")
"""What leads through egress gateways is proven as well, in bundles that have such ways out."""


@dataclass(frozen=True)
class Mutant:
    """One damage: what was done where, and the documents after it."""

    description: str
    documents: list[Document]


def mutants(documents: list[Document], kinds: tuple[str, ...] = POLICIES) -> Iterator[Mutant]:
    """Yield every mutant of the objects of *kinds* in *documents*."""
    for index, document in enumerate(documents):
        if document.data["kind"] not in kinds:
            continue
        name = f"{document.data['kind']} {document.data['metadata']['namespace']}/{document.data['metadata']['name']}"
        yield Mutant(f"{name}: deleted", documents[:index] + documents[index + 1 :])
        for what, data in _damages(document.data):
            if _spelled_out(data) == _spelled_out(document.data):
                continue  # the API's own default: the same object
            changed = Document(data, document.file, {}, {})
            yield Mutant(f"{name}: {what}", [*documents[:index], changed, *documents[index + 1 :]])


def _damages(data: Json) -> Iterator[tuple[str, Json]]:
    for route, value in _walk(data["spec"], ("spec",)):
        shown = ".".join(str(step) for step in route[1:])
        yield f"without {shown}", _without(data, route)
        for word, other in _others(route, value):
            yield f"{shown} {word}", _with(data, route, other)
    if data["kind"] == "AuthorizationPolicy":
        dry = copy.deepcopy(data)
        dry["metadata"].setdefault("annotations", {})["istio.io/dry-run"] = "true"
        yield "as a dry run", dry


def _walk(data: Json, route: Route) -> Iterator[tuple[Route, Json]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*route, key), value
        yield from _walk(value, (*route, key))


def _others(route: Route, value: Json) -> Iterator[tuple[str, Json]]:
    key = route[-1]
    if key == "podSelector" and value:
        yield "emptied", {}
    elif key == "mode":
        yield from ((f"-> {mode}", mode) for mode in ("STRICT", "PERMISSIVE", "DISABLE") if mode != value)
    elif key == "action":
        yield "-> DENY", "DENY"
    elif key == "port" and isinstance(value, int):
        yield "+ 1", value + 1
    elif key == "protocol":
        yield "-> the other", "UDP" if value == "TCP" else "TCP"
    elif key == "operator":
        yield "-> NotIn", "NotIn" if value == "In" else "In"
    elif isinstance(key, int) and isinstance(value, str):
        yield "-> *", "*"


def _with(data: Json, route: Route, value: Json) -> Json:
    changed = copy.deepcopy(data)
    at = changed
    for step in route[:-1]:
        at = at[step]
    at[route[-1]] = value
    return changed


def _without(data: Json, route: Route) -> Json:
    changed = copy.deepcopy(data)
    at = changed
    for step in route[:-1]:
        at = at[step]
    del at[route[-1]]
    return changed


def _spelled_out(data: Json) -> Json:
    """Return the object with the defaults of the API written out."""
    whole = copy.deepcopy(data)
    spec = whole["spec"] = whole.get("spec") or {}
    if whole["kind"] == "NetworkPolicy":
        spec.setdefault("podSelector", {})
        spec.setdefault("policyTypes", ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
            for port in rule.get("ports", ()):
                port.setdefault("protocol", "TCP")
    if whole["kind"] == "AuthorizationPolicy":
        spec.setdefault("action", "ALLOW")
    return whole


def known_as(survivor: str) -> str | None:
    """Return the line of equivalent.txt that *survivor* is of: a person found that it changes nothing, and why."""
    return next((pattern for pattern in _known() if re.fullmatch(pattern, survivor)), None)


@cache
def _known() -> tuple[str, ...]:
    lines = (Path(__file__).parent / "equivalent.txt").read_text("utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def survivors(bundle: Bundle) -> tuple[int, list[str]]:
    """Return how many mutants *bundle* has, and those that the proof does not tell from it."""
    documents, findings = read_documents(bundle.stream, "stream")
    assert not findings
    assert prove(bundle.intent, bundle.environment, documents).holds
    total, alive = 0, []
    has_ways_out = any(one.through for one in bundle.intent.externals)
    for mutant in mutants(documents, (*POLICIES, *ROUTES) if has_ways_out else POLICIES):
        total += 1
        if prove(bundle.intent, bundle.environment, mutant.documents).holds:
            alive.append(mutant.description)
    return total, alive


def main() -> int:
    """Print the score of every example; exit 1 when a mutant survives unexplained, or an explanation has no mutant."""
    total = caught = missed = 0
    used: set[str | None] = set()
    for kind in profile_types().values():
        for example in kind.examples():
            count, alive = survivors(render(Request((str(example),))))
            lines = {name: known_as(name) for name in (f"{kind.name}/{example.stem}: {one}" for one in alive)}
            used.update(lines.values())
            unknown = [name for name, line in lines.items() if line is None]
            total, caught, missed = total + count, caught + count - len(alive), missed + len(unknown)
            for one in unknown:
                print(f"survived: {one}")
    print(f"{total} mutants: {caught} caught, {total - caught - missed} equivalent (equivalent.txt), {missed} missed")
    idle = [line for line in _known() if line not in used]
    for line in idle:
        print(f"explains nothing that survives, or what a line above it explains: {line}")
    return 1 if missed or idle else 0


if __name__ == "__main__":
    sys.exit(main())
